// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/question_gate.h"

#include <gtest/gtest.h>

#include <string>

namespace latchkey::latchkeyd {
namespace {

using namespace std::chrono_literals;
using Kind = QuestionGate::Kind;

struct Row {
  QuestionGate gate;
  SteadyTime now{1h};
  std::uint32_t random = 0;

  void fail(Kind kind = Kind::signed_token, bool down = false, const std::string& source = "s") {
    if (gate.begin(kind, source)) gate.ended(kind, source);
    gate.failed(kind, source, down, now, random);
  }
  void find_nobody() {
    for (unsigned i = 0; i < QuestionGate::kFailuresInRow; ++i) fail(Kind::signed_token, true);
  }
  bool held(Kind kind = Kind::signed_token, std::string_view source = "s") const {
    return gate.refuse(kind, source, now).has_value();
  }
  bool is_down() const {
    const auto refusal = gate.refuse(Kind::signed_token, "s", now);
    return refusal && refusal->down;
  }
  // How long it is held back from now on.
  std::chrono::milliseconds rest() const {
    auto later = now;
    while (gate.refuse(Kind::signed_token, "s", later)) later += 1ms;
    return std::chrono::duration_cast<std::chrono::milliseconds>(later - now);
  }
};

TEST(QuestionGate, IntervalsGrowToTheirBoundAndAnAnswerEndsThem) {
  Row row;
  for (unsigned i = 1; i < QuestionGate::kFailuresInRow; ++i) {
    row.fail();
    EXPECT_FALSE(row.held()) << i;
  }
  for (const auto want : {250ms, 500ms, 1'000ms, 2'000ms, 4'000ms, 5'000ms, 5'000ms}) {
    row.fail();
    EXPECT_EQ(row.rest(), want);
    row.now += want;
  }
  row.gate.answered();
  row.fail();
  EXPECT_FALSE(row.held());
}

TEST(QuestionGate, JitterTakesUpToAQuarter) {
  Row row;
  row.random = 0xffff'ffff;
  for (unsigned i = 0; i < QuestionGate::kFailuresInRow; ++i) row.fail();
  EXPECT_EQ(row.rest(), 189ms) << "250 ms less 61";
}

TEST(QuestionGate, FailuresThatWereUnderWayProlongNothing) {
  Row row;
  for (unsigned i = 0; i < 10 * QuestionGate::kFailuresInRow; ++i) {
    row.gate.failed(Kind::signed_token, "s", false, row.now, 0);
  }
  EXPECT_EQ(row.rest(), 250ms);
}

TEST(QuestionGate, OneQuestionGoesOutAtATime) {
  Row row;
  for (unsigned i = 0; i < QuestionGate::kFailuresInRow; ++i) row.fail();
  row.now += 250ms;
  EXPECT_FALSE(row.held());
  EXPECT_TRUE(row.gate.begin(Kind::signed_token, "s"));
  row.now += 1h;
  EXPECT_TRUE(row.held()) << "it is still out";
  row.gate.ended(Kind::signed_token, "s");
  EXPECT_FALSE(row.held()) << "nothing came of it";
}

// Anybody can guess at opaque tokens.
TEST(QuestionGate, GuessesAtOpaqueTokensHoldNoSignedOnesBack) {
  Row row;
  for (unsigned i = 0; i < QuestionGate::kFailuresInRow; ++i) row.fail(Kind::opaque);
  EXPECT_TRUE(row.held(Kind::opaque));
  EXPECT_FALSE(row.held(Kind::signed_token));
}

// Whoever draws errors, with guesses or with a session of his own that is broken.
TEST(QuestionGate, FailuresOfSomeSourcesHoldNoOtherBack) {
  for (const Kind kind : {Kind::signed_token, Kind::opaque}) {
    Row row;
    for (int i = 0; i < 8; ++i) row.fail(kind, false, "s" + std::to_string(i % 4));
    EXPECT_TRUE(row.held(kind, "s0"));
    EXPECT_FALSE(row.held(kind, "other"));
    EXPECT_TRUE(row.gate.begin(kind, "other"));
    EXPECT_TRUE(row.held(kind, "other")) << "one at a time";
    EXPECT_FALSE(row.held(kind, "another"));
    row.gate.ended(kind, "other");
    EXPECT_FALSE(row.held(kind, "other"));
  }
}

TEST(QuestionGate, GuessesThatFindNobodyHoldTheirSourcesBackAndNoOther) {
  Row row;
  for (int i = 0; i < 8; ++i) row.fail(Kind::opaque, true, "s" + std::to_string(i % 2));
  EXPECT_TRUE(row.held(Kind::opaque, "s0"));
  EXPECT_FALSE(row.gate.refuse(Kind::opaque, "s0", row.now)->down);
  EXPECT_FALSE(row.held(Kind::opaque, "other"));
}

TEST(QuestionGate, WhereItIsDownOneQuestionOfAllGoesOut) {
  Row row;
  row.find_nobody();
  EXPECT_TRUE(row.gate.refuse(Kind::signed_token, "new", row.now)->down);
  row.now += 250ms;
  EXPECT_FALSE(row.held(Kind::signed_token, "new"));
  EXPECT_TRUE(row.gate.begin(Kind::signed_token, "new"));
  EXPECT_TRUE(row.gate.refuse(Kind::signed_token, "newer", row.now)->down);
}

TEST(QuestionGate, IsDownOnlyWhereNobodyWasThereAllTheLastTimes) {
  Row row;
  for (unsigned i = 1; i < QuestionGate::kFailuresInRow; ++i) row.fail(Kind::signed_token, true);
  row.fail(Kind::signed_token, false);
  for (unsigned i = 1; i < QuestionGate::kFailuresInRow; ++i) {
    row.fail(Kind::signed_token, true);
    EXPECT_FALSE(row.is_down()) << i;
  }
  row.fail(Kind::signed_token, true);
  EXPECT_TRUE(row.is_down());
  for (const bool throttled : {false, true}) {
    row.gate.answered();
    row.find_nobody();
    EXPECT_TRUE(row.is_down());
    throttled ? row.gate.throttled(Kind::opaque, "another", 30s, row.now, 0) : row.gate.doubted();
    EXPECT_FALSE(row.is_down());
  }
}

// Else the first who asks after a quiet hour would have the signatures of all others decide.
TEST(QuestionGate, SaysThatItIsDownOnlyForAWhile) {
  Row row;
  row.find_nobody();
  row.now += QuestionGate::kDownMost - 1ms;
  ASSERT_TRUE(row.gate.begin(Kind::signed_token, "s"));
  EXPECT_TRUE(row.is_down());
  row.now += 1ms;
  EXPECT_TRUE(row.held());
  EXPECT_FALSE(row.is_down());
}

TEST(QuestionGate, ASecondTooManyRequestsClosesTheRowThatDrewIt) {
  Row row;
  for (int i = 0; i < 8; ++i) {
    const std::string source = std::to_string(i);
    row.gate.throttled(Kind::opaque, source, 1s, row.now, 0);
    EXPECT_TRUE(row.held(Kind::signed_token, source)) << "it is bound";
  }
  for (const Kind kind : {Kind::signed_token, Kind::opaque}) EXPECT_FALSE(row.held(kind, "other"));
  EXPECT_FALSE(row.gate.begin(Kind::signed_token, "other"));
  EXPECT_TRUE(row.gate.begin(Kind::opaque, "other"));
  EXPECT_TRUE(row.held(Kind::opaque, "other")) << "one at a time";
}

TEST(QuestionGate, WithMoreSourcesThanItRemembersOneQuestionOfTheRestGoesOut) {
  Row row;
  for (std::size_t i = 0; i <= QuestionGate::kSourcesMost; ++i)
    row.fail(Kind::opaque, false, std::to_string(i));
  for (unsigned i = 0; i < QuestionGate::kFailuresInRow; ++i)
    row.fail(Kind::opaque, false, std::to_string(i));
  EXPECT_TRUE(row.held(Kind::opaque, "one more"));
  row.now += 250ms;
  EXPECT_FALSE(row.held(Kind::opaque, "one more"));
  EXPECT_TRUE(row.gate.begin(Kind::opaque, "one more"));
  EXPECT_TRUE(row.held(Kind::opaque, "two more"));
}

TEST(QuestionGate, RemembersNoMoreSourcesThanItsBound) {
  QuestionGate gate;
  SteadyTime now{1h};
  for (std::size_t i = 0; i < QuestionGate::kSourcesMost + 10; ++i)
    gate.throttled(Kind::opaque, std::to_string(i), 30s, now, 0);
  EXPECT_EQ(gate.sources(), QuestionGate::kSourcesMost);
  gate.throttled(Kind::opaque, "one more", 30s, now + 30s, 0);
  EXPECT_EQ(gate.sources(), 1U);
}

}  // namespace
}  // namespace latchkey::latchkeyd
