// SPDX-License-Identifier: Apache-2.0
//
// What the local files have given away, by every line that anybody could read.
#include "core/accounts/taken_names.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace latchkey::accounts {
namespace {

struct UidCase {
  std::string name;
  std::string passwd;
  std::uint32_t uid;
  bool taken;
};

TEST(TakenNames, CountEveryUidThatLibcCouldRead) {
  const std::vector<UidCase> cases = {
      {"taken by a line", "a:x:5000:1:::\n", 5000, true},
      {"taken by a later line of a name", "a:x:1:1:::\na:x:5000:1:::\n", 5000, true},
      {"taken with a blank before it", "a:x: 5000:1:::\n", 5000, true},
      {"taken with a plus", "a:x:+5000:1:::\n", 5000, true},
      {"taken with zeros before it", "a:x:0005000:1:::\n", 5000, true},
      {"taken with something behind it", "a:x:5000x:1:::\n", 5000, true},
      {"taken in a line that ends early", "a:x:5000\n", 5000, true},
      {"taken by a last line without its end", "a:x:5000:1:::", 5000, true},
      {"not taken by a comment", "#a:x:5000:1:::\n", 5000, false},
      {"not taken by a NIS line", "+a:x:5000:1:::\n", 5000, false},
      {"not taken by a gid", "a:x:1:5000:::\n", 5000, false},
      {"not taken by what is no number", "a:x:x5000:1:::\n", 5000, false},
      {"not taken by more than an id holds", "a:x:4294972296:1:::\n", 5000, false},
      {"not taken in nothing", "", 5000, false},
  };
  for (const auto& c : cases)
    EXPECT_EQ(TakenNames::parse(c.passwd, "").has_uid(c.uid), c.taken) << c.name;
}

TEST(TakenNames, CountGidsOfGroupsAndOfUsers) {
  const auto taken = TakenNames::parse("a:x:1:5000:::\n", "g:x:5001:\ng:x:5002:\n");
  EXPECT_TRUE(taken.has_gid(5000));
  EXPECT_TRUE(taken.has_gid(5001));
  EXPECT_TRUE(taken.has_gid(5002));
  EXPECT_FALSE(taken.has_gid(1));
}

TEST(TakenNames, KnowWhatSubordinateRangesHave) {
  const TakenNames none;
  EXPECT_FALSE(none.is_subordinate(100'000));
  const auto taken = none.with_subordinate("alice:100000:65536\nodd\n#x:7000:5\nno:7000:0\n",
                                           "1000:200000:1\nwide:2000000000:4294967295");
  for (const std::uint32_t id : {100'000U, 165'535U, 200'000U, 2'000'000'000U, 4'294'967'295U})
    EXPECT_TRUE(taken.is_subordinate(id)) << id;
  for (const std::uint32_t id : {99'999U, 165'536U, 200'001U, 7'000U, 1'999'999'999U})
    EXPECT_FALSE(taken.is_subordinate(id)) << id;
  EXPECT_FALSE(taken.has_uid(100'000));
  EXPECT_TRUE(taken.has_subordinate("alice", 5));
  EXPECT_TRUE(taken.has_subordinate("bob", 1'000));
  EXPECT_FALSE(taken.has_subordinate("bob", 5));
}

TEST(TakenNames, CountNamesWhateverTheirNumbersAre) {
  const auto taken = TakenNames::parse("a:x:no:no:::\n", "g:x:no:\n");
  EXPECT_TRUE(taken.has_user("a"));
  EXPECT_FALSE(taken.has_user("g"));
  EXPECT_TRUE(taken.has_group("g"));
  EXPECT_FALSE(taken.has_group("a"));
}

TEST(TakenNames, TellGroupsThatAreNotRoots) {
  const auto taken = TakenNames::parse(
      "", "docker:x:990:\nroot:x:0:\nodd:x:no:\ntwice:x:5:\ntwice:x:0:\nwheel:x:00:\n");
  EXPECT_TRUE(taken.has_plain_group("docker"));
  for (const auto* name : {"root", "odd", "twice", "wheel", "none"})
    EXPECT_FALSE(taken.has_plain_group(name)) << name;
}

}  // namespace
}  // namespace latchkey::accounts
