// SPDX-License-Identifier: Apache-2.0
//
// The last decisions, for `latchkeyctl explain`: who asked for what, and each check with its
// outcome. Holds no token and nothing of an unverified one. Bounded in number, and each string is
// cut; shared by all threads under a mutex.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.h"
#include "core/decision.h"
#include "core/request.h"

namespace latchkey::latchkeyd {

struct LoggedDecision {
  std::string id;  // request id, 8 hex digits
  WallTime time{};
  LoginRequest request;
  Decision decision;
  bool remembered = false;  // the token had been verified before
};

class DecisionLog {
 public:
  explicit DecisionLog(std::size_t capacity);

  void add(LoggedDecision logged);

  // The newest one with that id.
  std::optional<LoggedDecision> find(std::string_view id) const;

  // At most `most`, newest first; where `user` is not empty, those with that PAM_USER or PAM_RUSER
  // only.
  std::vector<LoggedDecision> last(std::size_t most, std::string_view user = {}) const;

  // Forgets the oldest where the new capacity is smaller.
  void set_capacity(std::size_t capacity);

 private:
  mutable std::mutex mutex_;
  std::size_t capacity_;
  std::deque<LoggedDecision> ring_;  // oldest first
};

}  // namespace latchkey::latchkeyd
