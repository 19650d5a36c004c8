// SPDX-License-Identifier: Apache-2.0
//
// What an administrator asks about accounts, on the real plane and a real names file.
#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/latchkeyd/control_host.h"

namespace latchkey::latchkeyd {
namespace {

using control_test::ControlTest;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
namespace control = ipc::control;
using Kind = control::MethodError::Kind;

class ControlAccountsTest : public ControlTest {
 protected:
  static control::ImportedAccount account(std::string user, std::int64_t id) {
    return {.user = user,
            .uid = id,
            .gid = id,
            .state = "active",
            .home = "/home/" + user,
            .shell = "/bin/sh",
            .real_name = ""};
  }
  control::Outcome<control::ImportAccountsAnswer> bring(
      std::vector<control::ImportedAccount> accounts, bool check = false) {
    return call<control::ImportAccounts>(
        {.accounts = std::move(accounts), .groups = {}, .check = check});
  }
  std::vector<std::string> states() {
    std::vector<std::string> out;
    const auto all = call<control::Accounts>({});
    if (!all) return {"refused"};
    for (const auto& each : all->accounts) out.push_back(each.user + " " + each.state);
    return out;
  }
  std::string change(const std::string& user, const std::string& how) {
    const auto done = call<control::ChangeAccount>({user, how});
    if (done) return "";
    return done.error().kind == Kind::not_found ? "not found" : done.error().text;
  }
};

TEST_F(ControlAccountsTest, AHostWithoutANamesFileTakesAnImport) {
  EXPECT_THAT(states(), IsEmpty());
  const auto looked = bring({account("erin", 70'001)}, true);
  ASSERT_TRUE(looked) << looked.error().text;
  EXPECT_THAT(looked->accounts, ElementsAre("erin"));
  EXPECT_THAT(states(), IsEmpty());
  const auto done = bring({account("erin", 70'001), account("frank", 70'002)});
  ASSERT_TRUE(done) << done.error().text;
  EXPECT_THAT(done->conflicts, IsEmpty());
  EXPECT_THAT(states(), ElementsAre("erin active", "frank active"));
  EXPECT_EQ(plane->current().accounts->find_user("frank")->uid, 70'002U);
  // The same again changes nothing, and another daemon finds it.
  EXPECT_THAT(bring({account("erin", 70'001)})->accounts, IsEmpty());
  start();
  EXPECT_THAT(states(), ElementsAre("erin active", "frank active"));
}

TEST_F(ControlAccountsTest, AnImportIsTakenWholeOrNotAtAll) {
  ASSERT_TRUE(bring({account("erin", 70'001)}));
  for (const auto& [what, bad] : std::vector<std::pair<std::string, control::ImportedAccount>>{
           {"another id", account("erin", 70'003)},
           {"a local user", account("alice", 70'003)},
           {"a local uid", account("grace", 1'000)},
           {"another's id", account("grace", 70'001)},
           {"a name that means rights", account("docker", 70'003)}}) {
    const auto done = bring({account("frank", 70'002), bad});
    ASSERT_TRUE(done) << what << done.error().text;
    EXPECT_EQ(done->conflicts.size(), 1U) << what;
    EXPECT_THAT(states(), ElementsAre("erin active")) << what;
  }
  EXPECT_THAT(bring({account("frank", -1)}).error().text, HasSubstr("out of range"));
  EXPECT_THAT(bring({account("frank", 524'288)}).error().text, HasSubstr("524288"));
  EXPECT_THAT(bring({account("Frank", 70'002)}).error().kind, Kind::refused);
  EXPECT_THAT(states(), ElementsAre("erin active"));
}

TEST_F(ControlAccountsTest, AreLockedUnlockedRemovedAndForgotten) {
  ASSERT_TRUE(bring({account("erin", 70'001)}));
  EXPECT_EQ(change("nosuch", "lock"), "not found");
  EXPECT_EQ(change("erin", "lock"), "");
  EXPECT_THAT(states(), ElementsAre("erin locked"));
  EXPECT_EQ(change("erin", "unlock"), "");
  EXPECT_EQ(change("erin", "remove"), "");
  EXPECT_THAT(states(), ElementsAre("erin removed"));
  EXPECT_THAT(change("erin", "lock"), HasSubstr("was removed"));
  EXPECT_THAT(states(), ElementsAre("erin removed"));
  EXPECT_EQ(change("erin", "forget"), "");
  EXPECT_THAT(states(), IsEmpty());
  EXPECT_NE(change("erin", "explode"), "");
  EXPECT_EQ(journal.count("an account was changed"), 4U);
}

TEST_F(ControlAccountsTest, ComeInPagesByName) {
  std::vector<control::ImportedAccount> many;
  for (int i = 0; i < 100; ++i)
    many.push_back(account("user-" + std::to_string(1'000 + i), 70'000 + i));
  ASSERT_TRUE(bring(many));
  std::vector<std::string> found;
  for (control::AccountsRequest request{.after = {}, .limit = 7};;) {
    const auto page = call<control::Accounts>(request);
    ASSERT_TRUE(page);
    ASSERT_LE(page->accounts.size(), 7U);
    for (const auto& each : page->accounts) found.push_back(each.user);
    if (!page->more) break;
    request.after = found.back();
  }
  EXPECT_EQ(found.size(), 100U);
  EXPECT_TRUE(std::is_sorted(found.begin(), found.end()));
}

TEST_F(ControlAccountsTest, AFileThatIsLostIsSaidAndChangesNothing) {
  ASSERT_TRUE(bring({account("erin", 70'001)}));
  stop();
  std::filesystem::remove(root / "names");
  start();
  EXPECT_THAT(states(), ElementsAre("refused"));
  const auto status = call<control::Status>({});
  ASSERT_TRUE(status && status->names.error);
  EXPECT_THAT(*status->names.error, HasSubstr("is gone"));
  EXPECT_THAT(change("erin", "lock"), HasSubstr("is gone"));
  EXPECT_FALSE(bring({account("frank", 70'002)}));
  EXPECT_FALSE(std::filesystem::exists(root / "names"));
}

}  // namespace
}  // namespace latchkey::latchkeyd
