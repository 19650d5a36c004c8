// SPDX-License-Identifier: Apache-2.0
//
// Fresh keys because an administrator wants them, and what a provider asks for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/latchkeyd/key_keeper_host.h"

namespace latchkey::latchkeyd {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::config_of;
using ::testing::ElementsAre;
using testing::issuer_config;
using testing::kKeysOne;
using testing::kKeysTwo;
using Outcome = Refreshed::Outcome;

class KeyRefreshTest : public key_keeper_test::KeyKeeperTest {
 protected:
  void refresh(std::string_view name = "corp") {
    keeper().refresh(name, [this](Refreshed refreshed) { came.push_back(refreshed); });
  }
  std::vector<Outcome> outcomes_of_all() {
    std::vector<Outcome> all;
    for (const Refreshed& each : came) all.push_back(each.outcome);
    return all;
  }
  std::vector<Refreshed> came;
};

TEST_F(KeyRefreshTest, AsksBeforeItIsDueButNotBeforeTheIntervalIsOver) {
  begin();
  clock.advance(seconds(59));
  refresh();
  EXPECT_EQ(came.back().outcome, Outcome::too_soon);
  EXPECT_EQ(came.back().again_at, clock.steady() + seconds(1));
  clock.advance(seconds(1));
  refresh();
  EXPECT_EQ(fetcher.requests.size(), 2U);
  fetcher.answer_ok(kKeysTwo);
  EXPECT_EQ(came.back().outcome, Outcome::changed);
}

TEST_F(KeyRefreshTest, JoinsAFetchThatIsUnderWayAndThoseWhoWaitForIt) {
  begin();
  const auto seen = state().keys.generation;
  clock.advance(hours(1));
  request(seen);
  refresh();
  refresh();
  EXPECT_EQ(fetcher.requests.size(), 2U);
  fetcher.answer_ok(kKeysTwo);
  EXPECT_THAT(outcomes_of_all(), ElementsAre(Outcome::changed, Outcome::changed));
  EXPECT_THAT(outcomes, ElementsAre(KeysOutcome::newer));
}

TEST_F(KeyRefreshTest, DoesNotWaitForABackOffNorForAPauseThatTheProviderAsksFor) {
  begin();
  clock.advance(hours(1));
  keeper().tick();
  fetcher.fail("HTTP status 500");
  clock.advance(seconds(60));
  refresh();
  ASSERT_EQ(fetcher.open.size(), 1U) << "the back-off is longer than the interval";
  fetcher.fail("HTTP status 503", seconds(600));
  EXPECT_EQ(came.back().outcome, Outcome::failed);
  EXPECT_EQ(came.back().error, "HTTP status 503");
  clock.advance(seconds(59));
  refresh();
  EXPECT_EQ(came.back().outcome, Outcome::too_soon);
  EXPECT_EQ(came.back().again_at, clock.steady() + seconds(1));
  clock.advance(seconds(1));
  refresh();
  EXPECT_EQ(fetcher.open.size(), 1U);
}

// F4: whoever answers 429 must not be asked because somebody sends tokens with unknown keys.
TEST_F(KeyRefreshTest, UnknownKeysDoNotPassOverWhatTheProviderAskedFor) {
  begin();
  clock.advance(hours(1));
  keeper().tick();
  fetcher.fail("HTTP status 429", seconds(600));
  for (int i = 0; i < 599; ++i) {
    clock.advance(seconds(1));
    request(state().keys.generation);
  }
  EXPECT_TRUE(fetcher.open.empty());
  EXPECT_EQ(outcomes.back(), KeysOutcome::rate_limited);
  clock.advance(seconds(1));
  request(state().keys.generation);
  ASSERT_EQ(fetcher.open.size(), 1U);
  fetcher.answer_ok(kKeysTwo);
  clock.advance(seconds(60));
  request(state().keys.generation);
  EXPECT_EQ(fetcher.open.size(), 1U) << "a good answer ends the wish";
}

// A provider without entity tags has dates.
TEST_F(KeyRefreshTest, SetIsNamedByItsDateAndConfirmedByIt) {
  const std::string date = "Sun, 06 Nov 1994 08:49:37 GMT";
  keeper().configure(config_of({issuer_config("corp")}));
  keeper().tick();
  fetcher.answer({.status = FetchResult::Status::ok, .body = kKeysOne, .last_modified = date});
  EXPECT_EQ(storage.stored.at("corp").last_modified, date);
  clock.advance(hours(1));
  keeper().tick();
  EXPECT_EQ(fetcher.requests.back().last_modified, date);
  fetcher.answer({.status = FetchResult::Status::not_modified});
  EXPECT_FALSE(state().last_error);
  EXPECT_EQ(state().keys.fetched_at, clock.wall());

  auto moved = issuer_config("corp");
  moved.proxy = "http://proxy:3128";
  keeper().configure(config_of({moved}));
  keeper().tick();
  EXPECT_EQ(fetcher.requests.back().last_modified, "") << "what another way says is another set";
}

TEST_F(KeyRefreshTest, FetchIsGivenTheTimeThatIsConfigured) {
  auto corp = issuer_config("corp");
  corp.fetch_timeout = seconds(45);
  keeper().configure(config_of({corp}));
  keeper().tick();
  EXPECT_EQ(fetcher.requests.back().timeout, seconds(45));
}

// A provider that asks for a year must not lock everybody out.
TEST_F(KeyRefreshTest, WhatTheProviderAskedForIsBounded) {
  begin();
  clock.advance(hours(1));
  keeper().tick();
  fetcher.fail("HTTP status 429", hours(24 * 365));
  clock.advance(hours(6));
  refresh();
  EXPECT_EQ(fetcher.open.size(), 1U) << "a quarter of max_stale";
}

TEST_F(KeyRefreshTest, AsksAFetchdThatWasAwayAtOnce) {
  begin();
  clock.advance(hours(1));
  keeper().tick();
  fetcher.be_unreachable();
  refresh();
  ASSERT_EQ(fetcher.open.size(), 1U);
  fetcher.answer_ok(kKeysOne);
  EXPECT_EQ(came.back().outcome, Outcome::unchanged);
}

TEST_F(KeyRefreshTest, OfAnIssuerThatIsNotThereOrLeavesMeanwhileFails) {
  begin();
  refresh("other");
  EXPECT_EQ(came.back().outcome, Outcome::failed);
  clock.advance(hours(1));
  refresh();
  keeper().configure(config_of({issuer_config("new")}));
  EXPECT_EQ(came.size(), 2U);
  EXPECT_EQ(came.back().outcome, Outcome::failed);
}

TEST_F(KeyRefreshTest, LooksAtKeysThatLieHere) {
  auto corp = issuer_config("corp");
  corp.keys.document = kKeysOne;
  auto file = issuer_config("file");
  file.jwks_file = "/nonexistent/keys.json";
  keeper().configure(config_of({corp, file}));
  refresh("corp");
  refresh("file");
  EXPECT_THAT(outcomes_of_all(), ElementsAre(Outcome::unchanged, Outcome::failed));
  EXPECT_TRUE(fetcher.requests.empty());
}

}  // namespace
}  // namespace latchkey::latchkeyd
