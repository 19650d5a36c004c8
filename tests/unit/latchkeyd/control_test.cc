// SPDX-License-Identifier: Apache-2.0
//
// The control methods as latchkeyctl calls them, on the real plane and the real store; the test is
// the control thread, the workers and fetchd.
#include "daemon/latchkeyd/service/control.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/latchkeyd/io/state_store.h"
#include "tests/unit/latchkeyd/fakes.h"
#include "tests/unit/latchkeyd/key_fakes.h"

namespace latchkey::latchkeyd {
namespace {

using ::testing::ElementsAre;
using testing::FakeClock;
using testing::FakeFetcher;
using testing::FakeIntrospector;
using testing::FakeJournal;
using testing::FakeStorage;
using ::testing::HasSubstr;
using testing::issuer_config;
using testing::TempDir;
using testing::TestLoop;
namespace control = ipc::control;
using Kind = control::MethodError::Kind;

constexpr std::string_view kCorp = "https://corp.example.com";

config::Config corp_config(std::string digest) {
  config::Config config;
  config.issuers.push_back({issuer_config("corp"), {}});
  config.digest = std::move(digest);
  return config;
}

class ControlTest : public ::testing::Test {
 protected:
  explicit ControlTest(std::optional<std::int64_t> growth = {}) {
    std::filesystem::create_directories(root / "etc");
    put_accounts("alice");
    start(growth);
  }

  void put_accounts(const std::string& user) {
    std::ofstream(root / "etc/passwd.new") << user << ":x:1000:1000::/home:/bin/sh\n";
    std::filesystem::permissions(root / "etc/passwd.new", std::filesystem::perms(0644));
    std::filesystem::rename(root / "etc/passwd.new", root / "etc/passwd");
  }

  // A daemon on the state folder.
  void start(std::optional<std::int64_t> growth = {}) {
    stop();
    store.emplace(SqliteStateStore::Options{.directory = state.path(), .growth_pages_most = growth},
                  clock, journal);
    auto stored = store->load();
    ASSERT_TRUE(stored) << stored.error().detail;
    plane.emplace(
        ControlPlane::Parts{
            .control = loop,
            .clock = clock,
            .journal = journal,
            .store = *store,
            .fetcher = fetcher,
            .introspector = introspector,
            .introspections = introspections,
            .key_storage = storage,
            .accounts = accounts,
            .load_config = [this] { return next_config; },
            .apply = [this](const config::Config& config) { applied.push_back(config.digest); },
            .random = [] { return 0U; }},
        ControlPlane::Start{corp_config("digest-1"), accounts.read().value(),
                            std::move(stored->bindings), std::move(stored->revocations)});
    for (std::size_t i = 0; i < taken.size(); ++i) {
      taken[i] = plane->hub().current();
      plane->hub().add_worker(workers[i],
                              [this, i](SnapshotPtr snapshot) { taken[i] = std::move(snapshot); });
    }
    methods.emplace(Control::Parts{.clock = clock,
                                   .journal = journal,
                                   .plane = *plane,
                                   .decisions = decisions,
                                   .logins = logins,
                                   .memory = memory,
                                   .counters = counters,
                                   .state_error = [this] { return store->trouble(); },
                                   .fetch_error = [this] { return fetch_error; },
                                   .version = "1.2.3",
                                   .workers = taken.size(),
                                   .started_at = clock.wall()});
    service.emplace(ipc::varlink::ServiceInfo{"Latchkey", "latchkeyd", "1.2.3", ""});
    methods->serve(*service);
  }
  void stop() {
    service.reset();
    methods.reset();
    plane.reset();
    store.reset();
  }
  ~ControlTest() override { stop(); }

