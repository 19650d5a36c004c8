// SPDX-License-Identifier: Apache-2.0
//
// One connection of latchkeyd: requests in, answers out, and never more of either than a bound, so
// that a peer that does not read its answers stops being read itself.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>

#include "daemon/fetchd/plan.h"
#include "ipc/fault.h"
#include "ipc/fd.h"
#include "ipc/fetch_protocol.h"

namespace latchkey::fetchd {

class Client {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  static constexpr std::size_t kOpenMost = 128;           // requests without a sent answer
  static constexpr std::chrono::seconds kUnreadMost{10};  // an answer that waits for the peer

  explicit Client(ipc::Fd socket) : socket_(std::move(socket)) {}

  int socket() const { return socket_.get(); }
  bool wants_to_read() const { return open_ < kOpenMost; }
  bool wants_to_write() const { return !unsent_.empty(); }

  // When the peer has kept an answer waiting for too long; far away where none waits.
  TimePoint give_up_at() const {
    return unsent_.empty() ? TimePoint::max() : unsent_.front().give_up_at;
  }

  struct Asked {
    ipc::fetch::Request request;
    wire::SecretBuffer token;  // of an introspection
    std::string poll;          // of security events
  };

  // The next request. Faults: would_block; anything else means that the connection is of no further
  // use.
  ipc::Result<Asked> receive();

  // Queues the answer to one request; a body that cannot be sealed becomes a failure.
  void answer(Outcome outcome, TimePoint now);

  // Sends what the peer takes. A fault means that the connection is of no further use.
  ipc::Result<void> flush();

 private:
  struct Unsent {
    std::string message;
    ipc::Fd body;
    TimePoint give_up_at;
  };

  ipc::Fd socket_;
  std::size_t open_ = 0;
  std::deque<Unsent> unsent_;
};

}  // namespace latchkey::fetchd
