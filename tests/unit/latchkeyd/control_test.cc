// SPDX-License-Identifier: Apache-2.0
//
// The control methods as latchkeyctl calls them, on the real plane and the real store; the test is
// the control thread, the workers and fetchd.
#include "daemon/latchkeyd/service/control.h"

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/latchkeyd/control_host.h"
#include "tests/unit/latchkeyd/fakes.h"
#include "tests/unit/latchkeyd/key_fakes.h"

namespace latchkey::latchkeyd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TestLoop;
namespace control = ipc::control;
using Kind = control::MethodError::Kind;
using control_test::ControlTest;
using control_test::corp_config;
using control_test::kCorp;

LoggedDecision refused_login() {
  LoggedDecision logged;
  logged.id = "00c0ffee";
  logged.time = WallTime(std::chrono::seconds(1'700'000'000));
  logged.request.operation = Operation::authenticate;
  logged.request.service = "sshd";
  logged.request.user = "alice";
  logged.request.rhost = "192.0.2.7";
  logged.request.pid = 99;
  logged.decision.reason = Reason::access_denied;
  logged.decision.detail = "no rule for sshd";
  logged.decision.subject = "s-1";
  logged.decision.trace.pass(Check::signature);
  logged.decision.trace.fail(Check::access);
  return logged;
}

TEST_F(ControlTest, KeysAreGivenAsTheProviderWroteThemAndOnlyOfAnIssuerThatIsConfigured) {
  auto answer = call<control::GetKeys>({"corp"});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->source, "none");
  EXPECT_TRUE(answer->stale);
  EXPECT_EQ(answer->jwks, std::nullopt);

  const std::string spaced = " " + testing::kKeysOne + "\n";
  plane->tick();
  fetcher.answer_ok(spaced);
  answer = call<control::GetKeys>({"corp"});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->issuer, "corp");
  EXPECT_EQ(answer->source, "fetched");
  EXPECT_FALSE(answer->stale);
  EXPECT_EQ(answer->fetched_at, clock.wall());
  EXPECT_EQ(answer->jwks, spaced);

  EXPECT_EQ(call<control::GetKeys>({"nobody"}).error().kind, Kind::not_found);
  EXPECT_EQ(call<control::GetKeys>({std::string(kCorp)}).error().kind, Kind::not_found)
      << "by its short name only";
}

TEST_F(ControlTest, BoundNameIsKnownToEveryWorkerAndFreedByTheAdministrator) {
  std::optional<Expected<void>> bound;
  TestLoop& caller = workers[0];
  plane->bind({"alice", std::string(kCorp), "s-1"}, caller,
              [&](Expected<void> result) { bound = std::move(result); });
  while (!bound) {
    loop.run_until([&] { return some_worker_is_waited_for() || bound; });
    for (TestLoop& worker : workers) worker.run_ready();
    loop.run_ready();
    caller.run_ready();
  }
  ASSERT_TRUE(*bound);
  for (const auto& snapshot : taken) {
    ASSERT_NE(snapshot->bindings->find("alice"), nullptr);
    EXPECT_EQ(snapshot->bindings->find("alice")->subject, "s-1");
  }
  const auto listed = call<control::Bindings>({});
  ASSERT_EQ(listed->bindings.size(), 1U);
  EXPECT_EQ(listed->bindings[0].user, "alice");
  EXPECT_FALSE(listed->more);
  ASSERT_TRUE(call<control::RemoveBinding>({"alice"}));
  for (const auto& snapshot : taken) EXPECT_EQ(snapshot->bindings->find("alice"), nullptr);
  EXPECT_EQ(journal.count("a binding was removed user=alice peer_uid=0"), 1U) << journal.text();
}

