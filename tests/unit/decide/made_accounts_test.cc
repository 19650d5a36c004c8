// SPDX-License-Identifier: Apache-2.0
//
// Who has no account on this host yet, and what stands in the names file of those who have one.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/decide/judge_cases.h"

namespace latchkey::test {
namespace {

using accounts::AccountState;
using accounts::NamesContent;
using accounts::NamesUser;
using judge_test::Case;
using judge_test::changed;
using judge_test::expect;
using judge_test::judged;
using judge_test::sign_in;

constexpr accounts::IdRange kRange{1'879'048'192, 2'147'352'575};
const std::string kMakes = "accounts: { make: true }\n";
const std::int64_t kLongAgo = 1'600'000'000;

std::uint32_t id_of(std::string_view name) { return accounts::id_of(name, kRange).value(); }

NamesUser user(std::string name, AccountState state = AccountState::active, std::uint32_t id = 0,
               std::int64_t since = kLongAgo) {
  const std::uint32_t uid = id == 0 ? id_of(name) : id;
  return {name, uid, uid, state, since, "/home/" + name, "/bin/bash", ""};
}

NamesContent file(std::vector<NamesUser> users = {}, bool shown = true) {
  return {.settings = {.enumerate = false,
                       .provisional = shown,
                       .ids = kRange,
                       .home = "/home/%u",
                       .shell = "/bin/bash"},
          .users = std::move(users),
          .groups = {{"oidc-ops", 2'000'000'000}},
          .members = {}};
}

Host host(NamesContent names, std::string settings = kMakes) {
  Host out{.settings = std::move(settings)};
  out.names = std::move(names);
  return out;
}

TEST(MadeAccounts, AFirstSignInAsksForAnAccount) {
  const auto decision = judged({"", host(file()), sign_in("erin"), claims_of("erin"), {}, ""});
  ASSERT_TRUE(decision.allowed()) << decision.detail;
  ASSERT_TRUE(decision.names_change.has_value());
  ASSERT_TRUE(decision.names_change->made.has_value());
  EXPECT_EQ(decision.names_change->made->uid, id_of("erin"));
  EXPECT_EQ(decision.names_change->made->since, 1'700'000'000);
  EXPECT_EQ(decision.names_change->groups, std::vector<std::string>{"developers"});
  EXPECT_EQ(decision.identity->uid, id_of("erin"));
  EXPECT_TRUE(decision.binding.has_value());
}

TEST(MadeAccounts, AreNotMadeForWhoIsNotLetIn) {
  expect({
      {"not made without a rule", host(file()), sign_in("erin"),
       changed("erin", [](auto& c) { c.groups.clear(); }), Reason::access_denied, "login"},
      {"not made for another's token", host(file()), sign_in("erin"), claims_of("frank"),
       Reason::user_mismatch, ""},
      {"not made where the configuration does not", host(file(), ""), sign_in("erin"),
       claims_of("erin"), Reason::user_unknown, ""},
      {"not made where the file is not known",
       {.settings = kMakes},
       sign_in("erin"),
       claims_of("erin"),
       Reason::user_unknown,
       ""},
      {"not made where another source may know the name", host(file({}, false)), sign_in("erin"),
       claims_of("erin"), Reason::user_unknown, ""},
      {"not made for a name that means rights", host(file()), sign_in("docker"),
       claims_of("docker"), Reason::account_conflict, ""},
      {"not made for a name that the configuration reserves",
       host(file(), "accounts: { make: true, reserved: [ erin ] }\n"), sign_in("erin"),
       claims_of("erin"), Reason::account_conflict, ""},
      {"not made with an id that is another's",
       host(file({user("frank", AccountState::active, id_of("erin"))})), sign_in("erin"),
       claims_of("erin"), Reason::account_conflict, ""},
      {"not made anew where it was removed", host(file({user("erin", AccountState::removed)})),
       sign_in("erin"), claims_of("erin"), Reason::account_conflict, ""},
  });
  const auto refused = judged({"",
                               host(file()),
                               sign_in("erin"),
                               changed("erin", [](auto& c) { c.groups.clear(); }),
                               {},
                               ""});
  EXPECT_FALSE(refused.names_change.has_value());
}

TEST(MadeAccounts, StatesCloseThemInEachWay) {
  struct StateCase {
    AccountState state;
    Reason want;
  };
  for (const auto& [state, want] : std::vector<StateCase>{
           {AccountState::active, Reason::allowed},
           {AccountState::locked, Reason::account_locked},
           {AccountState::unseen, Reason::account_locked},
           {AccountState::revoked, Reason::allowed},  // what revokes decides, not the file
       }) {
    Host with = host(file({user("erin", state)}));
    with.bindings = {{"erin", subject_of("erin")}};
    const Snapshot snapshot = with.snapshot();
    const auto by_token = judge(claims::ValidatedClaims::recall(claims_of("erin")), 0,
                                sign_in("erin"), snapshot, kNow, {});
    EXPECT_EQ(code(by_token.reason), code(want)) << name(state) << by_token.detail;
    const LastSeen seen{claims_of("erin"), kNow - 1h};
    const auto by_key = judge_later_call(request(Operation::account, "sshd", "erin"), nullptr,
                                         &seen, snapshot, kNow);
    EXPECT_EQ(code(by_key.reason), code(want)) << name(state) << by_key.detail;
  }
}

TEST(MadeAccounts, WhoIsClosedIsNoSharedAccountEither) {
  struct StateCase {
    AccountState state;
    Reason want;
  };
  for (const auto& [state, want] : std::vector<StateCase>{
           {AccountState::active, Reason::allowed},
           {AccountState::locked, Reason::account_locked},
           {AccountState::removed, Reason::account_locked},
       }) {
    Host with = host(file({user("erin", state)}));
    with.access =
        "access: [ { services: [ sshd ], accounts: [ carol ], allow: { anyone: true } } ]\n";
    const auto decision = judged({"", with, sign_in("carol"), claims_of("erin"), {}, ""});
    EXPECT_EQ(code(decision.reason), code(want)) << name(state) << decision.detail;
  }
}

TEST(MadeAccounts, AnIdThatWasBroughtWaits) {
  const auto moved = [](std::int64_t since) {
    return host(file({user("erin", AccountState::active, 2'000'000'007, since)}));
  };
  expect({
      {"one of ten minutes ago", moved(1'700'000'000 - 600), sign_in("erin"), claims_of("erin"),
       Reason::allowed, "login"},
      {"a younger one", moved(1'700'000'000 - 599), sign_in("erin"), claims_of("erin"),
       Reason::account_changed, ""},
      {"one of later", moved(1'700'000'000 + 599), sign_in("erin"), claims_of("erin"),
       Reason::account_changed, ""},
      {"a young one with the computed id",
       host(file({user("erin", AccountState::active, 0, 1'700'000'000)})), sign_in("erin"),
       claims_of("erin"), Reason::allowed, "login"},
  });
}

TEST(MadeAccounts, NoneIsMadeWhileIdsThatWereShownMayBeOthers) {
  const auto at = [](WallTime loosened) {
    Snapshot snapshot = host(file()).snapshot();
    snapshot.names_loosened_at = loosened;
    return judge(claims::ValidatedClaims::recall(claims_of("erin")), 0, sign_in("erin"), snapshot,
                 kNow, {})
        .reason;
  };
  EXPECT_EQ(code(at(kNow - 10min)), code(Reason::allowed));
  EXPECT_EQ(code(at(kNow - 10min + 1ms)), code(Reason::account_changed));
  EXPECT_EQ(code(at(kNow + 1min)), code(Reason::account_changed));
}

TEST(MadeAccounts, MembershipsFollowTheToken) {
  NamesContent names = file({user("erin")});
  names.members = {{"developers", "erin"}, {"oidc-ops", "erin"}};
  const auto decision = judged({"", host(names), sign_in("erin"), claims_of("erin"), {}, ""});
  ASSERT_TRUE(decision.names_change.has_value());
  EXPECT_FALSE(decision.names_change->made.has_value());
  EXPECT_EQ(decision.names_change->groups, std::vector<std::string>{"developers"});
  names.members = {{"developers", "erin"}};
  EXPECT_FALSE(judged({"", host(names), sign_in("erin"), claims_of("erin"), {}, ""})
                   .names_change.has_value());
  // A local account's are the host's own affair.
  EXPECT_FALSE(judged({"", host(names), sign_in("alice"), claims_of("alice"), {}, ""})
                   .names_change.has_value());
}

TEST(MadeAccounts, NamesThatAreNowhereElseAreManagedWhateverIsListed) {
  const std::string lists = "managed: [ bob ]\nunmanaged: [ erin, carol ]\n";
  const Snapshot makes = host(file(), kMakes + lists).snapshot();
  EXPECT_TRUE(managed("erin", makes));
  EXPECT_TRUE(managed("nosuch", makes));
  EXPECT_FALSE(managed("carol", makes));  // of the local files
  EXPECT_FALSE(managed("alice", makes));
  EXPECT_FALSE(managed("Erin", makes));  // nobody is shown such a name
  const Snapshot keeps = host(file({user("erin")}), lists).snapshot();
  EXPECT_FALSE(managed("erin", keeps)) << "a host that makes none does as it is told";
  EXPECT_FALSE(managed("nosuch", keeps));
  const Snapshot unknown = Host{.settings = kMakes + lists}.snapshot();
  EXPECT_TRUE(managed("erin", unknown));
}

TEST(MadeAccounts, AKeyAloneMakesNone) {
  const auto decision = judge_later_call(request(Operation::account, "sshd", "erin"), nullptr,
                                         nullptr, host(file()).snapshot(), kNow);
  EXPECT_EQ(code(decision.reason), code(Reason::user_unknown));
  EXPECT_FALSE(decision.names_change.has_value());
}

}  // namespace
}  // namespace latchkey::test
