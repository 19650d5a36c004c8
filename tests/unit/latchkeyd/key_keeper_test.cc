// SPDX-License-Identifier: Apache-2.0
//
// When keys are fetched, and what an answer does.
#include "daemon/latchkeyd/service/key_keeper.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/latchkeyd/key_fakes.h"
#include "tests/unit/latchkeyd/key_keeper_host.h"

namespace latchkey::latchkeyd {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::config_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::issuer_config;
using testing::kKeysOne;
using testing::kKeysTwo;
using Status = FetchResult::Status;
using key_keeper_test::KeyKeeperTest;

const std::string kUnusable =
    R"({"keys":[{"kty":"oct","kid":"secret","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMko"}]})";

struct BadAnswer {
  std::string name;
  FetchResult result;
  std::string want;
};

TEST_F(KeyKeeperTest, FetchesAtOnceWhereNothingIsAtHandAndPublishesWhatCame) {
  const auto first = keeper().configure(config_of({issuer_config("corp")}));
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first[0].keys, nullptr);
  EXPECT_LE(keeper().next_tick(), clock.steady());
  keeper().tick();
  ASSERT_EQ(fetcher.requests.size(), 1U);
  EXPECT_EQ(fetcher.requests[0].issuer, "corp");
  EXPECT_EQ(fetcher.requests[0].digest, "digest-1");
  fetcher.answer_ok(kKeysOne, "\"e1\"");
  ASSERT_EQ(published.size(), 1U);
  EXPECT_EQ(kid(), "one");
  EXPECT_EQ(published.back()[0].fetched_at, clock.wall());
  EXPECT_GT(published.back()[0].generation, 0U);
  EXPECT_EQ(state().origin, KeyState::Origin::fetched);
  EXPECT_EQ(storage.stored.at("corp").jwks, kKeysOne);
  EXPECT_EQ(storage.stored.at("corp").etag, "\"e1\"");
}

