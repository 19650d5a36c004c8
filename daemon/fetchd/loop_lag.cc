// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetchd/loop_lag.h"

namespace latchkey::fetchd {

void LoopLag::waits(Clock::time_point now, bool something_is_under_way) {
  if (woke_at_) lost_ += over(now - *woke_at_, {});
  woke_at_.reset();
  waits_since_ = now;
  beating_ = something_is_under_way;
}

void LoopLag::woke(Clock::time_point now) {
  if (beating_) lost_ += over(now - waits_since_, kBeat);
  woke_at_ = now;
}

LoopLag::Clock::duration LoopLag::lost(Clock::time_point now) const {
  return woke_at_ ? lost_ + over(now - *woke_at_, {}) : lost_;
}

}  // namespace latchkey::fetchd
