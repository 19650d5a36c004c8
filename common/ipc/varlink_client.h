// SPDX-License-Identifier: Apache-2.0
//
// The blocking Varlink client of the command line tools: one call at a time, each under a deadline.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "ipc/fault.h"
#include "ipc/fd.h"
#include "ipc/varlink.h"

namespace latchkey::ipc::varlink {

class VarlinkClient {
 public:
  static Result<VarlinkClient> connect(std::string_view path,
                                       std::chrono::milliseconds timeout = std::chrono::seconds(5));

  // Sends the call and waits for its reply. A reply that carries a Varlink error is a value
  // (`Reply::error`). After a fault the connection is of no further use.
  Result<Reply> call(std::string method, std::string parameters, std::chrono::milliseconds timeout);

 private:
  explicit VarlinkClient(Fd socket) : socket_(std::move(socket)), framer_(kReplyMost) {}

  Fd socket_;
  Framer framer_;
};

}  // namespace latchkey::ipc::varlink
