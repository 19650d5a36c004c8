// SPDX-License-Identifier: Apache-2.0
#include "core/accounts/mapping.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace latchkey::accounts {
namespace {

constexpr std::string_view kPasswd =
    "root:x:0:0::/root:/bin/sh\nalice:x:1000:1000:::\nbob:x:1001:1001:::\n";
constexpr std::string_view kGroup =
    "root:x:0:\nsudo:x:27:\ndocker:x:999:\ndevelopers:x:2000:\nsre:x:2001:\n";

claims::ValidatedClaims claims_of(std::vector<std::string> users,
                                  std::vector<std::string> groups = {}) {
  claims::ClaimsRecord record;
  record.issuer = "https://id.example.com";
  record.subject = "subject-1";
  record.users = std::move(users);
  record.groups = std::move(groups);
  return claims::ValidatedClaims::recall(std::move(record));
}

Expected<LocalIdentity> identify_as(const claims::ValidatedClaims& claims, const GroupMap& map,
                                    std::string_view user) {
  constexpr std::array<std::uint8_t, 16> kKey{};
  const auto nothing_revoked = revocation::RevocationSet::build({}, kKey);
  const auto current = revocation::current(claims, user, nothing_revoked);
  if (!current) return tl::unexpected(current.error());
  return identify(*current, map, user, LocalAccounts::parse(kPasswd, kGroup));
}

struct UserCase {
  std::string name;
  std::vector<std::string> users;
  std::string user;
  Reason want;
};

TEST(Mapping, TheTokenMustNameTheUserThatIsAskedFor) {
  const std::vector<UserCase> cases = {
      {"allowed for the only name", {"alice"}, "alice", Reason::allowed},
      {"allowed for the second name", {"al", "alice"}, "alice", Reason::allowed},
      {"allowed beside an unusable name", {"Al Ice", "alice"}, "alice", Reason::allowed},
      {"refused for another name", {"alice"}, "bob", Reason::user_mismatch},
      {"refused for root", {"alice"}, "root", Reason::user_mismatch},
      {"refused for a prefix", {"alice"}, "alic", Reason::user_mismatch},
      {"refused for a longer name", {"alice"}, "alice2", Reason::user_mismatch},
      {"refused for another case", {"alice"}, "ALICE", Reason::user_mismatch},
      {"refused for no name", {"alice"}, "", Reason::user_mismatch},
      {"refused for a blank behind the name", {"alice"}, "alice ", Reason::user_mismatch},
      {"refused for a joined list of names", {"alice,bob"}, "alice,bob", Reason::name_unusable},
      {"refused for an upper-case claim", {"Alice"}, "Alice", Reason::name_unusable},
      {"refused for an empty claim", {""}, "", Reason::name_unusable},
      {"refused without a claim", {}, "alice", Reason::name_unusable},
      {"refused for a name that this host lacks", {"carol"}, "carol", Reason::user_unknown},
      {"refused for a name that is none's and not there",
       {"alice"},
       "carol",
       Reason::user_mismatch},
  };
  for (const auto& c : cases) {
    const auto identity = identify_as(claims_of(c.users), {}, c.user);
    EXPECT_EQ(identity ? Reason::allowed : identity.error().reason, c.want) << c.name;
    if (identity) {
      EXPECT_EQ(identity->user, c.user) << c.name;
    }
  }
}

TEST(Mapping, TheUidIsTheLocalOne) {
  const auto identity = identify_as(claims_of({"alice"}), {}, "alice");
  ASSERT_TRUE(identity);
  EXPECT_EQ(identity->uid, 1000U);
}

struct GroupCase {
  std::string name;
  std::vector<std::string> values;
  std::vector<std::string> want;
  std::vector<std::uint32_t> gids;
};

TEST(Mapping, GroupsComeThroughTheMapOnly) {
  const GroupMap map{{{"0f3c", {"developers"}}, {"sre", {"sre", "docker"}}, {"gone", {"nogroup"}}}};
  const std::vector<GroupCase> cases = {
      {"none without a value", {}, {}, {}},
      {"one by a stable id", {"0f3c"}, {"developers"}, {2000}},
      {"several for one value", {"sre"}, {"sre", "docker"}, {2001, 999}},
      {"each once", {"sre", "sre"}, {"sre", "docker"}, {2001, 999}},
      {"a local group's own name gives nothing", {"sudo"}, {}, {}},
      {"root gives nothing", {"root"}, {}, {}},
      {"docker gives nothing by its name", {"docker"}, {}, {}},
      {"another case gives nothing", {"SRE"}, {}, {}},
      {"a value with a blank gives nothing", {"sre "}, {}, {}},
      {"joined values give nothing", {"sre,0f3c"}, {}, {}},
      {"a group that this host lacks is left out", {"gone", "0f3c"}, {"developers"}, {2000}},
  };
  for (const auto& c : cases) {
    const auto identity = identify_as(claims_of({"alice"}, c.values), map, "alice");
    ASSERT_TRUE(identity) << c.name;
    EXPECT_EQ(identity->groups, c.want) << c.name;
    EXPECT_EQ(identity->gids, c.gids) << c.name;
  }
}

TEST(Mapping, NamesTheMappedGroupsThatThisHostLacks) {
  const GroupMap map{{{"gone", {"nogroup", "developers"}}, {"gone2", {"nogroup"}}}};
  const auto claims = claims_of({"alice"}, {"gone", "gone2", "other"});
  const auto identity = identify_as(claims, map, "alice");
  ASSERT_TRUE(identity);
  EXPECT_EQ(identity->missing_groups, std::vector<std::string>{"nogroup"});
  EXPECT_EQ(identity->groups, std::vector<std::string>{"developers"});
}

TEST(Mapping, ARefusalShowsForeignNamesEscaped) {
  const auto identity = identify_as(claims_of({"al\nice"}), {}, "alice");
  ASSERT_FALSE(identity);
  EXPECT_EQ(identity.error().detail, "the user claim holds \"al\\x0aice\"");
}

}  // namespace
}  // namespace latchkey::accounts
