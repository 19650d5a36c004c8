// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetchd/rate_bound.h"

#include <gtest/gtest.h>

namespace latchkey::fetchd {
namespace {

using namespace std::chrono_literals;

issuer::IssuerConfig issuer(std::string name) {
  issuer::IssuerConfig config;
  config.issuer = "https://" + name;
  config.name = std::move(name);
  return config;
}

const RateBound::TimePoint kNow{1'000h};

TEST(RateBound, LetsABurstThroughAndThenOneInAnInterval) {
  RateBound bound;
  const auto corp = issuer("corp");
  for (int i = 0; i < RateBound::kBurst; ++i) ASSERT_FALSE(bound.take(corp, kNow)) << i;
  EXPECT_EQ(bound.take(corp, kNow), 60s);
  EXPECT_EQ(bound.take(corp, kNow + 59'999ms), 1ms);
  EXPECT_FALSE(bound.take(corp, kNow + 60s));
  EXPECT_EQ(bound.take(corp, kNow + 60s), 60s);
}

// A latchkeyd that runs wild for a day.
TEST(RateBound, BoundsADayOfALoop) {
  RateBound bound;
  const auto corp = issuer("corp");
  int asked = 0;
  for (auto now = kNow; now < kNow + 24h; now += 100ms) asked += bound.take(corp, now) ? 0 : 1;
  EXPECT_LE(asked, 24 * 60 + RateBound::kBurst);
  EXPECT_GE(asked, 24 * 60);
}

TEST(RateBound, SavesUpNoMoreThanTheBurst) {
  RateBound bound;
  const auto corp = issuer("corp");
  ASSERT_FALSE(bound.take(corp, kNow));
  int asked = 0;
  while (!bound.take(corp, kNow + 240h)) ++asked;
  EXPECT_EQ(asked, RateBound::kBurst);
}

TEST(RateBound, IsEachIssuersOwn) {
  RateBound bound;
  while (!bound.take(issuer("corp"), kNow)) {
  }
  EXPECT_FALSE(bound.take(issuer("other"), kNow));
}

// A login may ask, whatever was fetched, and a flood of questions leaves the keys theirs.
TEST(RateBound, LetsQuestionsComeByTheirOwnRate) {
  RateBound bound;
  auto corp = issuer("corp");
  corp.introspection.rate = 50;
  while (!bound.take(corp, kNow)) {
  }
  int asked = 0;
  while (!bound.take_question(corp, kNow)) ++asked;
  EXPECT_EQ(asked, 50 * RateBound::kQuestionSeconds);
  EXPECT_EQ(bound.take_question(corp, kNow), 20ms);
  EXPECT_FALSE(bound.take_question(corp, kNow + 20ms));
  EXPECT_EQ(bound.take_question(corp, kNow + 20ms), 20ms);
  EXPECT_FALSE(bound.take(corp, kNow + 60s));
}

}  // namespace
}  // namespace latchkey::fetchd
