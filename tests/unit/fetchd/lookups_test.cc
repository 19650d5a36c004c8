// SPDX-License-Identifier: Apache-2.0
//
// Look-ups that hang: bounded, counted until they have ended, and nobody else's trouble.
#include "daemon/fetchd/lookups.h"

#include <poll.h>

#include <condition_variable>
#include <fstream>
#include <mutex>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace latchkey::fetchd {
namespace {

using namespace std::chrono_literals;

// A name server that is silent about some names until it is told to answer.
class FakeResolver {
 public:
  Addresses operator()(const std::string& host) {
    std::unique_lock lock(mutex_);
    ++asked_;
    changed_.wait(lock, [&] { return silent_.count(host) == 0; });
    if (given_up_.count(host) != 0)
      return tl::unexpected(
          HttpFailure{.cause = "not told", .retry_after = {}, .unreachable = true});
    return std::vector<std::string>{"192.0.2.1"};
  }
  void be_silent(const std::string& host) {
    const std::lock_guard lock(mutex_);
    silent_.insert(host);
  }
  void give_up(const std::string& host) {
    const std::lock_guard lock(mutex_);
    silent_.erase(host);
    given_up_.insert(host);
    changed_.notify_all();
  }
  void answer_all() {
    const std::lock_guard lock(mutex_);
    silent_.clear();
    given_up_.clear();
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::string> silent_;
  std::set<std::string> given_up_;
  int asked_ = 0;
};

class LookupsTest : public ::testing::Test {
 protected:
  ~LookupsTest() override {
    resolver->answer_all();
    settle();
  }

  auto find(const std::string& issuer, const std::string& host) {
    return lookups.find(issuer, host, now);
  }
  Addresses answer(const Lookups::Lookup& lookup) {
    while (!Lookups::result(lookup)) wait();
    return *Lookups::result(lookup);
  }
  void settle() {
    for (lookups.settle(now); lookups.outstanding() > 0; lookups.settle(now)) wait();
  }
  void wait() {
    pollfd waited{lookups.event(), POLLIN, 0};
    ::poll(&waited, 1, -1);
    lookups.settle(now);
  }

