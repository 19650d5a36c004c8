// SPDX-License-Identifier: Apache-2.0
//
// A thousand hosts of one provider, each with its key keeper, its clocks and its chance: what the
// provider sees of them all when they boot together, when their clocks jump (F20), when they wake
// from a night (F21), and when it was away. A second of simulated time is a step.
#include "daemon/latchkeyd/service/key_keeper.h"

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/latchkeyd/fakes.h"
#include "tests/unit/latchkeyd/key_fakes.h"

namespace latchkey::latchkeyd {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::config_of;
using testing::FakeClock;
using testing::FakeFetcher;
using testing::FakeJournal;
using testing::FakeStorage;
using testing::issuer_config;
using testing::kKeysOne;

constexpr std::size_t kHosts = 1'000;

struct HostOfFleet {
  explicit HostOfFleet(unsigned seed)
      : random(seed),
        keeper(clock, journal, fetcher, storage,
               KeyKeeper::Hooks{[](auto /*keys*/, auto done) { done(); },
                                [] {},
                                {},
                                [this] { return static_cast<std::uint32_t>(random()); }}) {}

  // How often it asked the provider in this step, which is up or not.
  std::size_t step(bool up) {
    const std::size_t before = fetcher.requests.size();
    if (clock.steady() >= keeper.next_tick()) keeper.tick();
    while (!fetcher.open.empty()) {
      if (up) {
        fetcher.answer_ok(kKeysOne);
      } else {
        fetcher.fail("connection refused");
      }
    }
    clock.advance(seconds(1));
    return fetcher.requests.size() - before;
  }

  FakeClock clock;
  FakeJournal journal;
  FakeFetcher fetcher;
  FakeStorage storage;
  std::mt19937 random;
  KeyKeeper keeper;
};

class KeyFleetTest : public ::testing::Test {
 protected:
  KeyFleetTest() {
    for (unsigned number = 0; number < kHosts; ++number) {
      hosts.push_back(std::make_unique<HostOfFleet>(number));
      hosts.back()->keeper.configure(config_of({issuer_config("corp")}));
    }
  }

  struct Seen {
    std::size_t all = 0;
    std::size_t in_a_second = 0;  // the most
    std::size_t of_a_host = 0;    // the most
  };
  Seen run(seconds length, bool up = true) {
    Seen seen;
    std::vector<std::size_t> of_each(hosts.size());
    for (seconds now{0}; now < length; now += seconds(1)) {
      std::size_t together = 0;
      for (std::size_t number = 0; number < hosts.size(); ++number) {
        const std::size_t asked = hosts[number]->step(up);
        together += asked;
        of_each[number] += asked;
      }
      seen.all += together;
      seen.in_a_second = std::max(seen.in_a_second, together);
    }
    seen.of_a_host = *std::max_element(of_each.begin(), of_each.end());
    return seen;
  }
  template <typename Act>
  void each(Act act) {
    for (const auto& host : hosts) act(*host);
  }

  std::vector<std::unique_ptr<HostOfFleet>> hosts;
};

// Refreshes come between 225 and 270 s of a lifetime of 300 s: 45 s to spread 1,000 hosts over.
TEST_F(KeyFleetTest, RefreshesOfHostsThatBootedTogetherAreSpread) {
  run(seconds(1));
  const Seen first = run(seconds(280));
  EXPECT_EQ(first.of_a_host, 1U);
  EXPECT_EQ(first.all, kHosts);
  EXPECT_LT(first.in_a_second, kHosts / 20);
}

TEST_F(KeyFleetTest, WallClocksThatJumpTogetherBringNoFetchMore) {
  run(minutes(10));
  for (const auto jump : {hours(1), hours(-1), hours(24 * 3'650), hours(-24 * 3'650)}) {
    each([&](HostOfFleet& host) { host.clock.jump(jump); });
    const Seen after = run(minutes(10));
    EXPECT_LE(after.of_a_host, 3U) << "225 s apart at least, as without a jump";
    EXPECT_LT(after.in_a_second, kHosts / 20);
  }
}

TEST_F(KeyFleetTest, NightOfSleepIsOneFetchOfEachAndNoKeyLivesLongerForIt) {
  run(minutes(10));
  each([](HostOfFleet& host) { host.clock.advance(hours(8)); });
  each([](HostOfFleet& host) {
    const KeyState state = host.keeper.states().front();
    const auto old = issuer::age(state.keys.fetched_at, host.clock.wall());
    EXPECT_GT(old, hours(8)) << "the keys are as old as they are, whatever slept";
  });
  const Seen woken = run(minutes(3));
  EXPECT_EQ(woken.of_a_host, 1U);
  EXPECT_EQ(woken.all, kHosts);
}

TEST_F(KeyFleetTest, ProviderThatComesBackIsNotMetByAllAtOnce) {
  run(minutes(10));
  const Seen away = run(hours(1), false);
  EXPECT_LE(away.of_a_host, 60U) << "at most one in an interval";
  EXPECT_LT(away.all, kHosts * 20) << "and far fewer, by the backoff";
  const Seen back = run(minutes(7));
  EXPECT_LT(back.in_a_second, kHosts / 20);
  each([](HostOfFleet& host) { EXPECT_FALSE(host.keeper.states().front().last_error); });
}

}  // namespace
}  // namespace latchkey::latchkeyd
