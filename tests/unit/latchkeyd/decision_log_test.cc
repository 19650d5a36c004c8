// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/decision_log.h"

#include <gtest/gtest.h>

namespace latchkey::latchkeyd {
namespace {

LoggedDecision logged(std::string id, std::string user, std::string ruser = {}) {
  LoggedDecision logged;
  logged.id = std::move(id);
  logged.request.user = std::move(user);
  logged.request.ruser = std::move(ruser);
  logged.decision.reason = Reason::access_denied;
  return logged;
}

std::vector<std::string> ids(const std::vector<LoggedDecision>& list) {
  std::vector<std::string> ids;
  for (const auto& entry : list) ids.push_back(entry.id);
  return ids;
}

using Ids = std::vector<std::string>;

TEST(DecisionLog, KeepsTheLastOnesAndForgetsTheOldest) {
  DecisionLog log(3);
  for (const char* id : {"1", "2", "3", "4"}) log.add(logged(id, "alice"));
  EXPECT_EQ(ids(log.last(10)), (Ids{"4", "3", "2"}));
  EXPECT_EQ(ids(log.last(2)), (Ids{"4", "3"}));
  EXPECT_FALSE(log.find("1"));
  ASSERT_TRUE(log.find("2"));
  EXPECT_EQ(log.find("2")->decision.reason, Reason::access_denied);
}

TEST(DecisionLog, FindsTheNewestOfTwoWithOneId) {
  DecisionLog log(3);
  log.add(logged("1", "alice"));
  log.add(logged("1", "bob"));
  EXPECT_EQ(log.find("1")->request.user, "bob");
}

TEST(DecisionLog, GivesThoseOfOneUserAsTargetOrInvoker) {
  DecisionLog log(10);
  log.add(logged("1", "alice"));
  log.add(logged("2", "bob"));
  log.add(logged("3", "root", "alice"));
  EXPECT_EQ(ids(log.last(10, "alice")), (Ids{"3", "1"}));
  EXPECT_EQ(ids(log.last(1, "alice")), (Ids{"3"}));
  EXPECT_TRUE(log.last(10, "carol").empty());
}

TEST(DecisionLog, CutsLongStringsAndGivesTheirMemoryBack) {
  DecisionLog log(1);
  auto entry = logged("1", std::string(65'536, 'u'));
  entry.decision.detail = std::string(65'536, 'd');
  entry.decision.binding = NewBinding{"alice", "https://i", std::string(65'536, 's')};
  log.add(std::move(entry));
  const auto found = log.find("1");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->request.user.size(), 256U);
  EXPECT_EQ(found->decision.detail.size(), 1'024U);
  EXPECT_EQ(found->decision.detail.substr(1'021), "...");
  EXPECT_LT(found->request.user.capacity(), 1'024U);
  EXPECT_FALSE(found->decision.binding);
}

TEST(DecisionLog, SmallerCapacityForgetsTheOldest) {
  DecisionLog log(3);
  for (const char* id : {"1", "2", "3"}) log.add(logged(id, "alice"));
  log.set_capacity(1);
  EXPECT_EQ(ids(log.last(10)), (Ids{"3"}));
  log.set_capacity(0);
  log.add(logged("4", "alice"));
  EXPECT_TRUE(log.last(10).empty());
}

}  // namespace
}  // namespace latchkey::latchkeyd
