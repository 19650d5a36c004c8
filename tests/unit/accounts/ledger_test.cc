// SPDX-License-Identifier: Apache-2.0
//
// How the names of a host change, and what an account of a new name would be.
#include "core/accounts/ledger.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "core/accounts/new_account.h"

namespace latchkey::accounts {
namespace {

constexpr IdRange kRange{1'879'048'192, 2'147'352'575};
constexpr std::uint32_t kIdOfAlice = 1'972'521'211;
const NamesSettings kSettings{.enumerate = false,
                              .provisional = true,
                              .ids = kRange,
                              .home = "/home/%u",
                              .shell = "/bin/bash"};

NamesUser user(std::string name, std::uint32_t id, AccountState state = AccountState::active) {
  return {.name = name,
          .uid = id,
          .gid = id,
          .state = state,
          .since = 0,
          .home = "/home/" + name,
          .shell = "/bin/bash",
          .real_name = ""};
}

Names names(std::vector<NamesUser> users = {}, std::vector<NamesGroup> groups = {},
            std::vector<NamesMember> members = {}) {
  return Names::make({kSettings, std::move(users), std::move(groups), std::move(members)}).value();
}

std::shared_ptr<const TakenNames> taken(std::string_view passwd, std::string_view group) {
  return std::make_shared<const TakenNames>(TakenNames::parse(passwd, group));
}

ServedNames served(const Names& names, std::string_view passwd = "local:x:1000:1000:::\n",
                   std::string_view group = "docker:x:990:\nroot:x:0:\n") {
  return {std::make_shared<const Names>(names), taken(passwd, group)};
}

TEST(NewAccount, HasTheComputedIdAndTheSettingsHomeAndShell) {
  const auto made = new_account("alice", served(names()));
  ASSERT_TRUE(made.has_value()) << made.error();
  EXPECT_EQ(*made, user("alice", kIdOfAlice));
}

TEST(NewAccount, IsNotMadeWhereAnythingStandsInTheWay) {
  struct Case {
    std::string name;
    std::string user;
    ServedNames names;
    std::string why;
  };
  const std::vector<Case> cases = {
      {"a name that means rights", "docker", served(names()), "such a name"},
      {"a name of the system's", "systemd-oom", served(names()), "such a name"},
      {"a name with a mark", "_apt", served(names()), "such a name"},
      {"a name of ours", "latchkey-admin", served(names()), "such a name"},
      {"an unusable name", "Alice", served(names()), "such a name"},
      {"a blank", "al ice", served(names()), "such a name"},
      {"a local user", "local", served(names()), "local files"},
      {"a local group", "alice", served(names(), "", "alice:x:5000:\n"), "group of that name"},
      {"a group of the file", "alice", served(names({}, {{"alice", 2'000'000'000}})),
       "group of that name"},
      {"a local uid", "alice", served(names(), "x:x:1972521211:1:::\n"), "given away"},
      {"a local gid", "alice", served(names(), "", "x:x:1972521211:\n"), "given away"},
      {"another's uid", "alice", served(names({user("bob", kIdOfAlice)})), "that of \"bob\""},
      {"a group's gid", "alice", served(names({}, {{"ops", kIdOfAlice}})), "group \"ops\""},
      {"an account that was removed", "alice",
       served(names({user("alice", kIdOfAlice, AccountState::removed)})), "was removed"},
      {"an account whose id is local by now", "alice",
       served(names({user("alice", kIdOfAlice)}), "x:x:1972521211:1:::\n"), "given away"},
      {"no range of ids", "alice", served(Names()), "could not be computed"},
  };
  for (const Case& c : cases) {
    const auto made = new_account(c.user, c.names);
    ASSERT_FALSE(made.has_value()) << c.name;
    EXPECT_NE(made.error().find(c.why), std::string::npos) << c.name << ": " << made.error();
    EXPECT_FALSE(c.names.free_id(c.user).has_value()) << c.name;
  }
}

TEST(Ledger, AnAccountIsMadeWithItsMemberships) {
  const Names before = names({}, {{"developers", 2'000'000'000}});
  const NamesChange change{"alice", user("alice", kIdOfAlice), {"developers", "docker"}};
  EXPECT_FALSE(holds(before, change));
  const auto after = with_change(before, change);
  ASSERT_TRUE(after.has_value()) << after.error().what;
  EXPECT_EQ(after->content().users, std::vector{user("alice", kIdOfAlice)});
  EXPECT_EQ(after->content().members,
            (std::vector<NamesMember>{{"developers", "alice"}, {"docker", "alice"}}));
  EXPECT_TRUE(holds(*after, {"alice", {}, {"developers", "docker"}}));
}

TEST(Ledger, MembershipsAreThoseOfTheLastSignIn) {
  const Names before = names({user("alice", kIdOfAlice), user("bob", 2'000'000'001)},
                             {{"developers", 2'000'000'000}},
                             {{"developers", "alice"}, {"developers", "bob"}, {"docker", "alice"}});
  const NamesChange change{"alice", {}, {"docker"}};
  EXPECT_TRUE(takes_away(before, change));
  EXPECT_FALSE(takes_away(before, {"alice", {}, {"developers", "docker", "more"}}));
  const auto after = with_change(before, change);
  ASSERT_TRUE(after.has_value());
  EXPECT_EQ(after->content().members,
            (std::vector<NamesMember>{{"developers", "bob"}, {"docker", "alice"}}));
  EXPECT_FALSE(with_change(before, {"carol", {}, {}}).has_value());
}

TEST(Ledger, AnAccountKeepsItsIds) {
  const Names before = names({user("alice", kIdOfAlice)});
  EXPECT_FALSE(with_change(before, {"alice", user("alice", 2'000'000'000), {}}).has_value());
  EXPECT_FALSE(with_change(before, {"bob", user("bob", kIdOfAlice), {}}).has_value());
  const auto again = with_change(before, {"alice", user("alice", kIdOfAlice), {}});
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->content(), before.content());
}

TEST(Ledger, OnlyGroupsThatMayBeServedAreKept) {
  const auto known = served(names({user("bob", 2'000'000'001)}, {{"ops", 2'000'000'000}}));
  EXPECT_EQ(file_groups({"ops", "docker", "root", "bob", "nosuch", "ops"}, known),
            (std::vector<std::string>{"docker", "ops"}));
}

TEST(Ledger, StatesKeepTheIdsAndARemovedOneIsNotServed) {
  const Names before =
      names({user("alice", kIdOfAlice)}, {{"ops", 2'000'000'000}}, {{"ops", "alice"}});
  const auto removed = with_state(before, "alice", AccountState::removed, 7);
  ASSERT_TRUE(removed.has_value());
  EXPECT_TRUE(removed->content().members.empty());
  const auto shown = served(*removed);
  EXPECT_EQ(shown.find_user("alice"), nullptr);
  EXPECT_EQ(shown.find_uid(kIdOfAlice), nullptr);
  EXPECT_FALSE(shown.find_group("alice").has_value());
  EXPECT_FALSE(shown.find_gid(kIdOfAlice).has_value());
  const auto back = with_state(*removed, "alice", AccountState::active, 8);
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(served(*back).find_user("alice")->uid, kIdOfAlice);
  EXPECT_EQ(served(*back).find_user("alice")->since, 8);
  EXPECT_FALSE(with_state(before, "bob", AccountState::locked, 7).has_value());
  EXPECT_FALSE(with_state(*removed, "alice", AccountState::locked, 7).has_value())
      << "it would be served again";
  for (const auto state : {AccountState::locked, AccountState::unseen, AccountState::revoked})
    EXPECT_TRUE(with_state(before, "alice", state, 7)->content().members.empty());
  const auto without_her = without(*removed, "alice");
  ASSERT_TRUE(without_her.has_value());
  EXPECT_EQ(served(*without_her).free_id("alice"), kIdOfAlice);
}

TEST(Ledger, GroupsOfTheConfigurationAreMadeOnceAndStay) {
  const std::vector<std::string> wanted{"developers", "docker", "alice", "ops"};
  const auto local = taken("", "docker:x:990:\n");
  const auto made = fitted(names({user("alice", kIdOfAlice)}), kSettings, wanted, *local);
  ASSERT_TRUE(made.has_value()) << made.error().what;
  ASSERT_EQ(made->names.content().groups.size(), 2U);
  EXPECT_EQ(made->names.find_group("ops")->gid, id_of("ops", kRange));
  ASSERT_EQ(made->refused.size(), 1U);
  EXPECT_EQ(made->refused[0], "group \"alice\": a user has that name");
  const auto with_member = with_change(made->names, {"alice", {}, {"developers", "ops"}});
  const auto later = fitted(*with_member, kSettings, std::vector<std::string>{"ops"}, *local);
  ASSERT_TRUE(later.has_value());
  EXPECT_EQ(later->names.content().groups.size(), 2U);
  EXPECT_EQ(later->names.content().members, (std::vector<NamesMember>{{"ops", "alice"}}));
}

TEST(Ledger, AnotherHostsNamesComeWholeOrNotAtAll) {
  const Names mine = names({user("alice", kIdOfAlice)}, {{"ops", 2'000'000'000}});
  const Names other =
      names({user("alice", kIdOfAlice), user("bob", 2'000'000'001, AccountState::locked)},
            {{"ops", 2'000'000'000}, {"developers", 2'000'000'002}});
  const auto all = merged(served(mine), other, 9);
  ASSERT_TRUE(all.has_value());
  EXPECT_EQ(all->users, std::vector<std::string>{"bob"});
  EXPECT_EQ(all->groups, std::vector<std::string>{"developers"});
  const auto* bob = all->names.find_user("bob");
  EXPECT_TRUE(bob->state == AccountState::locked && bob->since == 9);

  const auto conflicts = [&](const Names& theirs, std::string_view passwd = "",
                             std::string_view group = "") {
    const auto failed = merged(served(mine, passwd, group), theirs, 9);
    return failed ? std::vector<std::string>{} : failed.error();
  };
  EXPECT_EQ(conflicts(names({user("alice", 2'000'000'005), user("carol", 2'000'000'006)})).size(),
            1U);
  EXPECT_EQ(conflicts(names({user("bob", kIdOfAlice)})).size(), 1U);
  EXPECT_EQ(conflicts(names({user("bob", 2'000'000'000)})).size(), 1U);
  EXPECT_EQ(conflicts(names({user("bob", 2'000'000'001)}), "bob:x:5:5:::\n").size(), 1U);
  EXPECT_EQ(conflicts(names({user("bob", 2'000'000'001)}), "x:x:2000000001:5:::\n").size(), 1U);
  EXPECT_EQ(conflicts(names({user("wheel", 2'000'000'001)})).size(), 1U);
  EXPECT_EQ(conflicts(names({}, {{"ops", 2'000'000'009}})).size(), 1U);
  EXPECT_EQ(conflicts(names({}, {{"developers", kIdOfAlice}})).size(), 1U);
  EXPECT_EQ(conflicts(names({}, {{"alice", 2'000'000'009}})).size(), 1U);
}

// Whatever is done in whatever order: what comes of it is a names file, and no name ever changes
// its id.
TEST(Ledger, AlwaysMakesANamesFile) {
  const std::vector<std::string> words{"alice", "bob", "carol", "ops", "dev", "docker", "nosuch"};
  std::mt19937 draw(7);
  const auto word = [&] { return words[draw() % words.size()]; };
  Names now = names();
  const auto local = taken("", "docker:x:990:\n");
  for (int i = 0; i < 4'000; ++i) {
    tl::expected<Names, NamesFault> next = now;
    const std::string name = word();
    const auto known = ServedNames(std::make_shared<const Names>(now), local);
    switch (draw() % 5) {
      case 0:
        if (const auto made = new_account(name, known))
          next = with_change(now, {name, *made, file_groups({word(), word()}, known)});
        break;
      case 1:
        next = with_change(now, {name, {}, file_groups({word(), word()}, known)});
        break;
      case 2:
        next = with_state(now, name, static_cast<AccountState>(draw() % 5), i);
        break;
      case 3:
        if (auto fit = fitted(now, kSettings, std::vector<std::string>{word(), word()}, *local))
          next = std::move(fit->names);
        else
          FAIL() << fit.error().what;
        break;
      default:
        if (draw() % 8 == 0) next = without(now, name);
    }
    if (!next) {
      EXPECT_TRUE(next.error().what.starts_with("there is no account")) << next.error().what;
      continue;
    }
    for (const NamesUser& user : next->content().users) {
      const NamesUser* before = now.find_user(user.name);
      if (before != nullptr) {
        EXPECT_EQ(before->uid, user.uid);
      }
    }
    now = *std::move(next);
    const auto text = write(now);
    ASSERT_TRUE(text.has_value());
    const auto again = Names::parse(*text);
    ASSERT_TRUE(again.has_value()) << again.error().what;
    ASSERT_EQ(again->content(), now.content());
  }
}

}  // namespace
}  // namespace latchkey::accounts
