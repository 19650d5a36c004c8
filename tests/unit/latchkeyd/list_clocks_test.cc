// SPDX-License-Identifier: Apache-2.0
//
// Clocks that were wrong for a while, and what a list has to have kept when they are right again.
#include <string>

#include <gtest/gtest.h>

#include "tests/unit/latchkeyd/list_keeper_host.h"

namespace latchkey::latchkeyd::list_keeper_test {
namespace {

// A clock is ahead for a while, and the token "stolen" is good for a day yet.
class ClockAheadTest : public ListKeeperTest {
 protected:
  ClockAheadTest() {
    const auto end = std::chrono::floor<std::chrono::seconds>(clock.wall() + 24h);
    steps_ = SignedList::step(
        0, 1,
        source_.chunk(EntryKind::token, {"one"}) + "," +
            source_.chunk(EntryKind::token, {"stolen"}, false,
                          ",\"end\":" + std::to_string(end.time_since_epoch().count())));
    manifest = source_.manifest(1, clock.wall(), steps_);
  }
  void ahead() { clock.jump(720h); }
  void right_again() {
    clock.jump(-720h);
    keeper().tick();
  }
  void both_are_revoked() {
    EXPECT_TRUE(revoked("one")) << error();
    EXPECT_TRUE(revoked("stolen")) << error();
  }
  // Changes that go on from what is at work.
  void changes() {
    for (std::uint64_t version = 2; version < 5; ++version) {
      const std::string name = "t" + std::to_string(version);
      steps_ +=
          "," + SignedList::step(version - 1, version, source_.chunk(EntryKind::token, {name}));
      manifest = source_.manifest(version, clock.wall(), steps_);
      next_round();
      EXPECT_EQ(error(), "");
      EXPECT_TRUE(revoked(name));
    }
    EXPECT_EQ(freshness(), FeedState::fresh);
    both_are_revoked();
  }
  std::string steps_;
};

TEST_F(ClockAheadTest, WhenTheListIsBegunForgetsNothing) {
  ahead();
  configure();
  tick_and_serve();
  right_again();
  both_are_revoked();
  changes();
}

TEST_F(ClockAheadTest, WhenTheDaemonStartsForgetsNothing) {
  configure();
  tick_and_serve();
  ahead();
  restart();
  right_again();
  both_are_revoked();
  serve();
  changes();
  restart();
  both_are_revoked();
}

TEST_F(ClockAheadTest, WhenAManifestComesTakesNoChunkFromTheDisk) {
  configure();
  tick_and_serve();
  ahead();
  manifest = source_.manifest(1, clock.wall() - 720h + 60s, steps_);
  next_round();
  EXPECT_EQ(error(), "");
  right_again();
  restart();
  both_are_revoked();
}

TEST_F(ListKeeperTest, WhatHasEndedByBothClocksIsForgotten) {
  const auto end = std::chrono::floor<std::chrono::seconds>(clock.wall() + 1h);
  const std::string chunk =
      source_.chunk(EntryKind::token, {"old"}, false,
                    ",\"end\":" + std::to_string(end.time_since_epoch().count()));
  manifest = source_.manifest(1, clock.wall(), SignedList::step(0, 1, chunk));
  configure();
  tick_and_serve();
  EXPECT_TRUE(revoked("old"));
  clock.advance(48h);
  manifest = source_.manifest(1, clock.wall(), SignedList::step(0, 1, chunk));
  next_round();
  restart();
  EXPECT_FALSE(revoked("old"));
  EXPECT_EQ(freshness(), FeedState::fresh) << error();
}

// A machine without a battery for its clock starts in the past, with the server away.
TEST_F(ListKeeperTest, AClockThatIsBehindAtTheStartMakesTheSetStaleAndNotAbsent) {
  begin();
  clock.jump(-24h);
  restart();
  EXPECT_EQ(freshness(), FeedState::stale) << error();
  EXPECT_TRUE(revoked("one"));
  clock.jump(24h);
  keeper().tick();
  EXPECT_EQ(freshness(), FeedState::fresh);
  EXPECT_TRUE(revoked("one"));
}

}  // namespace
}  // namespace latchkey::latchkeyd::list_keeper_test
