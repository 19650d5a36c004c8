// SPDX-License-Identifier: Apache-2.0
#include "core/accounts/local_accounts.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace latchkey::accounts {
namespace {

using namespace std::string_literals;

struct UserCase {
  std::string name;
  std::string passwd;
  std::string user;
  std::optional<std::uint32_t> uid;
};

TEST(LocalUser, IsReadAsLibcReadsIt) {
  const std::vector<UserCase> cases = {
      {"found in the only line", "alice:x:1000:1001:A:/home/alice:/bin/sh\n", "alice", 1000},
      {"found without a newline at the end", "alice:x:1000:1001:::", "alice", 1000},
      {"found behind an empty line", "\n\nalice:x:1000:1001:::\n", "alice", 1000},
      {"found behind a broken line", "broken\nalice:x:1000:1001:::\n", "alice", 1000},
      {"the first entry of a name counts", "a:x:1:1:::\na:x:2:2:::\n", "a", 1},
      {"the highest id is found", "a:x:4294967294:1:::\n", "a", 4294967294U},
      {"the id that means none is not", "a:x:4294967295:1:::\n", "a", std::nullopt},
      {"an id beyond 32 bits is not", "a:x:4294967296:1:::\n", "a", std::nullopt},
      {"an id that would wrap to root is not", "a:x:18446744073709551616:1:::\n", "a",
       std::nullopt},
      {"a negative id is not", "a:x:-1:1:::\n", "a", std::nullopt},
      {"an empty id is not", "a:x::1:::\n", "a", std::nullopt},
      {"an id with a blank is not", "a:x: 0:1:::\n", "a", std::nullopt},
      {"a hex id is not", "a:x:0x0:1:::\n", "a", std::nullopt},
      {"a bad gid makes the line none", "a:x:1000:x:::\n", "a", std::nullopt},
      {"what stands behind the ids may be missing", "a:x:0:0\na:x:1000:1000:::\n", "a", 0},
      {"a line that ends before its gid is none", "a:x:1000\n", "a", std::nullopt},
      {"blanks before a name count for nothing", " \ta:x:0:0:::\na:x:1000:1000:::\n", "a", 0},
      {"an empty name is none", ":x:0:0:::\n", "", std::nullopt},
      {"a NIS line is none", "+alice::0:0:::\n", "+alice", std::nullopt},
      {"a NIS exclusion is none", "-alice::0:0:::\n", "-alice", std::nullopt},
      {"a comment is none", "#alice:x:0:0:::\n", "#alice", std::nullopt},
      {"a name with NUL is none", "ali\0ce:x:0:0:::\n"s, "ali\0ce"s, std::nullopt},
      {"a prefix of a name is none", "alice:x:1000:1000:::\n", "alic", std::nullopt},
      {"nothing in nothing", "", "alice", std::nullopt},
  };
  for (const auto& c : cases) {
    const auto accounts = LocalAccounts::parse(c.passwd, "");
    const auto* user = accounts.find_user(c.user);
    EXPECT_EQ(user != nullptr, c.uid.has_value()) << c.name;
    if (user != nullptr && c.uid) {
      EXPECT_EQ(user->uid, *c.uid) << c.name;
    }
  }
}

// libc reads each of these first lines, and takes "a" for root or for nobody we know.
TEST(LocalUser, IsNotTakenFromALaterLineWhereTheFirstCannotBeRead) {
  for (const std::string id : {" 0", "+0", "-0", "\t0", "4294967296", "-1"}) {
    const std::string later = "a:x:1000:1000:::\nb:x:1001:1001:::\n";
    const auto accounts = LocalAccounts::parse("a:x:" + id + ":0:::\n" + later, "");
    EXPECT_EQ(accounts.find_user("a"), nullptr) << id;
    EXPECT_NE(accounts.find_user("b"), nullptr) << id;
    const auto by_gid = LocalAccounts::parse("a:x:0:" + id + ":::\n" + later, "");
    EXPECT_EQ(by_gid.find_user("a"), nullptr) << id;
  }
}

TEST(LocalUser, KeepsNameAndPrimaryGroup) {
  const auto accounts = LocalAccounts::parse("alice:x:1000:1001:Alice:/home/alice:/bin/sh\n", "");
  const auto* user = accounts.find_user("alice");
  ASSERT_NE(user, nullptr);
  EXPECT_EQ(user->name, "alice");
  EXPECT_EQ(user->gid, 1001U);
}

TEST(LocalUser, IsASystemAccountBelow1000AndAsNobody) {
  const std::vector<std::pair<std::uint32_t, bool>> cases = {
      {0, true}, {999, true}, {1000, false}, {65533, false}, {65534, true}, {65535, false}};
  for (const auto& [uid, want] : cases)
    EXPECT_EQ((LocalUser{"a", uid, 0}.is_system()), want) << uid;
}

TEST(LocalGroup, IsReadAsLibcReadsIt) {
  const std::string group =
      "sre:x:2000:alice,bob\nsre:x:1:\nempty:x::\nshort:x:5\nodd:x: 0:\nodd:x:7:\n  wheel:x:10:\n";
  const auto accounts = LocalAccounts::parse("", group);
  EXPECT_EQ(accounts.find_group("sre"), 2000U) << "the first entry counts";
  EXPECT_EQ(accounts.find_group("wheel"), 10U);
  EXPECT_EQ(accounts.find_group("empty"), std::nullopt);
  EXPECT_EQ(accounts.find_group("short"), 5U) << "the members may be missing";
  EXPECT_EQ(accounts.find_group("odd"), std::nullopt) << "the first entry counts";
  EXPECT_EQ(accounts.find_group("alice"), std::nullopt);
}

}  // namespace
}  // namespace latchkey::accounts
