// SPDX-License-Identifier: Apache-2.0
//
// How many questions an issuer is asked, and how many of them one source may have.
#include "daemon/latchkeyd/service/question_rate.h"

#include <gtest/gtest.h>

#include <string>

namespace latchkey::latchkeyd {
namespace {

using namespace std::chrono_literals;
using Verdict = QuestionRate::Verdict;

class QuestionRateTest : public ::testing::Test {
 protected:
  // How many of so many are granted.
  int granted(QuestionRate& rate, const std::string& source, int tries = 1'000) const {
    int count = 0;
    for (int i = 0; i < tries; ++i) count += rate.take(source, now) == Verdict::granted ? 1 : 0;
    return count;
  }

  SteadyTime now{1h};
};

TEST_F(QuestionRateTest, OneSourceHasHalf) {
  QuestionRate rate(10, now);
  EXPECT_EQ(granted(rate, "a"), 10) << "of 20 at once";
  EXPECT_EQ(rate.take("a", now), Verdict::source_spent);
  EXPECT_EQ(granted(rate, "b"), 10);
  EXPECT_EQ(rate.take("c", now), Verdict::issuer_spent);
  now += 1s;
  EXPECT_EQ(granted(rate, "a"), 5) << "of 10 a second";
  EXPECT_EQ(granted(rate, "b"), 5);
  EXPECT_EQ(granted(rate, "c"), 0);
}

TEST_F(QuestionRateTest, TheLowestRateStillLeavesSomethingToOthers) {
  QuestionRate rate(1, now);
  EXPECT_EQ(granted(rate, "guesser"), 1);
  EXPECT_EQ(granted(rate, "b"), 1);
  for (int second = 0; second < 10; ++second) {
    now += 2s;
    EXPECT_EQ(granted(rate, "guesser"), 1);
    EXPECT_EQ(granted(rate, "b"), 1);
  }
}

TEST_F(QuestionRateTest, WhatIsNotGrantedIsNotPaidFor) {
  QuestionRate rate(2, now);
  EXPECT_EQ(granted(rate, "a"), 2);
  EXPECT_EQ(granted(rate, "b"), 2);
  EXPECT_EQ(granted(rate, "c"), 0);
  now += 1s;
  EXPECT_EQ(granted(rate, "c"), 2) << "its share is whole";
}

TEST_F(QuestionRateTest, NoMoreIsSavedUpThanTwoSecondsGive) {
  QuestionRate rate(2, now);
  now += 24h;
  EXPECT_EQ(granted(rate, "a"), 2);
  EXPECT_EQ(granted(rate, "b") + granted(rate, "c"), 2);
}

TEST_F(QuestionRateTest, RemembersABoundedNumberOfSources) {
  QuestionRate rate(10'000, now);
  for (std::size_t i = 0; i < 2 * QuestionRate::kSourcesMost; ++i)
    EXPECT_EQ(rate.take("s" + std::to_string(i), now), Verdict::granted);
  EXPECT_EQ(rate.sources(), QuestionRate::kSourcesMost);
  now += 2s;
  EXPECT_EQ(rate.take("one more", now), Verdict::granted);
  EXPECT_EQ(rate.sources(), 1U) << "those whose share is whole again are forgotten";
}

}  // namespace
}  // namespace latchkey::latchkeyd
