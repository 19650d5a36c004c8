// SPDX-License-Identifier: Apache-2.0
//
// One worker's end of pam.sock: accepts connections, lets nobody but root's in, and hands them on.
// All workers have duplicates of one listener, but only one of them, the leader, waits for it:
// whoever waits is woken by each connection, and a wake-up for nothing costs a third of a
// conversation (measured). When connections come faster than the leader takes them, it calls the
// others, who accept until nothing waits. Where descriptors or memory run out it refuses what waits
// and pauses: it never spins.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>

#include <atomic>
#include <functional>

#include "daemon/latchkeyd/io/journal.h"
#include "daemon/latchkeyd/io/loop.h"
#include "ipc/fd.h"

namespace latchkey::latchkeyd {

class PamServer {
 public:
  // A connection and the pid of who called connect(): the host process, whatever it says of itself;
  // 0 where it is in no pid namespace of ours.
  using Serve = std::function<void(ipc::Fd, pid_t)>;

  // `listener` is listening and non-blocking. `serve` runs on the loop's thread for each connection
  // of an allowed peer.
  PamServer(Loop& loop, ipc::Fd listener, Journal& journal, Serve serve);

  // From any thread: has this one accept what waits now. Nothing where it is at it already.
  void help();

  // The rest on the loop's thread.

  // Makes this one the leader; `call_help` is called when connections wait in a queue while this
  // thread is `busy` with others.
  void lead(std::function<bool()> busy, std::function<void()> call_help);
  // After this nothing is accepted; the listener is closed.
  void stop();

 private:
  asio::awaitable<void> run_leader();
  asio::awaitable<void> run_helper();
  asio::awaitable<ipc::Fd> accept_next();
  void spawn(asio::awaitable<void> work);
  ipc::Fd accept_now();
  asio::awaitable<void> pause();
  void admit(ipc::Fd peer);
  void shed(int error);

  Loop& loop_;
  ipc::Fd socket_;
  asio::posix::stream_descriptor listener_;  // holds the socket in the leader, and only there
  asio::steady_timer pause_;
  ipc::Fd spare_;  // given up for a moment, so that a waiting connection can be refused where no
                   // descriptor is left
  Journal& journal_;
  Serve serve_;
  std::function<bool()> busy_;
  std::function<void()> call_help_;
  std::atomic<bool> helping_ = false;
  bool shedding_ = false;  // connections were refused since the last good one
  bool stopped_ = false;
};

}  // namespace latchkey::latchkeyd
