// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/decision_log.h"

#include <gtest/gtest.h>

namespace latchkey::latchkeyd {
namespace {

constexpr std::uint64_t kSeed = 1;  // these sources have places of their own

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

// Each from a source of its own.
void add(DecisionLog& log, LoggedDecision decision) {
  const std::string source = "sshd of " + decision.id;
  log.add(std::move(decision), source);
}

TEST(DecisionLog, KeepsTheLastOnesAndForgetsTheOldest) {
  DecisionLog log(3, kSeed);
  for (const char* id : {"1", "2", "3", "4"}) add(log, logged(id, "alice"));
  EXPECT_EQ(ids(log.last(10)), (Ids{"4", "3", "2"}));
  EXPECT_EQ(ids(log.last(2)), (Ids{"4", "3"}));
  EXPECT_FALSE(log.find("1"));
  ASSERT_TRUE(log.find("2"));
  EXPECT_EQ(log.find("2")->decision.reason, Reason::access_denied);
}

TEST(DecisionLog, FindsTheNewestOfTwoWithOneId) {
  DecisionLog log(3, kSeed);
  add(log, logged("1", "alice"));
  add(log, logged("1", "bob"));
  EXPECT_EQ(log.find("1")->request.user, "bob");
}

TEST(DecisionLog, GivesThoseOfOneUserAsTargetOrInvoker) {
  DecisionLog log(10, kSeed);
  add(log, logged("1", "alice"));
  add(log, logged("2", "bob"));
  add(log, logged("3", "root", "alice"));
  EXPECT_EQ(ids(log.last(10, "alice")), (Ids{"3", "1"}));
  EXPECT_EQ(ids(log.last(1, "alice")), (Ids{"3"}));
  EXPECT_TRUE(log.last(10, "carol").empty());
}

TEST(DecisionLog, CutsLongStringsAndGivesTheirMemoryBack) {
  DecisionLog log(1, kSeed);
  auto entry = logged("1", std::string(65'536, 'u'));
  entry.decision.detail = std::string(65'536, 'd');
  entry.decision.binding = NewBinding{"alice", "https://i", std::string(65'536, 's')};
  add(log, std::move(entry));
  const auto found = log.find("1");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->request.user.size(), 256U);
  EXPECT_EQ(found->decision.detail.size(), 1'024U);
  EXPECT_EQ(found->decision.detail.substr(1'021), "...");
  EXPECT_LT(found->request.user.capacity(), 1'024U);
  EXPECT_FALSE(found->decision.binding);
}

// Found as: 1,001 words of junk from one source, and `explain` knew of nobody else's request.
TEST(DecisionLog, FloodOfOneSourceLeavesTheRequestsOfOthersAlone) {
  DecisionLog log(8, kSeed);
  for (const char* id : {"1", "2", "3", "4", "5"}) add(log, logged(id, "alice"));
  for (int i = 0; i < 1'000; ++i) log.add(logged("junk" + std::to_string(i), "bob"), "attacker");
  EXPECT_EQ(ids(log.last(10)), (Ids{"junk999", "junk998", "5", "4", "3", "2", "1"}));
  add(log, logged("6", "alice"));
  EXPECT_EQ(ids(log.last(10)), (Ids{"6", "junk999", "junk998", "5", "4", "3", "2", "1"}));
  EXPECT_FALSE(log.find("junk997"));
  // A source that has its quarter takes no place of another's, though what it has is not the
  // oldest.
  log.add(logged("junk", "bob"), "attacker");
  EXPECT_EQ(ids(log.last(10)), (Ids{"junk", "6", "junk999", "5", "4", "3", "2", "1"}));
  add(log, logged("7", "alice"));
  EXPECT_EQ(ids(log.last(10)), (Ids{"7", "junk", "6", "junk999", "5", "4", "3", "2"}));
}

TEST(DecisionLog, SourceThatWasPushedOutBeginsAnew) {
  DecisionLog log(4, kSeed);
  log.add(logged("first", "bob"), "somebody");
  for (const char* id : {"1", "2", "3", "4"}) add(log, logged(id, "alice"));
  EXPECT_FALSE(log.find("first"));
  log.add(logged("second", "bob"), "somebody");
  log.add(logged("third", "bob"), "somebody");
  EXPECT_EQ(ids(log.last(10)), (Ids{"third", "4", "3", "2"}));
}

TEST(DecisionLog, OtherCapacityKeepsWhoseEachDecisionIs) {
  DecisionLog log(8, kSeed);
  add(log, logged("1", "alice"));
  for (const char* id : {"a", "b", "c"}) log.add(logged(id, "bob"), "somebody");
  log.set_capacity(1'000);
  EXPECT_EQ(ids(log.last(10)), (Ids{"c", "b", "1"}));
  log.set_capacity(4);
  EXPECT_EQ(ids(log.last(10)), (Ids{"c", "1"}));
  log.add(logged("d", "bob"), "somebody");
  EXPECT_EQ(ids(log.last(10)), (Ids{"d", "1"}));
}

TEST(DecisionLog, SmallerCapacityForgetsTheOldest) {
  DecisionLog log(3, kSeed);
  for (const char* id : {"1", "2", "3"}) add(log, logged(id, "alice"));
  log.set_capacity(1);
  EXPECT_EQ(ids(log.last(10)), (Ids{"3"}));
  log.set_capacity(0);
  add(log, logged("4", "alice"));
  EXPECT_TRUE(log.last(10).empty());
}

}  // namespace
}  // namespace latchkey::latchkeyd
