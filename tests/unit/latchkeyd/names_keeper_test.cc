// SPDX-License-Identifier: Apache-2.0
//
// The names file as the control plane keeps it: what is written and when, what counts before and
// after, and what a disk that takes nothing does to it.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/accounts/new_account.h"
#include "daemon/latchkeyd/service/names_keeper.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/latchkeyd/fakes.h"

namespace latchkey::latchkeyd {
namespace {

using accounts::AccountState;
using accounts::Names;
using accounts::ServedNames;
using testing::FakeClock;
using testing::FakeJournal;
using testing::TestLoop;

constexpr std::string_view kPasswd = "root:x:0:0:::\nlocal:x:1000:1000:::\n";
constexpr std::string_view kGroup = "root:x:0:\ndocker:x:990:\n";

struct FakeStore final : NamesStore {
  tl::expected<Names, std::string> load() override {
    if (!unreadable.empty()) return tl::unexpected(unreadable);
    return names;
  }
  tl::expected<void, std::string> save(const Names& next) override {
    if (half) names = next;  // it was renamed, and the folder could not be synced
    if (!full.empty()) return tl::unexpected(full);
    names = next;
    changed = false;
    ++saved;
    return {};
  }
  bool touched() const override { return changed; }
  const std::string& path() const override { return where; }

  Names names;
  std::string unreadable;
  std::string full;
  bool half = false;
  bool changed = false;
  int saved = 0;
  std::string where = "/names";
};

class NamesKeeperTest : public ::testing::Test {
 protected:
  NamesKeeperTest() { config.accounts.make = true; }

  void start() {
    keeper.emplace(
        NamesKeeper::Parts{
            .control = loop,
            .disk = disk,
            .clock = clock,
            .journal = journal,
            .store = store,
            .publish =
                [this](const std::function<void()>& done) {
                  ++published;
                  done();
                },
            .last_seen = [this](std::string_view user) -> std::shared_ptr<const LastSeen> {
              const auto found = seen.find(user);
              return found == seen.end() ? nullptr : found->second;
            },
            .revoked = [this](std::string_view user, const LastSeen*) { return user == revoked; }},
        std::make_shared<const config::Config>(config), local());
    keeper->tick();
    run();
  }

  AccountsFiles::Read local() const {
    return {
        std::make_shared<const accounts::LocalAccounts>(
            accounts::LocalAccounts::parse(passwd, kGroup)),
        std::make_shared<const accounts::TakenNames>(accounts::TakenNames::parse(passwd, kGroup)),
        sources, unknown, 1};
  }

  void run() {
    while (loop.run_ready() + disk.run_ready() > 0) {
    }
  }

  // The reason, "" where it was made.
  std::string make(const std::string& user) {
    std::string outcome = "no answer";
    keeper->change(
        [user](const ServedNames& names) -> tl::expected<Names, Error> {
          auto made = accounts::new_account(user, names);
          if (!made) return fail(Reason::account_conflict, made.error());
          return accounts::with_change(names.names(), {user, *made, {}}).value();
        },
        [&](const Expected<void>& result) {
          outcome = result ? "" : std::string(code(result.error().reason));
        });
    run();
    return outcome;
  }

  AccountState state_of(std::string_view user) const {
    return keeper->names()->names().find_user(user)->state;
  }

