// SPDX-License-Identifier: Apache-2.0
//
// A sign-in of somebody who has no account, or other groups than the names file says: what is
// written before the verdict, and what follows where it cannot be.
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/accounts/ledger.h"
#include "tests/unit/latchkeyd/host.h"

namespace latchkey::latchkeyd {
namespace {

using accounts::Names;
using accounts::NamesChange;
using accounts::NamesContent;
using testing::Client;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Host;
using Outcome = std::optional<Expected<void>>;

constexpr accounts::IdRange kRange{70'000, 79'999};

NamesContent file() {
  NamesContent content;
  content.settings = {.provisional = true, .ids = kRange, .home = "/home/%u", .shell = "/bin/bash"};
  return content;
}

NamesContent file_with_erin(std::vector<accounts::NamesMember> members = {}) {
  NamesContent content = file();
  const std::uint32_t id = accounts::id_of("erin", kRange).value();
  content.users.push_back({"erin", id, id, {}, 1'600'000'000, "/home/erin", "/bin/bash", ""});
  content.members = std::move(members);
  return content;
}

class SignInAccounts : public ::testing::Test {
 public:
  explicit SignInAccounts(Patience patience = {}) : host(patience) {
    host.config_text += "accounts: { make: true }\n";
    host.names = file();
    host.needs.on_names = [this](const NamesChange& change) { return write(change); };
    host.publish();
  }

  // What the control thread does.
  Outcome write(const NamesChange& change) {
    changes.push_back(change);
    EXPECT_TRUE(host.store.logins().empty()) << "a login before it is on the disk";
    host.names = accounts::with_change(Names::make(*host.names).value(), change).value().content();
    host.take_new();
    return Expected<void>{};
  }
  void begin_with(NamesContent content) {
    host.names = std::move(content);
    host.publish();
  }

  wire::Result sign_in(std::string_view groups = R"(["dev"])") {
    Client client{ipc::Fd()};
    wire::Begin begin = Host::alice();
    begin.user = "erin";
    const auto token = host.token({{"preferred_username", "\"erin\""},
                                   {"sub", "\"subject-of-erin\""},
                                   {"groups", std::string(groups)}});
    return host.sign_in(client, token, begin).result;
  }

  Host host;
  std::vector<NamesChange> changes;
};

TEST_F(SignInAccounts, TheFirstOneIsWrittenBeforeTheVerdictAndTheSecondWritesNothing) {
  EXPECT_EQ(sign_in(), wire::Result::allow);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].made->uid, accounts::id_of("erin", kRange));
  EXPECT_THAT(changes[0].groups, ElementsAre("developers"));
  for (const auto& [id, login] : host.store.logins()) host.store.close_login(id, {});
  EXPECT_EQ(sign_in(), wire::Result::allow);
  EXPECT_EQ(changes.size(), 1U);
}

TEST_F(SignInAccounts, WhereItCannotBeMadeThereIsNoLogin) {
  struct Case {
    std::string_view name;
    std::function<Outcome(SignInAccounts&)> on_names;
    Reason want;
  };
  const Case cases[] = {
      {"the disk is full",
       [](SignInAccounts&) { return Expected<void>(fail(Reason::state_unavailable, "no room")); },
       Reason::state_unavailable},
      {"another one got the id",
       [](SignInAccounts&) { return Expected<void>(fail(Reason::account_conflict, "taken")); },
       Reason::account_conflict},
      {"it was said to be written and is not there",
       [](SignInAccounts&) { return Expected<void>(); }, Reason::state_unavailable},
      {"it was locked in the same moment",
       [](SignInAccounts& test) {
         test.host.names = file_with_erin();
         test.host.names->users[0].state = accounts::AccountState::locked;
         test.host.take_new();
         return Expected<void>();
       },
       Reason::account_locked},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    begin_with(file());
    host.needs.on_names = [&](const NamesChange&) { return test.on_names(*this); };
    EXPECT_NE(sign_in(), wire::Result::allow);
    EXPECT_EQ(code(host.last_reason()), code(test.want));
    EXPECT_TRUE(host.store.logins().empty());
  }
}

TEST_F(SignInAccounts, AnAccountThatSomebodyMadeByHandAMomentAgoIsUsed) {
  host.needs.accounts_changed_ = true;
  host.needs.on_accounts = [this] {
    host.passwd += "erin:x:1009:1009::/:/bin/sh\n";
    host.needs.accounts_changed_ = false;
    host.take_new();
  };
  EXPECT_EQ(sign_in(), wire::Result::allow);
  EXPECT_TRUE(changes.empty());
}

TEST_F(SignInAccounts, MoreGroupsThatCannotBeWrittenKeepNobodyOut) {
  begin_with(file_with_erin());
  host.needs.on_names = [](const NamesChange&) -> Outcome {
    return Expected<void>(fail(Reason::state_unavailable, "no room"));
  };
  EXPECT_EQ(sign_in(), wire::Result::allow);
  EXPECT_THAT(host.last().decision.detail, HasSubstr("its groups were not written: no room"));
}

TEST_F(SignInAccounts, AGroupThatIsGoneAtTheProviderIsGoneOrThereIsNoLogin) {
  begin_with(file_with_erin({{"sre", "erin"}}));
  host.needs.on_names = [](const NamesChange&) -> Outcome {
    return Expected<void>(fail(Reason::state_unavailable, "no room"));
  };
  EXPECT_NE(sign_in(), wire::Result::allow);
  EXPECT_EQ(code(host.last_reason()), code(Reason::state_unavailable));
  host.needs.on_names = [this](const NamesChange& change) { return write(change); };
  EXPECT_EQ(sign_in(), wire::Result::allow);
  EXPECT_EQ(host.names->members, (std::vector<accounts::NamesMember>{{"developers", "erin"}}));
}

TEST_F(SignInAccounts, AnotherSignInOfTheSamePersonWithOtherGroupsKeepsNoneOfThemOut) {
  begin_with(file_with_erin());
  host.needs.on_names = [this](const NamesChange& change) {
    auto outcome = write(change);
    write({"erin", {}, {"sre"}});  // the other one's, right behind it
    return outcome;
  };
  EXPECT_EQ(sign_in(), wire::Result::allow);
  EXPECT_FALSE(host.last().decision.names_change.has_value());
}

class SignInAccountsImpatient : public SignInAccounts {
 protected:
  SignInAccountsImpatient() : SignInAccounts(Patience{.needs = std::chrono::milliseconds(100)}) {}
};

TEST_F(SignInAccountsImpatient, WhereNobodyAnswersThereIsNoLogin) {
  host.needs.on_names = [](const NamesChange&) { return Outcome(); };
  EXPECT_NE(sign_in(), wire::Result::allow);
  EXPECT_EQ(code(host.last_reason()), code(Reason::state_unavailable));
}

}  // namespace
}  // namespace latchkey::latchkeyd