TEST_F(ControlTest, SecondSubjectIsToldOfTheConflict) {
  std::vector<Expected<void>> results;
  for (const char* subject : {"s-1", "s-2"}) {
    plane->bind({"alice", std::string(kCorp), subject}, loop,
                [&](Expected<void> result) { results.push_back(std::move(result)); });
  }
  while (results.size() < 2) {
    loop.run_until([&] { return some_worker_is_waited_for() || results.size() == 2; });
    for (TestLoop& worker : workers) worker.run_ready();
  }
  EXPECT_EQ(std::count_if(results.begin(), results.end(),
                          [](const auto& result) { return result.has_value(); }),
            1);
  EXPECT_EQ(plane->current().bindings->find("alice")->subject, "s-1");
}

TEST_F(ControlTest, ReloadTakesOnAChangedConfigurationAndKeepsTheKeys) {
  plane->tick();
  fetcher.answer_ok(testing::kKeysOne);
  next_config = corp_config("digest-2");
  const auto reloaded = call<control::Reload>({});
  ASSERT_TRUE(reloaded);
  EXPECT_TRUE(reloaded->changed);
  for (const auto& snapshot : taken) {
    EXPECT_EQ(snapshot->config->digest, "digest-2");
    EXPECT_NE(snapshot->keys.at(0).keys, nullptr);
  }
  EXPECT_THAT(applied, ElementsAre("digest-1", "digest-2"));
  EXPECT_FALSE(call<control::Reload>({})->changed);
}

// F22: a bad configuration leaves the old one at work, and all errors come at once.
TEST_F(ControlTest, BadConfigurationLeavesTheOldOneAtWorkAndReportsAllErrors) {
  next_config =
      tl::unexpected(ConfigErrors{{"/etc/latchkey/latchkey.yaml", 3, 7, "unknown key \"isuers\""},
                                  {"/etc/latchkey/conf.d/a.yaml", 1, 1, "no audiences"}});
  const auto reloaded = call<control::Reload>({});
  ASSERT_FALSE(reloaded);
  EXPECT_EQ(reloaded.error().kind, Kind::config_invalid);
  ASSERT_EQ(reloaded.error().errors.size(), 2U);
  EXPECT_EQ(reloaded.error().errors[1].file, "/etc/latchkey/conf.d/a.yaml");
  EXPECT_EQ(reloaded.error().errors[0].line, 3);
  EXPECT_EQ(plane->current().config->digest, "digest-1");
  EXPECT_THAT(call<control::Status>({})->config_error.value_or(""), HasSubstr("latchkey.yaml:3:7"));
  EXPECT_EQ(journal.count("no audiences"), 1U);
  EXPECT_FALSE(call<control::Reload>({}));
  EXPECT_EQ(journal.count("no audiences"), 1U) << "said once, however often it is tried";
  next_config = corp_config("digest-1");
  EXPECT_TRUE(call<control::Reload>({}));
  EXPECT_FALSE(call<control::Status>({})->config_error);
}

// Whoever rotates a key by its file and asks for a reload must not be answered before it is at
// work.
TEST_F(ControlTest, ReloadAnswersWhenEveryWorkerHasTheKeysOfAChangedFile) {
  const std::string file = write_keys(testing::kKeysOne);
  next_config = corp_config("digest-2");
  next_config->issuers[0].config.jwks_file = file;
  ASSERT_TRUE(call<control::Reload>({}));
  const auto before = taken[0]->keys.at(0).generation;
  write_keys(testing::kKeysTwo);
  const auto reloaded = call<control::Reload>({});
  ASSERT_TRUE(reloaded);
  EXPECT_FALSE(reloaded->changed) << "the configuration is the same";
  for (const auto& snapshot : taken) {
    ASSERT_NE(snapshot->keys.at(0).keys, nullptr);
    EXPECT_GT(snapshot->keys.at(0).generation, before);
    EXPECT_EQ(snapshot->keys.at(0).keys->keys().front().kid(), "two");
  }
}

