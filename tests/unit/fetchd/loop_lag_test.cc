// SPDX-License-Identifier: Apache-2.0
//
// A timeout says something of the provider only where this program was not late itself.
#include "daemon/fetchd/loop_lag.h"

#include <gtest/gtest.h>

namespace latchkey::fetchd {
namespace {

using namespace std::chrono_literals;

struct Loop {
  LoopLag lag;
  LoopLag::Clock::time_point now{1h};

  void wait(LoopLag::Clock::duration took, bool under_way = true) {
    lag.waits(now, under_way);
    now += took;
    lag.woke(now);
  }
};

TEST(LoopLag, WaitsAndShortTurnsLoseNothing) {
  Loop loop;
  EXPECT_EQ(loop.lag.lost(loop.now), 0ms);
  for (int i = 0; i < 100; ++i) {
    loop.wait(LoopLag::kBeat);
    loop.now += LoopLag::kTurnMost;
  }
  EXPECT_EQ(loop.lag.lost(loop.now), 0ms);
}

TEST(LoopLag, ALongTurnIsLostWhileItLastsAndAfterwards) {
  Loop loop;
  loop.wait(10ms);
  loop.now += 300ms;
  EXPECT_EQ(loop.lag.lost(loop.now), 300ms);
  loop.wait(10ms);
  EXPECT_EQ(loop.lag.lost(loop.now), 300ms);
  loop.now += 150ms;
  EXPECT_EQ(loop.lag.lost(loop.now), 450ms) << "several are lost together";
}

TEST(LoopLag, AWaitThatEndsLateIsLost) {
  Loop loop;
  loop.wait(3'200ms);
  EXPECT_EQ(loop.lag.lost(loop.now), 3'200ms - LoopLag::kBeat);
}

TEST(LoopLag, WithNothingUnderWayAWaitMayBeLong) {
  Loop loop;
  loop.wait(1h, false);
  EXPECT_EQ(loop.lag.lost(loop.now), 0ms);
}

}  // namespace
}  // namespace latchkey::fetchd
