// SPDX-License-Identifier: Apache-2.0
#include "core/issuer/freshness.h"

#include <gtest/gtest.h>

#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace latchkey::issuer {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr WallTime kNow{1'700'000'000s};
constexpr std::uint32_t kMost = std::numeric_limits<std::uint32_t>::max();

struct Case {
  std::string name;
  std::optional<milliseconds> age;  // negative: the clock went back
  std::optional<seconds> max_age;
  Freshness want;
};

TEST(Freshness, FollowsTheAgeOfTheKeys) {
  const std::vector<Case> cases = {
      {"none without keys", std::nullopt, std::nullopt, Freshness::none},
      {"fresh at once", 0ms, std::nullopt, Freshness::fresh},
      {"fresh before three quarters of the lifetime", 225s - 1ms, std::nullopt, Freshness::fresh},
      {"due at three quarters", 225s, std::nullopt, Freshness::due},
      {"due just before the end", 300s - 1ms, std::nullopt, Freshness::due},
      {"stale at the end", 300s, std::nullopt, Freshness::stale},
      {"stale at max_stale exactly", 24h, std::nullopt, Freshness::stale},
      {"too stale a millisecond later", 24h + 1ms, std::nullopt, Freshness::too_stale},
      {"stale after 23 h 59 min (F3)", 23h + 59min, std::nullopt, Freshness::stale},
      {"too stale after 24 h 1 min (F3)", 24h + 1min, std::nullopt, Freshness::too_stale},
      {"fresh as long as the provider says", 40min, 1h, Freshness::fresh},
      {"no longer than half of max_stale, whatever the provider says", 12h, 8760h,
       Freshness::stale},
      {"not due before min_fetch_interval, whatever the provider says", 60s - 1ms, 0s,
       Freshness::fresh},
      {"due by min_fetch_interval", 60s, 0s, Freshness::due},
      {"stale when the clock went back an hour", -1h, std::nullopt, Freshness::stale},
      {"too stale when the clock went back ten years (F20)", -87'600h, std::nullopt,
       Freshness::too_stale},
  };
  for (const auto& c : cases) {
    std::optional<WallTime> fetched_at;
    if (c.age) fetched_at = kNow - *c.age;
    EXPECT_EQ(freshness(IssuerConfig{}, fetched_at, c.max_age, kNow), c.want) << c.name;
  }
}

TEST(Freshness, OfALocalFileNeverEnds) {
  IssuerConfig config;
  config.jwks_file = "/etc/latchkey/keys.json";
  EXPECT_EQ(freshness(config, kNow - 87'600h, std::nullopt, kNow), Freshness::fresh);
  EXPECT_EQ(freshness(config, std::nullopt, std::nullopt, kNow), Freshness::none);
}

TEST(Freshness, SaysWhetherVerdictsMayBeMade) {
  EXPECT_FALSE(serves(Freshness::none));
  EXPECT_TRUE(serves(Freshness::fresh));
  EXPECT_TRUE(serves(Freshness::due));
  EXPECT_TRUE(serves(Freshness::stale));
  EXPECT_FALSE(serves(Freshness::too_stale));
  EXPECT_EQ(name(Freshness::none), "none");
  EXPECT_EQ(name(Freshness::too_stale), "too_stale");
}

TEST(RefreshDelay, LiesBetweenThreeQuartersAndNineTenths) {
  EXPECT_EQ(refresh_delay(300s, 0), 225s);
  EXPECT_EQ(refresh_delay(300s, kMost / 2 + 1), 247'500ms);
  EXPECT_LT(refresh_delay(300s, kMost), 270s);
  EXPECT_GT(refresh_delay(300s, kMost), 269s);
}

// F4: a provider whose keys may not be kept is still asked at most once an interval.
TEST(RefreshDelay, IsNoShorterThanTheIntervalWhateverTheProviderSays) {
  for (const auto interval : {1s, 2s, 59s, 60s, 61s, 3'600s}) {
    IssuerConfig config;
    config.min_fetch_interval = interval;
    for (const auto max_age : {0s, 1s, 60s}) {
      EXPECT_GE(refresh_delay(lifetime(config, max_age), 0), interval);
    }
  }
}

struct RetryCase {
  std::string name;
  unsigned failures;
  std::optional<seconds> retry_after;
  std::uint32_t random;
  milliseconds want;
};

TEST(RetryDelay, GrowsAndIsBounded) {
  const std::vector<RetryCase> cases = {
      {"the interval after the first failure", 1, std::nullopt, 0, 60s},
      {"the interval where nothing failed", 0, std::nullopt, 0, 60s},
      {"twice that after the second", 2, std::nullopt, 0, 120s},
      {"four times after the third", 3, std::nullopt, 0, 240s},
      {"never above the refresh interval", 4, std::nullopt, 0, 300s},
      {"never above it after very many", kMost, std::nullopt, 0, 300s},
      {"up to a quarter more by chance", 1, std::nullopt, kMost / 2 + 1, 67'500ms},
      {"as late as the provider asks", 1, 500s, 0, 500s},
      {"not sooner than the interval, whatever the provider asks", 1, 1s, 0, 60s},
      {"no later than ten minutes, whatever the provider asks", 1, 8760h, 0, 600s},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(retry_delay(IssuerConfig{}, c.failures, c.retry_after, c.random), c.want) << c.name;
  }
}

TEST(FetchAllowed, OnceInTheInterval) {
  const SteadyTime now{100h};
  EXPECT_TRUE(fetch_allowed(IssuerConfig{}, std::nullopt, now));
  EXPECT_FALSE(fetch_allowed(IssuerConfig{}, now, now));
  EXPECT_FALSE(fetch_allowed(IssuerConfig{}, now - 60s + 1ms, now));
  EXPECT_TRUE(fetch_allowed(IssuerConfig{}, now - 60s, now));
}

}  // namespace
}  // namespace latchkey::issuer
