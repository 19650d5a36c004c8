// SPDX-License-Identifier: Apache-2.0
//
// The last decisions, for `latchkeyctl explain`: who asked for what, and each check with its
// outcome. Holds no token and nothing of an unverified one. Bounded in number, and each string is
// cut; shared by all threads under a mutex.
//
// One source (source_of()) has a quarter of it at most: what it adds beyond that takes the place of
// its own oldest one, so that a flood of junk does not push out the requests of everybody else.
// Sources are told apart by a place in a table that an outsider cannot foresee; two that happen to
// share one, of some thousands, share its quarter.
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
  // Where sources lie in the table depends on `seed`; without one it is a random number.
  explicit DecisionLog(std::size_t capacity, std::optional<std::uint64_t> seed = std::nullopt);

  // In constant time; forgets the oldest of all, or of that source, where there is no room.
  void add(LoggedDecision logged, std::string_view source);

  // The newest one with that id.
  std::optional<LoggedDecision> find(std::string_view id) const;

  // At most `most`, newest first; where `user` is not empty, those with that PAM_USER or PAM_RUSER
  // only.
  std::vector<LoggedDecision> last(std::size_t most, std::string_view user = {}) const;

  // Forgets the oldest where the new capacity is smaller.
  void set_capacity(std::size_t capacity);

 private:
  using Index = std::uint32_t;
  static constexpr Index kNone = ~Index{0};
  // Each entry is in two chains, both from old to new: that of all, and that of its source.
  enum Kind : std::uint8_t { of_all, of_source };
  struct Chain {
    Index oldest = kNone;
    Index newest = kNone;
    std::size_t count = 0;
  };
  struct Link {
    Index older = kNone;
    Index newer = kNone;
  };
  struct Entry {
    LoggedDecision logged;
    std::uint64_t source = 0;  // its hash
    Link links[2];
  };

  void lay_out(std::size_t capacity);
  Chain& chain_of(std::uint64_t source);
  std::optional<LoggedDecision> put(LoggedDecision logged, std::uint64_t source);
  void append(Chain& chain, Kind kind, Index index);
  void unlink(Chain& chain, Kind kind, Index index);

  const std::uint64_t seed_;
  mutable std::mutex mutex_;
  std::size_t capacity_ = 0;
  std::deque<Entry> entries_;
  Chain all_;
  std::vector<Chain> sources_;
};

}  // namespace latchkey::latchkeyd