TEST_F(ControlTest, ConfigurationWhoseKeyFileCannotServeLeavesTheOldOneAtWork) {
  const std::string file = write_keys("{}");
  next_config = corp_config("digest-2");
  next_config->issuers[0].config.jwks_file = file;
  const auto reloaded = call<control::Reload>({});
  ASSERT_FALSE(reloaded);
  EXPECT_EQ(reloaded.error().kind, Kind::config_invalid);
  ASSERT_EQ(reloaded.error().errors.size(), 1U);
  EXPECT_EQ(reloaded.error().errors[0].file, file);
  EXPECT_THAT(reloaded.error().errors[0].message, HasSubstr("the keys of issuer corp"));
  EXPECT_EQ(plane->current().config->digest, "digest-1");
  next_config = corp_config("digest-2");
  next_config->issuers[0].config.symmetric_key_file = root / "none.jwk";
  next_config->issuers[0].config.symmetric_algorithm = jose::SymmetricAlgorithm::hs256;
  const auto symmetric = call<control::Reload>({});
  ASSERT_FALSE(symmetric);
  EXPECT_THAT(symmetric.error().errors.at(0).message, HasSubstr("No such file"));
  EXPECT_EQ(plane->current().config->digest, "digest-1");
}

TEST_F(ControlTest, AccountThatWasJustMadeIsSeen) {
  EXPECT_FALSE(plane->accounts_changed(*taken[0]));
  put_accounts("bob");
  EXPECT_TRUE(plane->accounts_changed(*taken[0]));
  bool done = false;
  plane->request_accounts(loop, [&] { done = true; });
  while (!done) {
    loop.run_until([&] { return some_worker_is_waited_for() || done; });
    for (TestLoop& worker : workers) worker.run_ready();
  }
  EXPECT_NE(taken[0]->accounts->find_user("bob"), nullptr);
  EXPECT_FALSE(plane->accounts_changed(*taken[0]));
}

// The control thread has read them, a worker has not taken them yet: to that worker they changed.
TEST_F(ControlTest, AccountsAreChangedForAWorkerUntilItHasThem) {
  put_accounts("bob");
  plane->refresh_accounts();
  loop.run_ready();
  EXPECT_TRUE(plane->accounts_changed(*taken[0]));
  for (TestLoop& worker : workers) worker.run_ready();
  EXPECT_FALSE(plane->accounts_changed(*taken[0]));
  loop.run_ready();
}

TEST_F(ControlTest, AccountsThatCannotBeReadLeaveTheFormerOnesAtWorkAndAreTriedAgain) {
  const std::filesystem::path passwd = root / "etc/passwd";
  std::filesystem::permissions(passwd, std::filesystem::perms(0666));
  int done = 0;
  for (int i = 0; i < 2; ++i) plane->refresh_accounts([&] { ++done; });
  EXPECT_EQ(done, 2);
  EXPECT_NE(plane->current().accounts->find_user("alice"), nullptr);
  EXPECT_TRUE(plane->accounts_changed(plane->current()));
  EXPECT_EQ(journal.count("account files cannot be read"), 1U) << "said once";
  std::filesystem::permissions(passwd, std::filesystem::perms(0644));
  plane->refresh_accounts();
  EXPECT_FALSE(plane->accounts_changed(plane->current()));
}

TEST_F(ControlTest, WorkerThatAsksForKeysIsAnsweredOnItsOwnThreadWithTheNewSet) {
  std::optional<KeysOutcome> outcome;
  plane->request_keys("corp", 0, workers[1], [&](KeysOutcome result) { outcome = result; });
  loop.run_ready();
  fetcher.answer_ok(testing::kKeysOne);
  for (TestLoop& worker : workers) worker.run_ready();
  loop.run_ready();
  EXPECT_FALSE(outcome);
  EXPECT_EQ(workers[1].run_ready(), 1U);
  EXPECT_EQ(outcome, KeysOutcome::newer);
  EXPECT_NE(taken[1]->keys.at(0).keys, nullptr);
}