  config::Config config;
  accounts::NameSwitch sources;
  std::string unknown;
  std::string passwd{kPasswd};
  FakeClock clock;
  FakeJournal journal;
  FakeStore store;
  TestLoop loop;
  TestLoop disk;
  std::map<std::string, std::shared_ptr<const LastSeen>, std::less<>> seen;
  std::string revoked = "nobody-of-them";
  int published = 0;
  std::optional<NamesKeeper> keeper;
};

TEST_F(NamesKeeperTest, TheConfigurationIsWrittenFirst) {
  config.accounts.groups = {"ops", "docker"};
  start();
  EXPECT_EQ(store.saved, 1);
  const auto& content = store.names.content();
  EXPECT_TRUE(content.settings.provisional);
  ASSERT_EQ(content.groups.size(), 1U);
  EXPECT_EQ(keeper->accounts()->find_group("ops"), content.groups[0].gid);
}

TEST_F(NamesKeeperTest, AHostThatMakesNoneWritesNothing) {
  config.accounts.make = false;
  start();
  EXPECT_EQ(store.saved, 0);
  EXPECT_NE(keeper->names(), nullptr);
}

TEST_F(NamesKeeperTest, AnAccountIsOnTheDiskBeforeAnybodyIsTold) {
  start();
  bool told = false;
  keeper->change(
      [](const ServedNames& names) -> tl::expected<Names, Error> {
        return accounts::with_change(names.names(),
                                     {"erin", accounts::new_account("erin", names).value(), {}})
            .value();
      },
      [&](const Expected<void>& result) { told = result.has_value(); });
  loop.run_ready();
  EXPECT_FALSE(told);
  EXPECT_EQ(keeper->accounts()->find_user("erin"), nullptr);
  disk.run_ready();
  EXPECT_NE(store.names.find_user("erin"), nullptr);
  EXPECT_FALSE(told);
  run();
  EXPECT_TRUE(told);
  EXPECT_NE(keeper->accounts()->find_user("erin"), nullptr);
}

TEST_F(NamesKeeperTest, WhatComesTogetherIsOneWriting) {
  start();
  int told = 0;
  for (const std::string name : {"erin", "frank", "docker"}) {
    keeper->change(
        [name](const ServedNames& names) -> tl::expected<Names, Error> {
          auto made = accounts::new_account(name, names);
          if (!made) return fail(Reason::account_conflict, made.error());
          return accounts::with_change(names.names(), {name, *made, {}}).value();
        },
        [&](const Expected<void>& result) { told += result ? 1 : 10; });
  }
  run();
  EXPECT_EQ(told, 12);
  EXPECT_EQ(store.saved, 2);
  EXPECT_EQ(store.names.content().users.size(), 2U);
}

TEST_F(NamesKeeperTest, ADiskThatTakesNothingMakesNothing) {
  start();
  store.full = "no room";
  EXPECT_EQ(make("erin"), "state_unavailable");
  EXPECT_EQ(keeper->accounts()->find_user("erin"), nullptr);
  EXPECT_EQ(keeper->state().error, "no room");
  store.full.clear();
  EXPECT_EQ(make("erin"), "");
  EXPECT_EQ(keeper->state().error, "");
}

// Or an id that others were shown would be given away again.
TEST_F(NamesKeeperTest, WhatADiskHasAfterAFailedWritingCounts) {
  start();
  store.full = "the folder is gone";
  store.half = true;
  EXPECT_EQ(make("erin"), "state_unavailable");
  EXPECT_NE(keeper->accounts()->find_user("erin"), nullptr);
}

TEST_F(NamesKeeperTest, AFileThatSomebodyElseChangedIsWrittenAnew) {
  start();
  EXPECT_EQ(make("erin"), "");
  const Names good = store.names;
  store.names = Names();
  store.changed = true;
  const int before = store.saved;
  clock.advance(std::chrono::minutes(2));
  keeper->tick();
  run();
  EXPECT_EQ(store.names.content(), good.content());
  EXPECT_EQ(store.saved, before + 1);
  EXPECT_EQ(journal.count("the names file was changed by another hand; it is written anew"), 1U);
  clock.advance(std::chrono::minutes(2));
  keeper->tick();
  run();
  EXPECT_EQ(store.saved, before + 1);
}

TEST_F(NamesKeeperTest, AHostThatMakesNoneTakesWhatSomebodyElseWrites) {
  config.accounts.make = false;
  start();
  accounts::NamesContent content = keeper->names()->names().content();
  content.users.push_back({"erin", 2'000'000'001, 2'000'000'001, AccountState::active, 0,
                           "/home/erin", "/bin/bash", ""});
  store.names = Names::make(std::move(content)).value();
  store.changed = true;
  clock.advance(std::chrono::minutes(2));
  keeper->tick();
  run();
  EXPECT_NE(keeper->accounts()->find_user("erin"), nullptr);
  EXPECT_EQ(store.saved, 0);
  // Half of another one is none.
  store.unreadable = "cut";
  clock.advance(std::chrono::minutes(2));
  keeper->tick();
  run();
  EXPECT_NE(keeper->accounts()->find_user("erin"), nullptr);
  EXPECT_EQ(keeper->state().error, "cut");
}

TEST_F(NamesKeeperTest, AnEditOnAHostThatMakesNoneLeavesTheRestAsItIs) {
  config.accounts.make = false;
  accounts::NamesContent content;
  content.settings = {
      .enumerate = true, .ids = {70'000, 79'999}, .home = "/u/%u", .shell = "/bin/sh"};
  content.users.push_back(
      {"erin", 70'001, 70'001, AccountState::active, 0, "/u/erin", "/bin/sh", ""});
  content.groups.push_back({"theirs", 70'002});
  content.members.push_back({"theirs", "erin"});
  store.names = Names::make(content).value();
  start();
  EXPECT_EQ(store.saved, 0);
  keeper->change(
      [](const ServedNames& names) -> tl::expected<Names, Error> {
        return accounts::with_state(names.names(), "erin", AccountState::active, 7).value();
      },
      [](const Expected<void>&) {});
  run();
  content.users[0].since = 7;
  EXPECT_EQ(store.names.content(), content);
}

TEST_F(NamesKeeperTest, WhereOtherSourcesAreNotKnownNoneIsMade) {
  unknown = "/etc/subuid cannot be read";
  start();
  EXPECT_FALSE(store.names.content().settings.provisional);
  EXPECT_EQ(keeper->state().unknown_source, unknown);
}

TEST_F(NamesKeeperTest, ADiskThatFailsInEachWayLosesNoNameAndAnswersEverybody) {
  start();
  EXPECT_EQ(make("erin"), "");
  store.full = store.unreadable = "no descriptors";
  EXPECT_EQ(make("frank"), "state_unavailable");
  EXPECT_NE(keeper->accounts()->find_user("erin"), nullptr);
  EXPECT_EQ(keeper->accounts()->find_user("frank"), nullptr);
  store.full.clear();
  store.unreadable.clear();
  clock.advance(std::chrono::minutes(2));
  keeper->tick();
  run();
  EXPECT_EQ(make("frank"), "");
}

TEST_F(NamesKeeperTest, AnImportNeedsNoFileAndNoAccountsOfItsOwn) {
  config.accounts.make = false;
  start();
  EXPECT_TRUE(accounts::usable_range(keeper->names()->names().content().settings.ids));
  keeper->change(
      [](const ServedNames& names) -> tl::expected<Names, Error> {
        accounts::NamesContent content = names.names().content();
        content.users.push_back({"erin", 2'000'000'001, 2'000'000'001, AccountState::active, 0,
                                 "/home/erin", "/bin/bash", ""});
        return Names::make(std::move(content)).value();
      },
      [](const Expected<void>&) {});
  run();
  EXPECT_NE(store.names.find_user("erin"), nullptr);
}

TEST_F(NamesKeeperTest, ItIsKnownWhenANameBecameFree) {
  start();
  EXPECT_EQ(make("erin"), "");
  EXPECT_EQ(keeper->loosened_at(), WallTime{});
  clock.advance(std::chrono::hours(1));
  keeper->change(
      [](const ServedNames& names) -> tl::expected<Names, Error> {
        return accounts::without(names.names(), "erin").value();
      },
      [](const Expected<void>&) {});
  run();
  EXPECT_EQ(keeper->loosened_at(), clock.wall());
  clock.advance(std::chrono::hours(1));
  config.accounts.ids = "1900000000-1999999999";
  keeper->configure(std::make_shared<const config::Config>(config));
  run();
  EXPECT_EQ(keeper->loosened_at(), clock.wall());
  clock.advance(std::chrono::hours(1));
  passwd += "hand:x:5000:5000:::\n";
  keeper->take_local(local());
  run();
  EXPECT_EQ(keeper->loosened_at(), clock.wall() - std::chrono::hours(1));
  passwd = kPasswd;
  keeper->take_local(local());
  EXPECT_EQ(keeper->loosened_at(), clock.wall());
}

TEST_F(NamesKeeperTest, AFileThatCannotBeUsedIsNotWrittenOver) {
  store.unreadable = "damaged";
  start();
  EXPECT_EQ(keeper->names(), nullptr);
  EXPECT_NE(keeper->accounts()->find_user("local"), nullptr);
  EXPECT_EQ(make("erin"), "state_unavailable");
  EXPECT_EQ(store.saved, 0);
  store.unreadable.clear();
  clock.advance(std::chrono::minutes(2));
  keeper->tick();
  run();
  EXPECT_EQ(make("erin"), "");
}

TEST_F(NamesKeeperTest, AnotherSourceOfNamesKeepsThemFromBeingShown) {
  start();
  EXPECT_TRUE(store.names.content().settings.provisional);
  sources = accounts::NameSwitch::parse("passwd: files ldap systemd\n");
  keeper->take_local(local());
  run();
  EXPECT_FALSE(store.names.content().settings.provisional);
  EXPECT_EQ(keeper->state().unknown_source, "ldap");
}

TEST_F(NamesKeeperTest, ALocalUserOfThatNameWins) {
  start();
  EXPECT_EQ(make("erin"), "");
  passwd += "erin:x:5000:5000:::\n";
  keeper->take_local(local());
  EXPECT_EQ(keeper->accounts()->find_user("erin")->uid, 5'000U);
  run();
  EXPECT_NE(store.names.find_user("erin"), nullptr);
}

TEST_F(NamesKeeperTest, StatesFollowWhatIsKnown) {
  config.accounts.lock_unseen_after = std::chrono::hours(24);
  start();
  EXPECT_EQ(make("erin"), "");
  const auto look = [&] {
    keeper->look_at_states();
    run();
  };
  seen["erin"] = std::make_shared<const LastSeen>(LastSeen{{}, clock.wall()});
  look();
  EXPECT_EQ(state_of("erin"), AccountState::active);
  revoked = "erin";
  look();
  EXPECT_EQ(state_of("erin"), AccountState::revoked);
  revoked.clear();
  look();
  EXPECT_EQ(state_of("erin"), AccountState::active);
  clock.advance(std::chrono::hours(25));
  const auto row = std::exchange(seen["erin"], nullptr);
  look();
  EXPECT_EQ(state_of("erin"), AccountState::active) << "nothing is known of the last sign-in";
  seen["erin"] = row;
  look();
  EXPECT_EQ(state_of("erin"), AccountState::unseen);
  seen["erin"] = nullptr;
  look();
  EXPECT_EQ(state_of("erin"), AccountState::unseen);
  seen["erin"] = std::make_shared<const LastSeen>(LastSeen{{}, clock.wall()});
  look();
  EXPECT_EQ(state_of("erin"), AccountState::active);
}

}  // namespace
}  // namespace latchkey::latchkeyd