  // What latchkeyctl does, without the socket. The answer may come after the store's thread and the
  // workers.
  template <typename Method>
  control::Outcome<typename Method::Answer> call(const typename Method::Request& request) {
    std::optional<std::string> reply;
    begin<Method>(request, reply);
    while (!reply) {
      for (TestLoop& worker : workers) worker.run_ready();
      if (!reply) loop.run_until([&] { return reply || some_worker_is_waited_for(); });
    }
    return finish<Method>(*reply);
  }
  template <typename Method>
  void begin(const typename Method::Request& request, std::optional<std::string>& reply) {
    const std::string message = ipc::varlink::encode(
        ipc::varlink::Call{std::string(Method::kMethod), control::to_json(request)});
    const auto handled =
        service->handle(std::string_view(message).substr(0, message.size() - 1), peer,
                        [&reply](std::string text) { reply = std::move(text); });
    ASSERT_TRUE(handled) << handled.error().detail;
  }
  template <typename Method>
  control::Outcome<typename Method::Answer> finish(const std::string& text) {
    const auto reply =
        ipc::varlink::decode_reply(std::string_view(text).substr(0, text.size() - 1)).value();
    if (!reply.error.empty()) return tl::unexpected(control::method_error(reply));
    return control::from_json<typename Method::Answer>(reply.parameters).value();
  }
  bool some_worker_is_waited_for() {
    for (const auto& snapshot : taken) {
      if (snapshot != plane->hub().current()) return true;
    }
    return false;
  }

  control::Outcome<control::RevokeAnswer> revoke_user(std::string user) {
    return call<control::Revoke>({.kind = "user", .value = std::move(user)});
  }

