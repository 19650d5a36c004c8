// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/budgets.h"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace latchkey::latchkeyd {
namespace {

using namespace std::chrono_literals;

constexpr SteadyTime kStart{std::chrono::hours{1}};

config::BudgetConfig limits() {
  return {.verify_cpu_per_second = 50ms,
          .verify_cpu_burst = 500ms,
          .conversations = 16,
          .conversations_per_source = 4};
}

// As many tickets as there are for that lane, each from the next source.
std::vector<Budgets::Ticket> take_all(Budgets& budgets, Lane lane, std::string_view prefix,
                                      SteadyTime now) {
  std::vector<Budgets::Ticket> tickets;
  for (int i = 0; i < 100; ++i) {
    auto ticket = budgets.admit(std::string(prefix) + std::to_string(i), lane, limits(), now);
    if (!ticket) break;
    tickets.push_back(*std::move(ticket));
  }
  return tickets;
}

TEST(Budgets, ASourceHasItsOwnConversationsOnly) {
  Budgets budgets;
  std::vector<Budgets::Ticket> open;
  for (int i = 0; i < 4; ++i) {
    auto ticket = budgets.admit("a", Lane::sign_in, limits(), kStart);
    ASSERT_TRUE(ticket);
    open.push_back(*std::move(ticket));
  }
  EXPECT_FALSE(budgets.admit("a", Lane::sign_in, limits(), kStart));
  EXPECT_TRUE(budgets.admit("b", Lane::sign_in, limits(), kStart));
  EXPECT_TRUE(budgets.admit("a", Lane::later, limits(), kStart))
      << "nobody is asked in a later call";
  open.pop_back();
  EXPECT_TRUE(budgets.admit("a", Lane::sign_in, limits(), kStart));
}

TEST(Budgets, SlotsAreKeptForLaterCallsSudoAndSourcesNotSeenLately) {
  Budgets budgets;
  for (int i = 0; i < 4; ++i)
    EXPECT_TRUE(budgets.charge("known" + std::to_string(i), 1us, limits(), kStart));
  // 16 slots: 8 for all, 2 for later calls, 2 for sudo, 4 for fresh sources.
  EXPECT_EQ(take_all(budgets, Lane::sign_in, "fresh", kStart).size(), 12U);
  const auto flood = take_all(budgets, Lane::sign_in, "fresh", kStart + kSourceFreshAfter * 2);
  ASSERT_EQ(flood.size(), 12U);
  const SteadyTime now = kStart + kSourceFreshAfter - 1ns;
  EXPECT_FALSE(budgets.admit("known0", Lane::sign_in, limits(), now));
  const auto sudo = take_all(budgets, Lane::sudo, "sudo", now);
  EXPECT_EQ(sudo.size(), 2U);
  const auto later = take_all(budgets, Lane::later, "later", now);
  EXPECT_EQ(later.size(), 2U);
}

TEST(Budgets, ASourceIsFreshAgainAfterAWhile) {
  struct Case {
    std::string_view name;
    std::chrono::nanoseconds silence;
    bool want;
  };
  const Case cases[] = {
      {"refused while it was seen lately", kSourceFreshAfter - 1ns, false},
      {"let in when it was silent for long enough", kSourceFreshAfter, true},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    Budgets budgets;
    EXPECT_TRUE(budgets.charge("known", 1us, limits(), kStart));
    std::vector<Budgets::Ticket> shared;
    for (const std::string source : {"a", "b"}) {
      for (int i = 0; i < 4; ++i)
        shared.push_back(*budgets.admit(source, Lane::sign_in, limits(), kStart));
    }
    EXPECT_EQ(budgets.admit("known", Lane::sign_in, limits(), kStart + test.silence).has_value(),
              test.want);
  }
}

TEST(Budgets, ASlotComesBackToThePoolThatItWasTakenFrom) {
  Budgets budgets;
  auto shared = take_all(budgets, Lane::later, "x", kStart);
  ASSERT_EQ(shared.size(), 10U);
  shared.erase(shared.begin() + 8, shared.end());  // the two of the later calls
  EXPECT_TRUE(budgets.admit("x", Lane::later, limits(), kStart));
  EXPECT_TRUE(budgets.admit("y", Lane::sign_in, limits(), kStart)) << "a fresh source's own slot";
  shared.clear();
  EXPECT_EQ(take_all(budgets, Lane::sudo, "s", kStart).size(), 14U);
}

TEST(Budgets, VerificationsArePaidFromABucketThatRefills) {
  struct Case {
    std::string_view name;
    std::chrono::nanoseconds spent, wait, cost;
    bool want;
  };
  const Case cases[] = {
      {"a whole burst at once", 0ns, 0s, 500ms, true},
      {"nothing is left after the burst", 500ms, 0s, 1ns, false},
      {"a second brings its share", 500ms, 1s, 50ms, true},
      {"a second brings no more than its share", 500ms, 1s, 50ms + 1ns, false},
      {"half a second brings half of it", 500ms, 500ms, 25ms, true},
      {"a long silence fills up to the burst", 500ms, 24h, 500ms, true},
      {"years of silence fill it, too", 500ms, 24h * 10'000, 500ms, true},
      {"a cost above the burst is paid by a full bucket", 0ns, 0s, 600ms, true},
      {"a cost above the burst is not paid by less", 1ms, 0s, 600ms, false},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    Budgets budgets;
    ASSERT_TRUE(budgets.charge("a", test.spent, limits(), kStart));
    EXPECT_EQ(budgets.charge("a", test.cost, limits(), kStart + test.wait), test.want);
    EXPECT_TRUE(budgets.charge("b", 1ms, limits(), kStart + test.wait))
        << "another source has its own bucket";
  }
}

TEST(Budgets, WhatIsRefusedTakesNothing) {
  Budgets budgets;
  ASSERT_TRUE(budgets.charge("a", 400ms, limits(), kStart));
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(budgets.charge("a", 101ms, limits(), kStart));
  EXPECT_TRUE(budgets.charge("a", 100ms, limits(), kStart));
}

TEST(Budgets, TheNumberOfSourcesIsBoundedAndTheOldestGoesFirst) {
  Budgets budgets;
  ASSERT_TRUE(budgets.charge("first", 500ms, limits(), kStart));
  const auto open = budgets.admit("open", Lane::sign_in, limits(), kStart);
  ASSERT_TRUE(budgets.charge("open", 500ms, limits(), kStart));
  for (std::size_t i = 0; i < kSourcesMost + 10; ++i) {
    ASSERT_TRUE(budgets.charge("s" + std::to_string(i), 500ms, limits(), kStart));
  }
  EXPECT_EQ(budgets.sources(), kSourcesMost);
  EXPECT_TRUE(budgets.charge("first", 1ns, limits(), kStart)) << "forgotten, so it starts anew";
  EXPECT_FALSE(budgets.charge("open", 1ns, limits(), kStart))
      << "a source with an open conversation stays";
  EXPECT_FALSE(budgets.charge("s" + std::to_string(kSourcesMost), 1ns, limits(), kStart));
}

TEST(Source, SaysForWhomARequestIsMade) {
  struct Case {
    std::string_view name;
    LoginRequest a, b;
    bool a_sudo, b_sudo, same;
  };
  const auto ssh = [](std::string rhost, std::string user = "alice") {
    return LoginRequest{
        .service = "sshd", .user = std::move(user), .rhost = std::move(rhost), .tty = "ssh"};
  };
  const auto sudo = [](std::string ruser, std::string user = "root") {
    return LoginRequest{
        .service = "sudo", .user = std::move(user), .ruser = std::move(ruser), .tty = "/dev/pts/1"};
  };
  const Case cases[] = {
      {"the user that is asked for does not matter", ssh("192.0.2.1", "alice"),
       ssh("192.0.2.1", "bob"), false, false, true},
      {"two IPv4 addresses are two", ssh("192.0.2.1"), ssh("192.0.2.2"), false, false, false},
      {"an IPv6 /64 is one", ssh("2001:db8:0:1::1"), ssh("2001:db8:0:1:ffff::2"), false, false,
       true},
      {"two IPv6 /64 are two", ssh("2001:db8:0:1::1"), ssh("2001:db8:0:2::1"), false, false, false},
      {"the scope of a link-local address does not matter", ssh("fe80::1%eth0"),
       ssh("fe80::2%eth1"), false, false, true},
      {"an IPv4 address in IPv6 dress is itself", ssh("::ffff:192.0.2.1"), ssh("192.0.2.1"), false,
       false, true},
      {"two IPv4 addresses in IPv6 dress are two", ssh("::ffff:192.0.2.1"), ssh("::ffff:192.0.2.2"),
       false, false, false},
      {"all of this host's loopback addresses are one", ssh("127.1.2.3"), ssh("127.0.0.1"), false,
       false, true},
      {"in IPv6 dress, too", ssh("::ffff:127.1.2.3"), ssh("127.0.0.1"), false, false, true},
      {"and IPv6's own", ssh("::1"), ssh("127.0.0.1"), false, false, true},
      {"a host name is compared without case", ssh("Host.Example"), ssh("host.example"), false,
       false, true},
      {"sudo counts the invoking user", sudo("alice"), sudo("bob"), true, true, false},
      {"sudo's target does not matter", sudo("alice", "root"), sudo("alice", "www-data"), true,
       true, true},
      {"sudo does not count PAM_RHOST",
       LoginRequest{.service = "sudo", .ruser = "alice", .rhost = "a"},
       LoginRequest{.service = "sudo", .ruser = "alice", .rhost = "b"}, true, true, true},
      {"a user with the name of a host is not that host",
       LoginRequest{.service = "x", .ruser = "192.0.2.1"},
       LoginRequest{.service = "x", .rhost = "192.0.2.1"}, false, false, false},
      {"two services are two", LoginRequest{.service = "sshd", .rhost = "h"},
       LoginRequest{.service = "ftp", .rhost = "h"}, false, false, false},
      {"a terminal counts where nothing else is there",
       LoginRequest{.service = "login", .user = "a", .tty = "tty1"},
       LoginRequest{.service = "login", .user = "b", .tty = "tty1"}, false, false, true},
      {"two terminals are two", LoginRequest{.service = "login", .tty = "tty1"},
       LoginRequest{.service = "login", .tty = "tty2"}, false, false, false},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    EXPECT_EQ(source_of(test.a, test.a_sudo) == source_of(test.b, test.b_sudo), test.same)
        << source_of(test.a, test.a_sudo) << " " << source_of(test.b, test.b_sudo);
  }
}

}  // namespace
}  // namespace latchkey::latchkeyd