  std::shared_ptr<FakeResolver> resolver = std::make_shared<FakeResolver>();
  Lookups lookups{[resolver = resolver](const std::string& host) { return (*resolver)(host); }};
  Lookups::Clock::time_point now{1h};
};

TEST_F(LookupsTest, TellsTheAddressesAndEnds) {
  const auto lookup = find("a", "a.example");
  ASSERT_TRUE(lookup);
  EXPECT_EQ(answer(**lookup).value(), std::vector<std::string>{"192.0.2.1"});
  settle();
  EXPECT_EQ(lookups.outstanding(), 0U);
}

TEST_F(LookupsTest, AnEndIsStillToldWhereAnotherOneIsBegunMeanwhile) {
  const auto first = find("a", "a.example");
  ASSERT_TRUE(first);
  pollfd waited{lookups.event(), POLLIN, 0};
  ASSERT_EQ(::poll(&waited, 1, -1), 1);
  resolver->be_silent("b.example");
  ASSERT_TRUE(find("b", "b.example"));
  EXPECT_EQ(lookups.outstanding(), 1U) << "the first one is counted no more";
  EXPECT_EQ(::poll(&waited, 1, 0), 1) << "who waits for it is still woken";
}

TEST_F(LookupsTest, WhoeverNeedsTheSameNameSharesOneLookup) {
  resolver->be_silent("a.example");
  const auto first = find("a", "a.example");
  now += Lookups::kHangsAfter - 1ms;
  const auto second = find("b", "a.example");
  ASSERT_TRUE(first && second);
  EXPECT_EQ(*first, *second);
  EXPECT_EQ(lookups.outstanding(), 1U);
  now += 1ms;
  const auto third = find("a", "a.example");
  ASSERT_TRUE(third);
  EXPECT_NE(*third, *first) << "one that hangs is not waited for again";
}

TEST_F(LookupsTest, LookupsOfOneHostThatHangAreBoundedWhoeverHasGivenThemUp) {
  resolver->be_silent("a.example");
  for (std::size_t i = 0; i < Lookups::kOfHostMost; ++i) {
    ASSERT_TRUE(find("a", "a.example"));
    now += Lookups::kHangsAfter;
  }
  for (int i = 0; i < 100; ++i) {
    const auto more = find(i % 2 == 0 ? "a" : "b", "a.example");
    ASSERT_FALSE(more);
    EXPECT_EQ(more.error().cause,
              "name look-up: a.example: 3 look-ups of this name hang: no name server tells it");
    EXPECT_FALSE(more.error().unreachable) << "no look-up has ended that told nothing";
    now += i < 20 ? 100ms : 1h;
  }
  EXPECT_EQ(lookups.outstanding(), Lookups::kOfHostMost);
  const auto other = find("b", "b.example");
  ASSERT_TRUE(other);
  EXPECT_TRUE(answer(**other)) << "another name is told meanwhile";
  resolver->answer_all();
  settle();
  EXPECT_TRUE(find("a", "a.example")) << "until they have ended";
}

TEST_F(LookupsTest, ThoseThatHangSpeakForANameServerThatToldNothingAsLongAsItWasAskedJustNow) {
  resolver->give_up("a.example");
  ASSERT_TRUE(find("a", "a.example"));
  settle();
  resolver->be_silent("a.example");
  for (std::size_t i = 0; i < Lookups::kOfHostMost; ++i) {
    ASSERT_TRUE(find("a", "a.example"));
    if (i + 1 < Lookups::kOfHostMost) now += Lookups::kHangsAfter;
  }
  for (const bool silent : {true, false}) {
    now += silent ? Lookups::kSilentFor - 1ms : 1ms;
    const auto more = find("a", "a.example");
    ASSERT_FALSE(more);
    EXPECT_EQ(more.error().unreachable, silent);
  }
}

// Where the first of the host's name servers is gone each look-up takes 5 s, and tells.
TEST_F(LookupsTest, ANameIsUntoldForAMinuteAfterALookupThatToldNothingAndUntilOneTells) {
  EXPECT_FALSE(lookups.untold("a.example", now));
  resolver->give_up("a.example");
  ASSERT_TRUE(find("a", "a.example"));
  settle();
  EXPECT_TRUE(lookups.untold("a.example", now));
  EXPECT_FALSE(lookups.untold("b.example", now));
  EXPECT_TRUE(lookups.untold("a.example", now + Lookups::kUntoldFor - 1ms));
  EXPECT_FALSE(lookups.untold("a.example", now + Lookups::kUntoldFor));
  resolver->answer_all();
  ASSERT_TRUE(find("a", "a.example"));
  settle();
  EXPECT_FALSE(lookups.untold("a.example", now));
}

// The first of the host's name servers may be gone, and each look-up take 5 s.
TEST_F(LookupsTest, AnAnswerThatCameTooLateServesWhoeverNeedsItNext) {
  resolver->be_silent("a.example");
  const auto late = find("a", "a.example");
  ASSERT_TRUE(late);
  now += Lookups::kHangsAfter;
  const auto hangs = find("a", "a.example");
  ASSERT_TRUE(hangs);
  EXPECT_NE(*hangs, *late);
  resolver->answer_all();
  settle();
  resolver->be_silent("a.example");
  now += Lookups::kLateKept - 1ms;
  for (const auto* issuer : {"a", "b"}) {
    const auto next = find(issuer, "a.example");
    ASSERT_TRUE(next);
    EXPECT_EQ(*next, *late);
  }
  EXPECT_EQ(lookups.outstanding(), 0U);
  now += 1ms;
  const auto anew = find("a", "a.example");
  ASSERT_TRUE(anew);
  EXPECT_NE(*anew, *late);
}

TEST_F(LookupsTest, AnAnswerInTimeServesNobodyElse) {
  const auto first = find("a", "a.example");
  ASSERT_TRUE(first);
  settle();
  EXPECT_NE(*find("a", "a.example"), *first) << "each name is looked up anew";
}

TEST_F(LookupsTest, OneIssuersLookupsAreBoundedAndThatIsNotTakenForAnOutage) {
  for (std::size_t i = 0; i <= Lookups::kOfIssuerMost; ++i)
    resolver->be_silent("host" + std::to_string(i));
  for (std::size_t i = 0; i < Lookups::kOfIssuerMost; ++i)
    ASSERT_TRUE(find("a", "host" + std::to_string(i)));
  const std::string last = "host" + std::to_string(Lookups::kOfIssuerMost);
  const auto more = find("a", last);
  ASSERT_FALSE(more);
  EXPECT_FALSE(more.error().unreachable);
  EXPECT_TRUE(find("b", last)) << "another issuer has its own";
}

TEST_F(LookupsTest, EveryIssuerCanHaveItsOwnAndAllTogetherAreBounded) {
  const auto host = [](std::size_t i) { return "host" + std::to_string(i); };
  for (std::size_t i = 0; i <= Lookups::kInAllMost; ++i) resolver->be_silent(host(i));
  for (std::size_t i = 0; i < Lookups::kInAllMost; ++i)
    ASSERT_TRUE(find("issuer" + std::to_string(i / Lookups::kOfIssuerMost), host(i))) << i;
  const auto more = find("one more", host(Lookups::kInAllMost));
  ASSERT_FALSE(more);
  EXPECT_FALSE(more.error().unreachable);
  EXPECT_EQ(lookups.outstanding(), Lookups::kInAllMost);
}

// The service manager's bound would refuse threads to all issuers alike.
TEST(LookupsOfTheUnit, HasRoomForAllOfThemAndMore) {
  std::ifstream unit(LATCHKEY_FETCHD_UNIT);
  std::size_t tasks = 0;
  for (std::string line; std::getline(unit, line);) {
    if (line.starts_with("TasksMax=")) tasks = std::stoul(line.substr(9));
  }
  constexpr std::size_t kOthers = 16;  // the main thread, and what libraries may want
  EXPECT_GE(tasks, Lookups::kInAllMost + kOthers);
}

TEST(ResolveBySystem, GivesAnAddressAsItIs) {
  EXPECT_EQ(resolve_by_system("127.0.0.1").value(), std::vector<std::string>{"127.0.0.1"});
  EXPECT_EQ(resolve_by_system("::1").value(), std::vector<std::string>{"::1"});
}

TEST(ResolveBySystem, ANameThatNobodyCanHaveIsNotFound) {
  const auto addresses = resolve_by_system("a..b");
  ASSERT_FALSE(addresses);
  EXPECT_TRUE(addresses.error().cause.starts_with("name look-up: a..b: "))
      << addresses.error().cause;
}

}  // namespace
}  // namespace latchkey::fetchd
