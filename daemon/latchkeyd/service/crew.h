// SPDX-License-Identifier: Apache-2.0
//
// The workers with their threads and their ends of pam.sock: started together, stopped together.
// Belongs to the control thread.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "daemon/latchkeyd/io/executor.h"
#include "daemon/latchkeyd/io/pam_server.h"
#include "daemon/latchkeyd/service/desk.h"
#include "daemon/latchkeyd/service/snapshot_hub.h"
#include "daemon/latchkeyd/service/worker.h"
#include "ipc/fd.h"

namespace latchkey::latchkeyd {

class Crew {
 public:
  // `count` workers (at least one), which accept from duplicates of `listener`: it is listening and
  // non-blocking. They join the hub, and take what it publishes from then on. What `services`
  // names, the hub and `control` outlive the crew.
  Crew(std::size_t count, const Services& services, const Patience& patience,
       const ipc::Fd& listener, SnapshotHub& hub, Executor& control);
  // Ends the threads; conversations that are open end without a verdict.
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  // The workers' threads, for whoever wants to hear that they live.
  std::vector<Executor*> executors();

  // Starts the threads and accepts connections. Signals that the caller has blocked stay blocked in
  // them.
  void start();

  // Accepts no more, ends what waits for a person, and runs `idle` on the control thread when every
  // worker has come to its last verdict. The workers go on taking snapshots: a binding on its way
  // needs that.
  void drain(std::function<void()> idle);

 private:
  struct Member {
    Member(const Services& services, const Patience& patience, SnapshotPtr first, ipc::Fd listener)
        : worker(services, patience, std::move(first)),
          server(worker.loop(), std::move(listener), services.journal,
                 [this](ipc::Fd peer, pid_t pid) { worker.converse(std::move(peer), pid); }) {}

    Worker worker;
    PamServer server;
    std::thread thread;
  };

  void call_help();

  Executor& control_;
  std::deque<Member> members_;  // the first one leads
};

}  // namespace latchkey::latchkeyd
