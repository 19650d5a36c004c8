// SPDX-License-Identifier: Apache-2.0
//
// Many ends at once, and ends that nobody takes.
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/endd/ender.h"
#include "tests/unit/endd/ender_host.h"

namespace latchkey::endd {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using testing::EnderTest;
using ::testing::IsEmpty;
using testing::kLogin;
using testing::World;

TEST_F(EnderTest, ThoseThatAreToldTogetherShareALookAndNoneOfThemIsOverlooked) {
  // Since his shell left him alice's editor has no parent, and a terminal of its own.
  world.put({.pid = 510, .parent = 1, .start = 110, .session = 502, .uid = 1000});
  end(10);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_THAT(told[0], ::testing::StartsWith("3 of 1000"));
  const std::string other = "fedcba9876543210fedcba9876543210";
  world.put({.pid = 600, .parent = 400, .comm = "sshd", .start = 200});
  world.put({.pid = 601, .parent = 600, .comm = "sshd", .start = 201, .uid = 1000});
  world.put({.pid = 602, .parent = 601, .start = 202, .session = 602, .uid = 1000});
  world.note(World::text("sshd", "alice", "", 600, 200), other);
  now += Ender::kSeenFor;
  end(10, "session", other);
  EXPECT_EQ(looks, 1U);
  ASSERT_EQ(told.size(), 2U);
  EXPECT_THAT(told[1], ::testing::StartsWith("2 of 1000")) << "it began after the look";
  world.note(World::text(), "00000000000000000000000000000000");
  now += std::chrono::milliseconds(1);
  end(10, "session", "00000000000000000000000000000000");
  EXPECT_EQ(looks, 2U);
}

TEST_F(EnderTest, WhoIsToldIsWatchedAlready) {
  std::vector<std::string> order;
  ender = std::make_unique<Ender>(
      Ender::Parts{.checks = checks,
                   .sessions = logind,
                   .log = log,
                   .tell =
                       [&](auto, uid_t, std::string_view) {
                         order.emplace_back("told");
                         return std::size_t{1};
                       },
                   .signal =
                       [&](const ipc::control::SignalRequest&) {
                         order.emplace_back("watched");
                         return ipc::Result<ipc::control::SignalAnswer>({"ending", "", 3});
                       }});
  end(10);
  EXPECT_THAT(order, ElementsAre("watched", "told"));
}

TEST_F(EnderTest, WhatTheSignalsDoNotTakeIsNotEndingUntilTheyDo) {
  signal_answer = {{"refused", "too many sessions end just now", 0}};
  auto answer = ender->end({kLogin, 10, "revoked", "session"}, now);
  EXPECT_EQ(answer.outcome, "refused");
  EXPECT_EQ(answer.why, "latchkey-endd-signal: too many sessions end just now");
  EXPECT_EQ(told.size(), 1U);
  pass(Ender::kAskAgain);
  pass(Ender::kAskAgain);
  EXPECT_EQ(signalled.size(), 3U);
  EXPECT_EQ(end(10), "refused") << "and whoever asks hears of it";
  EXPECT_EQ(told.size(), 1U);
  signal_answer = {{"ending", "", 3}};
  pass(Ender::kAskAgain);
  EXPECT_EQ(signalled, std::vector<std::string>(4, "watch " + kLogin));
  EXPECT_EQ(end(10), "ending");
  pass(seconds(6));
  EXPECT_EQ(signalled.size(), 4U);
  pass(seconds(1));
  EXPECT_EQ(signalled.back(), kLogin) << "10 s after it was told";
}

TEST_F(EnderTest, EndThatTheSignalsDoNotTakeIsAskedForUntilTheyDo) {
  end(1);
  signal_answer = {{"refused", "too many sessions end just now", 0}};
  signalled.clear();
  for (int i = 0; i < 4; ++i) pass(seconds(1));
  EXPECT_EQ(signalled, std::vector<std::string>(4, kLogin));
  EXPECT_EQ(end(10), "refused");
  signal_answer = {{"ending", "", 3}};
  pass(seconds(1));
  EXPECT_EQ(end(10), "ending");
}

TEST_F(EnderTest, WhereNobodyAnswersThereTheOthersDoNotWaitForEach) {
  signal_answer = ipc::fault(ipc::FaultKind::system, "no such file");
  std::vector<std::string> logins{kLogin};
  for (int i = 0; i < 4; ++i) {
    logins.push_back(std::to_string(i + 1) + kLogin.substr(1));
    world.note(World::text(), logins.back());
  }
  for (const std::string& login : logins) EXPECT_EQ(end(60, "session", login), "refused");
  EXPECT_EQ(signalled.size(), 1U) << "of five";
  const SteadyTime began = now;
  run_until(began + seconds(20));
  EXPECT_GE(signalled.size(), 5U);
  EXPECT_LE(signalled.size(), 7U) << "after 1, 2 and 4 s, and each 4 s from then on";
  signal_answer = {{"ending", "", 3}};
  signalled.clear();
  run_until(began + seconds(20) + Ender::kQuietMost);
  EXPECT_EQ(signalled.size(), 5U);
  for (const std::string& login : logins) EXPECT_EQ(end(60, "session", login), "ending");
}

TEST_F(EnderTest, WhoLeavesUnwatchedIsOverAndNobodyIsAskedAboutHim) {
  signal_answer = {{"refused", "too many sessions end just now", 0}};
  end(10);
  world.end(500);
  signalled.clear();
  while (ender->next() != SteadyTime::max()) ender->tick(now = ender->next());
  EXPECT_THAT(signalled, IsEmpty());
}

TEST_F(EnderTest, SessionThatLogindHasByNowIsEndingThoughTheSignalsDidNotTakeIt) {
  signal_answer = {{"refused", "too many sessions end just now", 0}};
  EXPECT_EQ(end(10), "refused");
  logind.session = "c7";
  for (int i = 0; i < 10; ++i) pass(seconds(1));
  EXPECT_THAT(logind.done, ElementsAre("terminate c7"));
  EXPECT_EQ(end(10), "ending");
}

}  // namespace
}  // namespace latchkey::endd