TEST_F(ControlTest, ExplainShowsEachCheckWithItsOutcome) {
  decisions.add(refused_login());
  const auto explained = call<control::Explain>({"00c0ffee"});
  ASSERT_TRUE(explained);
  const auto& decision = explained->decision;
  EXPECT_EQ(decision.reason, "access_denied");
  EXPECT_EQ(decision.kind, "refused");
  EXPECT_EQ(decision.operation, "authenticate");
  EXPECT_EQ(decision.detail, "no rule for sshd");
  EXPECT_EQ(decision.pid, 99);
  EXPECT_FALSE(decision.administrator.empty());
  ASSERT_EQ(decision.checks.size(), kChecks);
  for (const auto& check : decision.checks) {
    EXPECT_EQ(check.outcome, check.check == "signature" ? "passed"
                             : check.check == "access"  ? "failed"
                                                        : "not_reached");
  }
  EXPECT_EQ(call<control::Explain>({"deadbeef"}).error().kind, Kind::not_found);
}

TEST_F(ControlTest, DecisionsAreListedNewestFirstAndByUser) {
  decisions.add(refused_login());
  auto other = refused_login();
  other.id = "11111111";
  other.request.user = "root";
  other.request.ruser = "bob";
  decisions.add(other);
  const auto all = call<control::Decisions>({});
  ASSERT_EQ(all->decisions.size(), 2U);
  EXPECT_EQ(all->decisions[0].id, "11111111");
  EXPECT_EQ(all->decisions[0].kind, "refused");
  EXPECT_EQ(call<control::Decisions>({.user = "bob"})->decisions.size(), 1U);
  EXPECT_EQ(call<control::Decisions>({.limit = 1})->decisions.size(), 1U);
  EXPECT_EQ(call<control::Decisions>({.limit = 0}).error().text, "limit");
}

TEST_F(ControlTest, StatusTellsOfEverything) {
  plane->tick();
  const std::string with_weak_key =
      testing::kKeysOne.substr(0, testing::kKeysOne.size() - 2) +
      R"(,{"kty":"oct","kid":"secret","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMko"}]})";
  fetcher.answer_ok(with_weak_key);
  ASSERT_TRUE(revoke_user("mallory"));
  counters.count(ReasonClass::refused);
  counters.conversations = 3;
  fetch_error = "connection refused";
  const auto status = call<control::Status>({});
  ASSERT_TRUE(status);
  EXPECT_EQ(status->version, "1.2.3");
  EXPECT_EQ(status->workers, 2);
  EXPECT_EQ(status->config_digest, "digest-1");
  EXPECT_EQ(status->snapshot, 2);
  EXPECT_EQ(status->revocations, 1);
  EXPECT_EQ(status->decisions.refused, 1);
  EXPECT_EQ(status->conversations, 3);
  EXPECT_EQ(status->fetch_error, "connection refused");
  EXPECT_FALSE(status->state_error);
  ASSERT_EQ(status->issuers.size(), 1U);
  const auto& issuer = status->issuers[0];
  EXPECT_EQ(issuer.name, "corp");
  EXPECT_EQ(issuer.source, "fetched");
  EXPECT_FALSE(issuer.stale);
  ASSERT_EQ(issuer.keys.size(), 1U);
  EXPECT_EQ(issuer.keys[0].kid, "one");
  EXPECT_THAT(issuer.keys[0].algorithms, ElementsAre("ES256"));
  ASSERT_EQ(issuer.dropped.size(), 1U);
  EXPECT_EQ(issuer.dropped[0].kid, "secret");
  EXPECT_EQ(issuer.fetched_at, clock.wall());
  EXPECT_EQ(issuer.next_fetch_at, clock.wall() + std::chrono::seconds(225));
  clock.advance(std::chrono::hours(25));
  EXPECT_TRUE(call<control::Status>({})->issuers[0].stale);
}

TEST_F(ControlTest, InterfaceDescribesItself) {
  const std::string message = R"({"method":"org.varlink.service.GetInfo","parameters":{}})";
  std::string info;
  ASSERT_TRUE(service->handle(message, peer, [&](std::string text) { info = std::move(text); }));
  EXPECT_THAT(info, HasSubstr("io.latchkey.Control"));
  EXPECT_THAT(info, HasSubstr("latchkeyd"));
}

}  // namespace
}  // namespace latchkey::latchkeyd