  TempDir root;
  TempDir state;
  FakeClock clock;
  FakeJournal journal;
  FakeFetcher fetcher;
  FakeIntrospector introspector;
  IntrospectionMemory introspections;
  FakeStorage storage;
  TestLoop loop;
  std::array<TestLoop, 2> workers;
  std::array<SnapshotPtr, 2> taken;
  AccountsFiles accounts{root.path()};
  DecisionLog decisions{100};
  LoginBook logins;
  TokenMemory memory;
  Counters counters;
  tl::expected<config::Config, ConfigErrors> next_config = corp_config("digest-1");
  std::vector<std::string> applied;
  std::optional<std::string> fetch_error;
  ipc::Peer peer{4711, 0, 0};
  std::optional<SqliteStateStore> store;
  std::optional<ControlPlane> plane;
  std::optional<Control> methods;
  std::optional<ipc::varlink::Service> service;
};

TEST_F(ControlTest, RevokedUserIsRevokedForEveryWorkerWhenTheAnswerComes) {
  std::optional<std::string> reply;
  begin<control::Revoke>({.kind = "user", .value = "mallory"}, reply);
  loop.run_until([&] { return some_worker_is_waited_for(); });
  EXPECT_FALSE(reply) << "no worker has it yet";
  workers[0].run_ready();
  loop.run_ready();
  EXPECT_FALSE(reply) << "one worker has not got it yet";
  workers[1].run_ready();
  loop.run_ready();
  ASSERT_TRUE(reply);
  EXPECT_GT(finish<control::Revoke>(*reply).value().id, 0);
  for (const auto& snapshot : taken) EXPECT_TRUE(snapshot->revocations->user_revoked("mallory"));
}

TEST_F(ControlTest, RevocationsOutliveTheDaemonUntilTheyAreRemoved) {
  const auto user = revoke_user("mallory");
  const auto token =
      call<control::Revoke>({.kind = "token", .issuer = std::string(kCorp), .value = "jti-1"});
  ASSERT_TRUE(user && token);
  start();
  EXPECT_TRUE(taken[0]->revocations->user_revoked("mallory"));
  ASSERT_TRUE(call<control::RemoveRevocation>({user->id}));
  EXPECT_FALSE(taken[0]->revocations->user_revoked("mallory"));
  start();
  EXPECT_FALSE(taken[0]->revocations->user_revoked("mallory"));
  const auto listed = call<control::Revocations>({});
  ASSERT_EQ(listed->revocations.size(), 1U);
  EXPECT_EQ(listed->revocations[0].id, token->id);
}

TEST_F(ControlTest, SubjectIsRevokedAsOfItsIssuersNowUnlessAMomentIsGiven) {
  claims::ClaimsRecord claims;
  claims.issuer = kCorp;
  claims.subject = "s-1";
  const WallTime ahead = clock.wall() + taken[1]->config->issuers[0].config.claims.leeway;
  ASSERT_GT(ahead, clock.wall());
  claims.issued_at = ahead - std::chrono::milliseconds(1);
  ASSERT_TRUE(
      call<control::Revoke>({.kind = "subject", .issuer = std::string(kCorp), .value = "s-1"}));
  EXPECT_EQ(taken[1]->revocations->find(claims), Reason::revoked_subject);
  claims.issued_at = ahead;
  EXPECT_EQ(taken[1]->revocations->find(claims), std::nullopt);
  ASSERT_TRUE(call<control::Revoke>({.kind = "subject",
                                     .issuer = std::string(kCorp),
                                     .value = "s-1",
                                     .before = clock.wall() + std::chrono::hours(1)}));
  EXPECT_EQ(taken[1]->revocations->find(claims), Reason::revoked_subject);
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

TEST_F(ControlTest, IssuerMayBeNamedByItsShortName) {
  ASSERT_TRUE(call<control::Revoke>(
      {.kind = "token", .issuer = "corp", .value = "jti-1", .comment = "lost"}));
  const auto listed = call<control::Revocations>({.kind = "token"});
  ASSERT_EQ(listed->revocations.size(), 1U);
  EXPECT_EQ(listed->revocations[0].issuer, kCorp);
  EXPECT_EQ(listed->revocations[0].comment, "lost");
  EXPECT_FALSE(listed->revocations[0].before);
}

TEST_F(ControlTest, SameRevocationTwiceHasOneId) {
  EXPECT_EQ(revoke_user("mallory")->id, revoke_user("mallory")->id);
  EXPECT_EQ(call<control::Revocations>({})->revocations.size(), 1U);
}

struct BadRevoke {
  std::string name;
  control::RevokeRequest request;
  Kind kind;
  std::string want;
};

TEST_F(ControlTest, RevokeThatMakesNoSenseChangesNothingAndSaysWhatIsWrong) {
  const std::string corp(kCorp);
  const std::vector<BadRevoke> cases = {
      {"an unknown kind", {.kind = "key", .value = "x"}, Kind::invalid_parameter, "kind"},
      {"a user with an issuer",
       {.kind = "user", .issuer = corp, .value = "x"},
       Kind::invalid_parameter,
       "issuer"},
      {"a token without an issuer",
       {.kind = "token", .value = "x"},
       Kind::invalid_parameter,
       "issuer"},
      {"a subject without an issuer",
       {.kind = "subject", .value = "x"},
       Kind::invalid_parameter,
       "issuer"},
      {"an empty value", {.kind = "user", .value = ""}, Kind::invalid_parameter, "value"},
      {"a value over the limit",
       {.kind = "token", .issuer = corp, .value = std::string(limits::kClaimStringBytes + 1, 'x')},
       Kind::invalid_parameter,
       "value"},
      {"a user with a line break",
       {.kind = "user", .value = "a\nb"},
       Kind::invalid_parameter,
       "value"},
      {"a moment for a token",
       {.kind = "token", .issuer = corp, .value = "x", .before = WallTime()},
       Kind::invalid_parameter,
       "before"},
      {"a comment with a line break",
       {.kind = "user", .value = "x", .comment = "a\nb"},
       Kind::invalid_parameter,
       "comment"},
      {"a comment over the limit",
       {.kind = "user", .value = "x", .comment = std::string(1'025, 'c')},
       Kind::invalid_parameter,
       "comment"},
      {"an issuer that is not configured",
       {.kind = "token", .issuer = corp + "/", .value = "x"},
       Kind::refused,
       "https://corp.example.com"},
  };
  for (const BadRevoke& test : cases) {
    const auto outcome = call<control::Revoke>(test.request);
    ASSERT_FALSE(outcome) << test.name;
    EXPECT_EQ(outcome.error().kind, test.kind) << test.name;
    EXPECT_THAT(outcome.error().text, HasSubstr(test.want)) << test.name;
  }
  EXPECT_TRUE(call<control::Revocations>({})->revocations.empty());
  EXPECT_EQ(plane->current().number, 0U);
}

TEST_F(ControlTest, RevocationsComeInPages) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(revoke_user("user" + std::to_string(i)));
  std::vector<std::string> seen;
  std::optional<std::int64_t> after;
  for (bool more = true; more;) {
    const auto page = call<control::Revocations>({.after = after, .limit = 2});
    ASSERT_TRUE(page);
    ASSERT_LE(page->revocations.size(), 2U);
    for (const auto& entry : page->revocations) seen.push_back(entry.value);
    after = page->revocations.back().id;
    more = page->more;
  }
  EXPECT_THAT(seen, ElementsAre("user0", "user1", "user2", "user3", "user4"));
  EXPECT_EQ(call<control::Revocations>({.limit = 0}).error().text, "limit");
  EXPECT_EQ(call<control::Revocations>({.limit = 1'001}).error().text, "limit");
  EXPECT_EQ(call<control::Revocations>({.kind = "nonsense"}).error().text, "kind");
}

TEST_F(ControlTest, RemovalOfWhatIsNotThereIsNotFound) {
  EXPECT_EQ(call<control::RemoveRevocation>({42}).error().kind, Kind::not_found);
  EXPECT_EQ(call<control::RemoveBinding>({"nobody"}).error().kind, Kind::not_found);
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

TEST_F(ControlTest, ChangesAreJournaledWithWhoAskedAndNeverWithATokensId) {
  peer = {4711, 1234, 1234};
  ASSERT_TRUE(
      call<control::Revoke>({.kind = "token", .issuer = "corp", .value = "jti-very-secret"}));
  ASSERT_TRUE(revoke_user("mallory"));
  EXPECT_EQ(journal.count("revoked revocation=1 kind=token value= peer_uid=1234 peer_pid=4711"), 1U)
      << journal.text();
  EXPECT_EQ(journal.count("kind=user value=mallory"), 1U);
  EXPECT_EQ(journal.count("jti-very-secret"), 0U);
}

TEST_F(ControlTest, InterfaceDescribesItself) {
  const std::string message = R"({"method":"org.varlink.service.GetInfo","parameters":{}})";
  std::string info;
  ASSERT_TRUE(service->handle(message, peer, [&](std::string text) { info = std::move(text); }));
  EXPECT_THAT(info, HasSubstr("io.latchkey.Control"));
  EXPECT_THAT(info, HasSubstr("latchkeyd"));
}

class FullDiskTest : public ControlTest {
 protected:
  FullDiskTest() : ControlTest(0) {}
};

// F14: a full disk refuses the command that needed it, with its reason, and revokes nothing by
// halves.
TEST_F(FullDiskTest, RevokeIsRefusedWithItsReason) {
  const auto refused = call<control::Revoke>({.kind = "token",
                                              .issuer = "corp",
                                              .value = std::string(2'000, 'x'),
                                              .comment = std::string(1'000, 'y')});
  std::vector<std::string> accepted;
  auto outcome =
      refused ? control::Outcome<control::RevokeAnswer>(*refused) : tl::unexpected(refused.error());
  for (int i = 0; i < 100 && outcome; ++i) {
    const std::string user = "user" + std::to_string(i) + std::string(1'000, 'z');
    outcome = revoke_user(user);
    if (outcome) accepted.push_back(user);
  }
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind, Kind::refused);
  EXPECT_THAT(outcome.error().text, HasSubstr("full"));
  EXPECT_EQ(taken[0]->revocations->size(), accepted.size() + (refused ? 1U : 0U));
  EXPECT_THAT(call<control::Status>({})->state_error.value_or(""), HasSubstr("full"));
}

}  // namespace
}  // namespace latchkey::latchkeyd
