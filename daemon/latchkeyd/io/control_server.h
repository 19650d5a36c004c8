// SPDX-License-Identifier: Apache-2.0
//
// The control socket: Varlink messages on stream connections, handed to a service one after the
// other, so that answers come in the order of the calls. Connections are few, those of one uid
// fewer, and each is under a deadline: for the next whole message, and for taking the answer. A
// call that is being worked on has none, but a caller that hangs up meanwhile gives its place back
// at once. Belongs to the control thread.
#pragma once

#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <utility>

#include "daemon/latchkeyd/io/journal.h"
#include "daemon/latchkeyd/io/loop.h"
#include "ipc/fd.h"
#include "ipc/unix_socket.h"
#include "ipc/varlink_service.h"

namespace latchkey::latchkeyd {

class ControlServer {
 public:
  struct Limits {
    std::size_t clients = 64;                   // of root, and as many of all others together
    std::size_t clients_of_uid = 32;            // of one of the others
    std::chrono::milliseconds idle{60'000};     // for the next whole message
    std::chrono::milliseconds sending{10'000};  // for taking an answer
  };

  // `listener` is listening and non-blocking; `service` and `journal` outlive it.
  ControlServer(Loop& loop, ipc::Fd listener, const ipc::varlink::Service& service,
                Journal& journal, Limits limits);
  ControlServer(Loop& loop, ipc::Fd listener, const ipc::varlink::Service& service,
                Journal& journal)
      : ControlServer(loop, std::move(listener), service, journal, Limits{}) {}
  // Ends all connections; calls that are being worked on are answered to nobody.
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  // Once, on the loop's thread.
  void start();

 private:
  class Client;

  void accept();
  void admit(ipc::Fd socket);
  void pause();
  void drop(const Client& client);

  Loop& loop_;
  asio::posix::stream_descriptor listener_;
  asio::steady_timer pause_;
  const ipc::varlink::Service& service_;
  Journal& journal_;
  Limits limits_;
  std::map<const Client*, std::shared_ptr<Client>> clients_;
  std::shared_ptr<bool> alive_;  // handlers that come after the end find it gone
};

}  // namespace latchkey::latchkeyd
