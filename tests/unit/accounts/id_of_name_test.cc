// SPDX-License-Identifier: Apache-2.0
//
// What is made of a name: its id in a range, its home.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/accounts/names_file.h"

namespace latchkey::accounts {
namespace {

// Worked out by another hand: the line of Python in docs/NAMES.md.
TEST(IdOfAName, IsWhatThePageSays) {
  constexpr IdRange kWide{1'879'048'192, 2'147'352'575};
  EXPECT_EQ(id_of("alice", kWide), 1'972'521'211U);
  EXPECT_EQ(id_of("alice", (IdRange{1000, 1000})), 1000U);
  for (const auto* name : {"a", "bob", "carol", "x-1.y_z"}) {
    const auto id = id_of(name, (IdRange{70'000, 70'009}));
    EXPECT_GE(*id, 70'000U) << name;
    EXPECT_LE(*id, 70'009U) << name;
  }
}

TEST(IdOfAName, ComesOutOfUsableRangesOnly) {
  EXPECT_TRUE(usable_range({1000, 60'000}));
  EXPECT_TRUE(usable_range({65'536, 524'287}));
  EXPECT_TRUE(usable_range({1'879'048'192, 2'147'352'575}));
  EXPECT_TRUE(usable_range({2'147'418'112, 2'147'483'647}));
  for (const IdRange range : std::vector<IdRange>{{65'536, 2'147'483'647},
                                                  {524'287, 524'288},
                                                  {1'879'048'191, 1'879'048'192},
                                                  {2'000'000'000, 2'147'352'576},
                                                  {1000, 60'001},
                                                  {60'000, 65'536},
                                                  {65'535, 70'000},
                                                  {70'000, 69'999}})
    EXPECT_FALSE(usable_range(range)) << range.low;
}

TEST(HomeOfAName, HasItInPlaceOfTheToken) {
  EXPECT_EQ(home_of("/home/%u", "alice"), "/home/alice");
  EXPECT_EQ(home_of("/srv/%u/home", "alice"), "/srv/alice/home");
}

}  // namespace
}  // namespace latchkey::accounts
