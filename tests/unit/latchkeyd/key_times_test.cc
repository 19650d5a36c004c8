// SPDX-License-Identifier: Apache-2.0
//
// The key keeper over hours and days of a clock that the test holds (SECURITY section 4: F3, F20,
// F21): outages, suspends, a wall clock that somebody sets, and a fleet.
#include <algorithm>
#include <map>
#include <memory>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/issuer/freshness.h"
#include "tests/unit/latchkeyd/key_keeper_host.h"

namespace latchkey::latchkeyd {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::config_of;
using testing::issuer_config;
using testing::kKeysOne;
using testing::kKeysTwo;

class KeyTimesTest : public key_keeper_test::KeyKeeperTest {
 protected:
  // Lets time pass as the ticker does, with a provider that always fails.
  void outage(milliseconds span) {
    const SteadyTime end = clock.steady() + span;
    while (clock.steady() < end) {
      pass(std::min<milliseconds>(seconds(30),
                                  std::chrono::duration_cast<milliseconds>(end - clock.steady())));
      while (!fetcher.open.empty()) fetcher.fail("HTTP status 500");
    }
  }
  void pass(milliseconds by) {
    clock.advance(by);
    keeper().tick();
  }
  // Whether a worker would make verdicts now, by the keys that it was handed last.
  bool serves() {
    const IssuerKeys& keys = published.back().front();
    return issuer::serves(
        issuer::freshness(issuer_config("corp"), keys.fetched_at, std::nullopt, clock.wall()));
  }
};

// F3
TEST_F(KeyTimesTest, AnOutageOf23HoursAnd59MinutesIsServedOneOf24HoursAnd1MinuteIsNot) {
  begin();
  outage(hours(24) - minutes(1));
  EXPECT_TRUE(serves());
  outage(minutes(2));
  EXPECT_FALSE(serves());
  // Backoff: at most one request in each five minutes once it has grown.
  EXPECT_LE(fetcher.requests.size(), 24U * 12U + 3U);
  EXPECT_GE(fetcher.requests.size(), 24U * 9U) << "and it never gives up";
  const auto delay = state().next_fetch - clock.steady();
  pass(std::chrono::ceil<milliseconds>(delay));
  fetcher.answer_ok(kKeysTwo);
  EXPECT_TRUE(serves()) << "back without a restart";
}

// F20
TEST_F(KeyTimesTest, SettingTheWallClockBackProlongsNoKey) {
  begin();
  outage(hours(23));
  clock.jump(hours(-20));
  outage(minutes(1));
  EXPECT_TRUE(serves());
  outage(hours(1));
  EXPECT_FALSE(serves()) << "24 hours are over, whatever the wall clock says";
}

TEST_F(KeyTimesTest, WallClockThatGoesThereAndBackLeavesTheAgeAsItWas) {
  begin();
  outage(hours(10));
  for (int i = 0; i < 10; ++i) {
    clock.jump(hours(-1));
    outage(seconds(30));
    clock.jump(hours(1));
    outage(seconds(30));
  }
  EXPECT_TRUE(serves());
  EXPECT_NEAR(static_cast<double>((clock.wall() - state().keys.fetched_at) / seconds(1)),
              static_cast<double>((hours(10) + minutes(10)) / seconds(1)), 10);
}

TEST_F(KeyTimesTest, WallClockFarAheadCostsNoMoreThanAFetchAnInterval) {
  begin();
  const auto before = fetcher.requests.size();
  clock.jump(hours(24 * 3'650));
  EXPECT_FALSE(serves()) << "too old by the wall clock, so a login asks for them";
  for (int i = 0; i < 600; ++i) {
    pass(seconds(1));
    request(published.back().front().generation);
    while (!fetcher.open.empty()) fetcher.answer_ok(kKeysOne);
  }
  EXPECT_TRUE(serves());
  EXPECT_LE(fetcher.requests.size() - before, 11U);
}

TEST_F(KeyTimesTest, ClockThatIsSlewedIsNoReasonToTellTheWorkers) {
  begin();
  const auto before = published.size();
  for (int i = 0; i < 20; ++i) {
    clock.jump(milliseconds(i % 2 == 0 ? 400 : -400));
    keeper().tick();
  }
  EXPECT_EQ(published.size(), before);
}

// F21: both clocks go on in a suspend (CLOCK_BOOTTIME).
TEST_F(KeyTimesTest, AfterASuspendNobodyIsLetInByKeysPastMaxStaleAndOneFetchIsMade) {
  auto corp = issuer_config("corp");
  corp.max_stale = hours(6);
  keeper().configure(config_of({corp}));
  keeper().tick();
  fetcher.answer_ok(kKeysOne);
  clock.advance(hours(8));
  const IssuerKeys& keys = published.back().front();
  ASSERT_FALSE(issuer::serves(issuer::freshness(corp, keys.fetched_at, std::nullopt, clock.wall())))
      << "the first login finds them too old, without waiting for the ticker";
  for (int i = 0; i < 100; ++i) request(keys.generation);
  keeper().tick();
  ASSERT_EQ(fetcher.open.size(), 1U) << "one fetch for all";
  fetcher.answer_ok(kKeysTwo);
  EXPECT_EQ(outcomes.size(), 100U);
  EXPECT_EQ(outcomes.back(), KeysOutcome::newer);
}

TEST_F(KeyTimesTest, AKeySetFromDiskIsAsOldAsItWasAndAgesByTheSteadyClock) {
  storage.stored["corp"] = {key_source(issuer_config("corp")),
                            key_place(issuer_config("corp")),
                            clock.wall() - hours(23),
                            {},
                            "",
                            kKeysOne};
  published.push_back(keeper().configure(config_of({issuer_config("corp")})));
  clock.jump(hours(-22));
  outage(minutes(2));
  outage(hours(1));
  EXPECT_FALSE(serves());
}

// A host of a fleet: its own keeper and random numbers, the fleet's clock.
struct Host {
  Host(const Clock& clock, unsigned seed)
      : random(seed),
        keeper(clock, journal, fetcher, storage,
               KeyKeeper::Hooks{
                   [](std::vector<IssuerKeys>, const std::function<void()>& done) { done(); },
                   [] {},
                   {},
                   [this] { return static_cast<std::uint32_t>(random()); }}) {}
  std::mt19937 random;
  testing::FakeJournal journal;
  testing::FakeFetcher fetcher;
  testing::FakeStorage storage;
  KeyKeeper keeper;
};

// Requests at the provider a second, of 1,000 hosts that all started in the same moment.
class FleetTest : public ::testing::Test {
 protected:
  FleetTest() {
    for (unsigned i = 0; i < 1'000; ++i) {
      hosts.push_back(std::make_unique<Host>(clock, i));
      hosts.back()->keeper.configure(config_of({issuer_config("corp")}));
    }
  }
  // The most requests of one second.
  std::size_t peak(seconds span, bool up) {
    std::size_t most = 0;
    for (seconds second{0}; second < span; ++second) {
      std::size_t requests = 0;
      for (const auto& host : hosts) {
        if (host->keeper.next_tick() > clock.steady()) continue;
        host->keeper.tick();
        for (; !host->fetcher.open.empty(); ++requests) {
          if (up) {
            host->fetcher.answer_ok(kKeysOne, {}, seconds(3'600));
          } else {
            host->fetcher.fail("HTTP status 503");
          }
        }
        host->fetcher.requests.clear();
      }
      most = std::max(most, requests);
      total += requests;
      clock.advance(seconds(1));
    }
    return most;
  }
  testing::FakeClock clock;
  std::vector<std::unique_ptr<Host>> hosts;
  std::size_t total = 0;
};

TEST_F(FleetTest, RefreshesAreSpreadOverTheQuarterBeforeTheEnd) {
  EXPECT_EQ(peak(seconds(1), true), 1'000U) << "nobody has keys, so everybody asks";
  total = 0;
  EXPECT_LE(peak(seconds(3'600), true), 15U);
  EXPECT_EQ(total, 1'000U) << "each once an hour";
  EXPECT_LE(peak(seconds(2 * 3'600), true), 15U);
}

TEST_F(FleetTest, AnOutageIsNoStormAndNeitherIsItsEnd) {
  peak(seconds(1), true);
  peak(seconds(2'699), true);
  total = 0;
  EXPECT_LE(peak(seconds(3'600), false), 60U);
  EXPECT_LE(total, 1'000U * 16U) << "each at most once in five minutes, after the first few";
  EXPECT_LE(peak(seconds(600), true), 20U);
}

// F21: laptops that are opened at nine, or a host of machines that is resumed.
TEST_F(FleetTest, ASuspendOfAllIsOneRequestOfEach) {
  peak(seconds(1), true);
  clock.advance(hours(8));
  total = 0;
  peak(seconds(60), true);
  EXPECT_EQ(total, 1'000U);
}

}  // namespace
}  // namespace latchkey::latchkeyd
