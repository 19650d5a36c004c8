// SPDX-License-Identifier: Apache-2.0
//
// How late this program itself was: what an answer that lay in a socket unread looks like is a
// provider that is silent. A turn of the loop that took long and a wait that ended late (a host
// that is overloaded, a process that was stopped) both count.
//
// Pure but for the times that are handed in.
#pragma once

#include <chrono>
#include <optional>

namespace latchkey::fetchd {

class LoopLag {
 public:
  using Clock = std::chrono::steady_clock;

  // While something is under way no wait is longer, so that a late one is noticed.
  static constexpr std::chrono::milliseconds kBeat{100};
  // A turn of that length is the work of a few handshakes, and does not count.
  static constexpr std::chrono::milliseconds kTurnMost{50};
  // In the time of one fetch, all together.
  static constexpr std::chrono::milliseconds kLate{200};

  void waits(Clock::time_point now, bool something_is_under_way);
  void woke(Clock::time_point now);

  // What was lost until now, the present turn included. What was lost within a span of time is the
  // difference of two of these.
  Clock::duration lost(Clock::time_point now) const;

 private:
  static Clock::duration over(Clock::duration took, Clock::duration allowed) {
    return took > allowed + kTurnMost ? took - allowed : Clock::duration{};
  }

  Clock::duration lost_{};
  std::optional<Clock::time_point> woke_at_;  // of the present turn
  Clock::time_point waits_since_{};
  bool beating_ = false;
};

}  // namespace latchkey::fetchd