TEST_F(KeyKeeperTest, RefreshesBeforeTheEndOfTheLifetimeAndSendsTheEtag) {
  keeper().configure(config_of({issuer_config("corp")}));
  keeper().tick();
  fetcher.answer_ok(kKeysOne, "\"e1\"", seconds(1'000));
  clock.advance(seconds(749));
  keeper().tick();
  EXPECT_EQ(fetcher.requests.size(), 1U);
  clock.advance(seconds(1));
  keeper().tick();
  ASSERT_EQ(fetcher.requests.size(), 2U);
  EXPECT_EQ(fetcher.requests[1].etag, "\"e1\"");
  const auto generation = state().keys.generation;
  fetcher.answer({.status = Status::not_modified, .max_age = seconds(500)});
  EXPECT_EQ(state().keys.generation, generation);
  EXPECT_EQ(state().keys.fetched_at, clock.wall());
  EXPECT_EQ(storage.stored.at("corp").fetched_at, clock.wall());
  EXPECT_EQ(published.size(), 2U) << "the workers learn that the set is younger";
}

TEST_F(KeyKeeperTest, SameKeysAgainKeepTheirGenerationAndOthersGetANewOne) {
  begin();
  const auto generation = state().keys.generation;
  clock.advance(hours(1));
  keeper().tick();
  fetcher.answer_ok(kKeysOne);
  EXPECT_EQ(state().keys.generation, generation);
  clock.advance(hours(1));
  keeper().tick();
  fetcher.answer_ok(kKeysTwo);
  EXPECT_GT(state().keys.generation, generation);
}

// SECURITY section 1: a key gone from a good fetch stops at once; never merge.
TEST_F(KeyKeeperTest, KeyThatIsGoneFromAGoodFetchIsGone) {
  begin();
  clock.advance(hours(1));
  keeper().tick();
  fetcher.answer_ok(kKeysTwo);
  ASSERT_EQ(published.back()[0].keys->size(), 1U);
  EXPECT_EQ(kid(), "two");
}

// F4 and F6: whatever is no good set leaves the last good one at work.
TEST_F(KeyKeeperTest, BadAnswersLeaveTheLastGoodSetAtWork) {
  const std::vector<BadAnswer> cases = {
      {"an error of the provider",
       {.status = Status::failed, .error = "corp: HTTP 500"},
       "HTTP 500"},
      {"HTML", {.status = Status::ok, .body = "<html></html>"}, ""},
      {"nothing", {.status = Status::ok, .body = ""}, ""},
      {"half a body",
       {.status = Status::ok, .body = std::string_view(kKeysOne).substr(0, kKeysOne.size() / 2)},
       ""},
      {"an empty set", {.status = Status::ok, .body = R"({"keys":[]})"}, "empty"},
      {"no usable key", {.status = Status::ok, .body = kUnusable}, "none of the 1 keys is usable"},
  };
  begin();
  for (const BadAnswer& test : cases) {
    clock.advance(hours(1));
    keeper().tick();
    fetcher.answer(test.result);
    EXPECT_EQ(published.size(), 1U) << test.name;
    EXPECT_EQ(state().keys.generation, published.back()[0].generation) << test.name;
    ASSERT_TRUE(state().last_error) << test.name;
    EXPECT_THAT(*state().last_error, HasSubstr(test.want)) << test.name;
  }
  EXPECT_EQ(storage.stored.at("corp").jwks, kKeysOne);
  clock.advance(hours(1));
  keeper().tick();
  fetcher.answer_ok(kKeysTwo);
  EXPECT_FALSE(state().last_error);
  EXPECT_EQ(kid(), "two");
}

TEST_F(KeyKeeperTest, NotModifiedOfASetThatNeverCameIsAFailure) {
  keeper().configure(config_of({issuer_config("corp")}));
  keeper().tick();
  fetcher.answer({.status = Status::not_modified});
  EXPECT_THAT(published, IsEmpty());
  EXPECT_TRUE(state().last_error);
}

TEST_F(KeyKeeperTest, NotModifiedWhereNoSetWasNamedConfirmsNothing) {
  begin();
  const WallTime fetched_at = state().keys.fetched_at;
  clock.advance(hours(1));
  keeper().tick();
  ASSERT_EQ(fetcher.requests.back().etag, "");
  fetcher.answer({.status = Status::not_modified});
  EXPECT_EQ(state().keys.fetched_at, fetched_at);
  EXPECT_TRUE(state().last_error);
}

TEST_F(KeyKeeperTest, BacksOffAfterFailuresAndHeedsRetryAfter) {
  keeper().configure(config_of({issuer_config("corp")}));
  std::vector<seconds> delays;
  const auto fail_after = [&](std::optional<seconds> retry_after) {
    keeper().tick();
    fetcher.fail("HTTP 503", retry_after);
    delays.push_back(std::chrono::duration_cast<seconds>(state().next_fetch - clock.steady()));
    clock.advance(std::chrono::duration_cast<milliseconds>(state().next_fetch - clock.steady()) -
                  milliseconds(1));
    const auto asked = fetcher.requests.size();
    keeper().tick();
    EXPECT_EQ(fetcher.requests.size(), asked) << "asked before its time";
    clock.advance(milliseconds(1));
  };
  for (int i = 0; i < 5; ++i) fail_after({});
  fail_after(seconds(500));
  fail_after(seconds(21'600));
  EXPECT_THAT(delays, ElementsAre(seconds(60), seconds(120), seconds(240), seconds(300),
                                  seconds(300), seconds(500), seconds(600)));
}

// F4: whoever sends tokens with unknown keys does not talk the host out of it.
TEST_F(KeyKeeperTest, ProviderThatAsksToBeLeftAloneIsNotAskedForAnUnknownKeyEither) {
  begin();
  clock.advance(seconds(60));
  request(state().keys.generation);
  fetcher.fail("HTTP status 429", seconds(600));
  const auto asked = fetcher.requests.size();
  const auto next = state().next_fetch;
  while (clock.steady() + seconds(1) < next) {
    request(state().keys.generation);
    clock.advance(seconds(1));
  }
  EXPECT_EQ(fetcher.requests.size(), asked);
  EXPECT_EQ(outcomes.back(), KeysOutcome::rate_limited);
  clock.advance(seconds(1));
  request(state().keys.generation);
  EXPECT_EQ(fetcher.requests.size(), asked + 1);
}

// A failure that asks for nothing leaves the interval as the only limit: a login with a new key
// must not wait for a backoff of minutes.
TEST_F(KeyKeeperTest, FailuresAloneDelayNoRequestBeyondTheInterval) {
  begin();
  for (int i = 0; i < 6; ++i) {
    clock.advance(seconds(60));
    request(state().keys.generation);
    ASSERT_FALSE(fetcher.open.empty());
    fetcher.fail("HTTP status 500");
  }
}

TEST_F(KeyKeeperTest, UnknownKeyIsOneFetchForAllWhoWait) {
  begin();
  clock.advance(seconds(60));
  const auto seen = state().keys.generation;
  for (int i = 0; i < 100; ++i) request(seen);
  EXPECT_EQ(fetcher.requests.size(), 2U);
  EXPECT_THAT(outcomes, IsEmpty());
  workers_answer = false;
  fetcher.answer_ok(kKeysTwo);
  EXPECT_THAT(outcomes, IsEmpty()) << "the workers have not taken it yet";
  confirm();
  EXPECT_EQ(outcomes, std::vector<KeysOutcome>(100, KeysOutcome::newer));
}

TEST_F(KeyKeeperTest, UnknownKeyThatTheProviderDoesNotKnowEitherIsUnchanged) {
  begin();
  clock.advance(seconds(60));
  request(state().keys.generation);
  fetcher.answer_ok(kKeysOne);
  EXPECT_THAT(outcomes, ElementsAre(KeysOutcome::unchanged));
}

TEST_F(KeyKeeperTest, CallerThatHasNotSeenTheSetAtHandIsToldWithoutAFetch) {
  begin();
  request(0);
  EXPECT_THAT(outcomes, ElementsAre(KeysOutcome::newer));
  EXPECT_EQ(fetcher.requests.size(), 1U);
}

// F9: at most one fetch an interval, whatever is asked for.
TEST_F(KeyKeeperTest, FloodOfUnknownKeysIsAtMostOneFetchInAnInterval) {
  begin();
  const auto start = fetcher.requests.size();
  for (int second = 0; second < 600; ++second) {
    for (int i = 0; i < 10; ++i) request(state().keys.generation);
    keeper().tick();
    if (!fetcher.open.empty()) fetcher.answer_ok(kKeysOne);
    clock.advance(seconds(1));
  }
  EXPECT_LE(fetcher.requests.size() - start, 10U);
  EXPECT_GE(fetcher.requests.size() - start, 5U);
  EXPECT_GT(std::count(outcomes.begin(), outcomes.end(), KeysOutcome::rate_limited), 5'000);
}

TEST_F(KeyKeeperTest, RequestIsRateLimitedUntilTheIntervalIsOver) {
  begin();
  clock.advance(seconds(60) - milliseconds(1));
  request(state().keys.generation);
  EXPECT_THAT(outcomes, ElementsAre(KeysOutcome::rate_limited));
  clock.advance(milliseconds(1));
  request(state().keys.generation);
  EXPECT_EQ(fetcher.requests.size(), 2U);
}

TEST_F(KeyKeeperTest, RequestFailsAtOnceForAnIssuerThatIsGoneAndAfterAFetchThatFailed) {
  begin();
  request(0, "nobody");
  EXPECT_THAT(outcomes, ElementsAre(KeysOutcome::failed));
  clock.advance(seconds(60));
  request(state().keys.generation);
  fetcher.fail("reset");
  EXPECT_THAT(outcomes, ElementsAre(KeysOutcome::failed, KeysOutcome::failed));
}

// A fetchd that is restarted must not cost a minute, and no provider sees anything of it.
TEST_F(KeyKeeperTest, FetchdThatCannotBeReachedIsAskedAgainSoonButNotInAStorm) {
  keeper().configure(config_of({issuer_config("corp")}));
  for (int i = 0; i < 1'000; ++i) {
    keeper().tick();
    request(0);
    if (!fetcher.open.empty()) fetcher.be_unreachable();
    clock.advance(milliseconds(100));
  }
  EXPECT_LE(fetcher.requests.size(), 8U) << "1, 2, 4 … 60 seconds apart";
  EXPECT_EQ(std::count(outcomes.begin(), outcomes.end(), KeysOutcome::newer), 0);
  EXPECT_LE(journal.count("cannot be fetched"), 2U) << journal.text();
  clock.advance(seconds(60));
  keeper().tick();
  fetcher.answer_ok(kKeysOne);
  EXPECT_EQ(kid(), "one");
}

// F20: timers and rates go by the steady clock.
TEST_F(KeyKeeperTest, WallClockThatJumpsMakesNoStorm) {
  begin();
  for (const auto jump : {hours(1), hours(-1), hours(24 * 3'650), hours(-24 * 3'650)}) {
    clock.jump(jump);
    for (int i = 0; i < 100; ++i) {
      keeper().tick();
      request(state().keys.generation);
    }
  }
  EXPECT_EQ(fetcher.requests.size(), 1U);
}

// F21: after a suspend both clocks are ahead: the keys are fetched at the first tick, and a login
// may ask for them.
TEST_F(KeyKeeperTest, AfterANightOfSleepTheKeysAreFetchedAtOnce) {
  begin();
  clock.advance(hours(8));
  keeper().tick();
  EXPECT_EQ(fetcher.requests.size(), 2U);
}

}  // namespace
}  // namespace latchkey::latchkeyd
