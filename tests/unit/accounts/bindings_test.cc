// SPDX-License-Identifier: Apache-2.0
#include "core/accounts/bindings.h"

#include <gtest/gtest.h>

namespace latchkey::accounts {
namespace {

const Subject kAlice{"https://id.example.com", "subject-1"};
const Subject kOther{"https://id.example.com", "subject-2"};

TEST(Bindings, FindsWhatWasBound) {
  const auto bindings = Bindings().with("alice", kAlice);
  ASSERT_NE(bindings.find("alice"), nullptr);
  EXPECT_EQ(*bindings.find("alice"), kAlice);
  EXPECT_EQ(bindings.find("alic"), nullptr);
  EXPECT_EQ(bindings.find("alice2"), nullptr);
  EXPECT_EQ(bindings.find(""), nullptr);
}

TEST(Bindings, ANewOneLeavesTheOldOneAsItWas) {
  const auto before = Bindings().with("alice", kAlice);
  const auto after = before.with("bob", kOther);
  EXPECT_EQ(before.size(), 1U);
  EXPECT_EQ(after.size(), 2U);
  EXPECT_EQ(before.find("bob"), nullptr);
}

TEST(Bindings, ASecondSubjectTakesTheNameOnlyWhereTheCallerSaysSo) {
  const auto bindings = Bindings().with("alice", kAlice).with("alice", kOther);
  EXPECT_EQ(bindings.size(), 1U);
  EXPECT_EQ(*bindings.find("alice"), kOther);
}

TEST(Bindings, RemovingANameKeepsTheOthers) {
  const auto bindings = Bindings().with("alice", kAlice).with("bob", kOther);
  EXPECT_EQ(bindings.without("alice").find("alice"), nullptr);
  EXPECT_EQ(*bindings.without("alice").find("bob"), kOther);
  EXPECT_EQ(bindings.without("carol").size(), 2U);
}

}  // namespace
}  // namespace latchkey::accounts
