// SPDX-License-Identifier: Apache-2.0
#include "core/base/reason.h"

#include <set>
#include <string_view>

#include <gtest/gtest.h>

namespace latchkey {
namespace {

TEST(ReasonTable, EveryRowStandsAtItsEnumerator) {
  for (const auto& entry : reasons()) {
    EXPECT_EQ(&row(entry.reason), &entry) << entry.code;
    EXPECT_EQ(find_reason(entry.code), entry.reason);
  }
}

TEST(ReasonTable, CodesAreSnakeCaseAndUnique) {
  std::set<std::string_view> seen;
  for (const auto& entry : reasons()) {
    EXPECT_TRUE(seen.insert(entry.code).second) << entry.code;
    EXPECT_EQ(entry.code.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string_view::npos)
        << entry.code;
  }
}

TEST(ReasonTable, SentencesAreThereAndEndWithoutAFullStop) {
  for (const auto& entry : reasons()) {
    ASSERT_FALSE(entry.user.empty()) << entry.code;
    ASSERT_FALSE(entry.administrator.empty()) << entry.code;
    EXPECT_NE(entry.user.back(), '.') << entry.code;
    EXPECT_NE(entry.administrator.back(), '.') << entry.code;
    EXPECT_FALSE(entry.clause.empty()) << entry.code;
  }
}

TEST(ReasonTable, AnUnknownCodeHasNoReason) { EXPECT_FALSE(find_reason("no_such_reason")); }

}  // namespace
}  // namespace latchkey
