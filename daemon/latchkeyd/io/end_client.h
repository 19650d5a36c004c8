// SPDX-License-Identifier: Apache-2.0
//
// Asks latchkey-endd, on a thread of its own: it is a few calls a day, and nothing may wait for
// them.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <utility>

#include "daemon/latchkeyd/io/executor.h"
#include "daemon/latchkeyd/io/serial_thread.h"
#include "daemon/latchkeyd/io/session_ender.h"

namespace latchkey::latchkeyd {

class EndClient final : public SessionEnder {
 public:
  // `control` outlives it.
  EndClient(Executor& control, std::string path) : control_(control), path_(std::move(path)) {}
  // Waits for the one call that is under way; the others are dropped.
  ~EndClient() override { stopping_ = true; }
  EndClient(const EndClient&) = delete;
  EndClient& operator=(const EndClient&) = delete;

  void end(Order order, std::function<void(Answer)> done) override;
  void look(std::vector<std::string> logins,
            std::function<void(tl::expected<Seen, std::string>)> done) override;

 private:
  Answer ask(const Order& order) const;
  tl::expected<Seen, std::string> ask(const std::vector<std::string>& logins) const;

  Executor& control_;
  std::string path_;
  std::atomic<bool> stopping_{false};
  SerialThread thread_;
};

}  // namespace latchkey::latchkeyd
