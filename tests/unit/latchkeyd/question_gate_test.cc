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

  void fail(Kind kind = Kind::signed_token, bool down = true) {
    const bool probe = gate.begin(kind);
    if (probe) gate.ended(kind);
    gate.failed(kind, down, now, random);
  }
  bool held(Kind kind = Kind::signed_token) const {
    return gate.refuse(kind, "s", now).has_value();
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
    row.gate.failed(Kind::signed_token, true, row.now, 0);
  }
  EXPECT_EQ(row.rest(), 250ms);
}

TEST(QuestionGate, OneQuestionGoesOutAtATime) {
  Row row;
  for (unsigned i = 0; i < QuestionGate::kFailuresInRow; ++i) row.fail();
  row.now += 250ms;
  EXPECT_FALSE(row.held());
  EXPECT_TRUE(row.gate.begin(Kind::signed_token));
  row.now += 1h;
  EXPECT_TRUE(row.held()) << "it is still out";
  row.gate.ended(Kind::signed_token);
  EXPECT_FALSE(row.held()) << "nothing came of it";
}

// Anybody can guess at opaque tokens.
TEST(QuestionGate, GuessesAtOpaqueTokensHoldNoSignedOnesBack) {
  Row row;
  for (unsigned i = 0; i < QuestionGate::kFailuresInRow; ++i) row.fail(Kind::opaque);
  EXPECT_TRUE(row.held(Kind::opaque));
  EXPECT_FALSE(row.held(Kind::signed_token));
}

TEST(QuestionGate, IsDownOnlyWhereAllOfTheRowWere) {
  Row row;
  row.fail(Kind::signed_token, false);
  for (unsigned i = 0; i < QuestionGate::kFailuresInRow; ++i) row.fail();
  ASSERT_TRUE(row.held());
  EXPECT_FALSE(row.gate.refuse(Kind::signed_token, "s", row.now)->down);
  for (const bool throttled : {false, true}) {
    row.gate.answered();
    for (unsigned i = 0; i < QuestionGate::kFailuresInRow; ++i) row.fail();
    ASSERT_TRUE(row.held());
    EXPECT_TRUE(row.gate.refuse(Kind::signed_token, "s", row.now)->down);
    throttled ? row.gate.throttled("another", 30s, row.now, 0) : row.gate.doubted();
    ASSERT_TRUE(row.held());
    EXPECT_FALSE(row.gate.refuse(Kind::signed_token, "s", row.now)->down);
  }
}

// Else the first who asks after a quiet hour would have the signatures of all others decide.
TEST(QuestionGate, SaysThatItIsDownOnlyForAWhile) {
  Row row;
  for (unsigned i = 0; i < QuestionGate::kFailuresInRow; ++i) row.fail();
  row.now += QuestionGate::kDownMost - 1ms;
  ASSERT_TRUE(row.gate.begin(Kind::signed_token));
  EXPECT_TRUE(row.gate.refuse(Kind::signed_token, "s", row.now)->down);
  row.now += 1ms;
  ASSERT_TRUE(row.held());
  EXPECT_FALSE(row.gate.refuse(Kind::signed_token, "s", row.now)->down);
}

TEST(QuestionGate, RemembersNoMoreSourcesThanItsBound) {
  QuestionGate gate;
  SteadyTime now{1h};
  for (std::size_t i = 0; i < QuestionGate::kSourcesMost + 10; ++i)
    gate.throttled(std::to_string(i), 30s, now, 0);
  EXPECT_EQ(gate.sources(), QuestionGate::kSourcesMost);
  gate.throttled("one more", 30s, now + 30s, 0);
  EXPECT_EQ(gate.sources(), 1U);
}

}  // namespace
}  // namespace latchkey::latchkeyd
