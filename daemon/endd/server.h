// SPDX-License-Identifier: Apache-2.0
//
// The socket: few Varlink connections, answered one after the other on one thread, and the steps
// that fall due between them. Who may connect is the socket's mode and owner; the peer's uid is the
// second lock.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <string>
#include <utility>
#include <vector>

#include "daemon/endd/log.h"
#include "ipc/fd.h"
#include "ipc/unix_socket.h"
#include "ipc/varlink_service.h"

namespace latchkey::endd {

class Server {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  static constexpr std::size_t kClientsMost = 16;
  static constexpr std::chrono::seconds kIdle{30};  // for the next whole call, and for its answer

  // `service` and `log` outlive it.
  struct Parts {
    ipc::Fd listener;  // listening, stream, non-blocking
    ipc::Fd signals;   // signalfd of SIGTERM and SIGINT
    std::vector<uid_t> peers;
    const ipc::varlink::Service& service;
    const Log& log;
    std::function<void(TimePoint)> tick;
    std::function<TimePoint()> next;
  };

  explicit Server(Parts parts) : parts_(std::move(parts)) {}

  // Until a signal ends it.
  void run();

 private:
  struct Client {
    ipc::Fd socket;
    ipc::Peer peer;
    ipc::varlink::Framer framer{ipc::varlink::kCallMost};
    std::string answers;
    TimePoint give_up_at;
  };

  void accept(TimePoint now);
  bool serve(Client& client, TimePoint now);
  bool read(Client& client, TimePoint now);
  bool write(Client& client);
  int time_to_wait(TimePoint now);

  Parts parts_;
  std::list<Client> clients_;
};

}  // namespace latchkey::endd
