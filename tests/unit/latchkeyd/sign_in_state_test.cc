// SPDX-License-Identifier: Apache-2.0
//
// What a sign-in finds and leaves: remembered tokens, keys, bindings, accounts, budgets.
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/signing.h"
#include "tests/unit/latchkeyd/host.h"
#include "tests/unit/latchkeyd/sign_in_texts.h"

namespace latchkey::latchkeyd {
namespace {

using testing::Client;
using testing::Host;
using namespace std::chrono_literals;
using sign_in_test::text_of;

TEST(SignIn, ATokenIsVerifiedOnceAndJudgedEachTime) {
  Host host;
  const std::string token = host.token();
  Client client{ipc::Fd()};
  host.sign_in(client, token);
  EXPECT_FALSE(host.last().remembered);
  EXPECT_EQ(host.sign_in(client, token).result, wire::Result::allow);
  EXPECT_TRUE(host.last().remembered);

  host.revocations = {{.kind = revocation::Kind::subject,
                       .issuer = std::string(testing::kIssuer),
                       .value = "subject-of-alice",
                       .before = host.clock.wall() + 1h}};
  host.publish();
  EXPECT_EQ(host.sign_in(client, token).result, wire::Result::refused);
  EXPECT_EQ(host.last_reason(), Reason::revoked_subject);

  host.revocations.clear();
  host.publish();
  host.clock.advance(11min);
  host.sign_in(client, token);
  EXPECT_EQ(host.last_reason(), Reason::token_expired);
}

TEST(SignIn, ARememberedTokenEndsWithItsKey) {
  Host host;
  const std::string token = host.token();
  Client client{ipc::Fd()};
  host.sign_in(client, token);
  host.jwks =
      latchkey::testing::jwk_set({latchkey::testing::signing_key(jose::Algorithm::rs256).jwk()});
  ++host.generation;
  host.publish();
  host.sign_in(client, token);
  EXPECT_EQ(host.last_reason(), Reason::key_unknown);
  EXPECT_FALSE(host.last().remembered);
}

// A set that changed may call the key otherwise, or hold another that fits: remembered or not, the
// answer is the same.
TEST(SignIn, ARememberedTokenGetsTheAnswerOfOneThatIsNot) {
  using latchkey::testing::jwk_set;
  const auto& key = latchkey::testing::signing_key(jose::Algorithm::es256);
  const auto other = latchkey::testing::SigningKey::generate(jose::Algorithm::es256, "other");
  struct Case {
    std::string_view name;
    std::string jwks;
    Reason want;
  };
  const Case cases[] = {
      {"the key has another name", jwk_set({key.plain_jwk(R"(,"kid":"renamed")")}),
       Reason::key_unknown},
      {"another key joined", jwk_set({key.jwk(), other.jwk()}), Reason::allowed},
      {"another key took the name",
       jwk_set({key.plain_jwk(R"(,"kid":"renamed")"), other.plain_jwk(R"(,"kid":"ES256")")}),
       Reason::signature_invalid}};
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    Host host;
    const std::string token = host.token();
    Client client{ipc::Fd()};
    ASSERT_EQ(host.sign_in(client, token).result, wire::Result::allow);
    host.jwks = test.jwks;
    ++host.generation;
    host.publish();
    host.sign_in(client, token);
    EXPECT_EQ(code(host.last_reason()), code(test.want));
    host.sign_in(client, host.token({{"jti", "\"cold\""}}));
    EXPECT_EQ(code(host.last_reason()), code(test.want)) << "of one that nobody remembers";
  }
}

TEST(SignIn, ARememberedTokenEndsWithTheConfiguration) {
  Host host;
  const std::string token = host.token();
  Client client{ipc::Fd()};
  host.sign_in(client, token);
  const auto at = host.config_text.find("ssh://prod");
  host.config_text.replace(at, 10, "ssh://test");
  host.publish();
  host.sign_in(client, token);
  EXPECT_EQ(host.last_reason(), Reason::audience_wrong);
}

TEST(SignIn, AnUnknownKeyIsAskedForOnceAndThenDecidedAgain) {
  struct Case {
    std::string_view name;
    KeysOutcome outcome;
    bool brings_key;
    Reason want;
  };
  const Case cases[] = {
      {"let in when the newer set has the key", KeysOutcome::newer, true, Reason::allowed},
      {"refused when the newer set has it neither", KeysOutcome::newer, false, Reason::key_unknown},
      {"refused when the set is the same", KeysOutcome::unchanged, false, Reason::key_unknown},
      {"refused when asked too often", KeysOutcome::rate_limited, false, Reason::key_unknown},
      {"refused when the fetch failed", KeysOutcome::failed, false, Reason::key_unknown},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    Host host;
    const std::string token = host.token({}, jose::Algorithm::rs256);
    host.needs.on_keys = [&]() -> std::optional<KeysOutcome> {
      if (test.brings_key) {
        host.jwks = latchkey::testing::jwk_set(
            {latchkey::testing::signing_key(jose::Algorithm::rs256).jwk()});
      }
      ++host.generation;
      host.take_new();
      return test.outcome;
    };
    Client client{ipc::Fd()};
    host.sign_in(client, token);
    EXPECT_EQ(code(host.last_reason()), code(test.want));
    EXPECT_EQ(host.needs.keys_requested, std::vector<std::string>{"corp"});
  }
}

// F3, F21: after a night without the provider its keys are the same, and good again.
TEST(SignIn, KeysThatWereTooOldServeAsSoonAsTheyAreFetchedAgain) {
  struct Case {
    std::string_view name;
    KeysOutcome outcome;
    bool fetched;
    Reason want;
  };
  const Case cases[] = {
      {"let in when the set is the same", KeysOutcome::unchanged, true, Reason::allowed},
      {"let in when somebody else's fetch was a moment ago", KeysOutcome::rate_limited, true,
       Reason::allowed},
      {"refused when the fetch failed", KeysOutcome::failed, false, Reason::keys_stale},
      {"refused when asked too often", KeysOutcome::rate_limited, false, Reason::keys_stale},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    Host host;
    host.keys_age = 25h;
    host.publish();
    host.needs.on_keys = [&]() -> std::optional<KeysOutcome> {
      if (test.fetched) host.keys_age = 0h;
      host.take_new();
      return test.outcome;
    };
    Client client{ipc::Fd()};
    host.sign_in(client, host.token());
    EXPECT_EQ(code(host.last_reason()), code(test.want));
    EXPECT_EQ(host.needs.keys_requested, std::vector<std::string>{"corp"});
  }
}

TEST(SignIn, KeysThatDoNotComeInTimeAreNoVerdictOfYes) {
  Host host({.needs = 20ms});
  host.needs.on_keys = [] { return std::nullopt; };
  Client client{ipc::Fd()};
  const wire::Verdict verdict = host.sign_in(client, host.token({}, jose::Algorithm::rs256));
  EXPECT_EQ(verdict.result, wire::Result::refused);
  EXPECT_EQ(host.last_reason(), Reason::key_unknown);
}

TEST(SignIn, TheFirstLoginBindsTheNameBeforeTheVerdict) {
  Host host;
  Client client{ipc::Fd()};
  std::vector<NewBinding> bound;
  const auto store = host.needs.on_bind;
  host.needs.on_bind = [&](const NewBinding& binding) {
    bound.push_back(binding);
    EXPECT_TRUE(host.store.logins().empty());
    return store(binding);
  };
  EXPECT_EQ(host.sign_in(client, host.token()).result, wire::Result::allow);
  ASSERT_EQ(bound.size(), 1U);
  EXPECT_EQ(bound[0].user, "alice");
  EXPECT_EQ(bound[0].subject, "subject-of-alice");
  EXPECT_EQ(host.sign_in(client, host.token({{"jti", "\"2\""}})).result, wire::Result::allow);
  EXPECT_EQ(bound.size(), 1U) << "a bound name is not bound again";
  EXPECT_EQ(host.sign_in(client, host.token({{"sub", "\"somebody-else\""}})).result,
            wire::Result::refused);
  EXPECT_EQ(host.last_reason(), Reason::subject_conflict);
}

TEST(SignIn, WithoutABindingThereIsNoLogin) {
  struct Case {
    std::string_view name;
    std::function<std::optional<Expected<void>>(Host&)> on_bind;
    Reason want;
  };
  const Case cases[] = {
      {"refused when another subject was faster",
       [](Host&) { return Expected<void>(fail(Reason::subject_conflict)); },
       Reason::subject_conflict},
      {"no verdict when the disk is full",
       [](Host&) { return Expected<void>(fail(Reason::state_unavailable)); },
       Reason::state_unavailable},
      {"no verdict when the store does not answer",
       [](Host&) { return std::optional<Expected<void>>(); }, Reason::state_unavailable},
      {"no verdict when the binding is gone again", [](Host&) { return Expected<void>(); },
       Reason::state_unavailable},
      {"refused when the user was revoked meanwhile",
       [](Host& host) {
         host.bindings =
             host.bindings.with("alice", {std::string(testing::kIssuer), "subject-of-alice"});
         host.revocations = {{.kind = revocation::Kind::user, .value = "alice"}};
         host.take_new();
         return Expected<void>();
       },
       Reason::revoked_user},
      {"refused when the key was withdrawn meanwhile",
       [](Host& host) {
         host.bindings =
             host.bindings.with("alice", {std::string(testing::kIssuer), "subject-of-alice"});
         host.jwks = latchkey::testing::jwk_set(
             {latchkey::testing::signing_key(jose::Algorithm::rs256).jwk()});
         ++host.generation;
         host.take_new();
         return Expected<void>();
       },
       Reason::key_unknown},
      {"refused when the token expired meanwhile",
       [](Host& host) {
         host.bindings =
             host.bindings.with("alice", {std::string(testing::kIssuer), "subject-of-alice"});
         host.clock.advance(11min);
         return Expected<void>();
       },
       Reason::token_expired},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    Host host({.needs = 100ms});
    host.needs.on_bind = [&](const NewBinding&) { return test.on_bind(host); };
    Client client{ipc::Fd()};
    const wire::Verdict verdict = host.sign_in(client, host.token());
    EXPECT_EQ(code(host.last_reason()), code(test.want));
    EXPECT_NE(verdict.result, wire::Result::allow);
    EXPECT_EQ(verdict.environment_count, 0U);
    EXPECT_TRUE(host.store.logins().empty());
  }
}

TEST(SignIn, SeesAnAccountThatWasMadeAMomentAgo) {
  Host host;
  host.make_carol_a_moment_ago();
  Client client{ipc::Fd()};
  wire::Begin begin = Host::alice();
  begin.user = "carol";
  const auto token =
      host.token({{"preferred_username", "\"carol\""}, {"sub", "\"subject-of-carol\""}});
  EXPECT_EQ(host.sign_in(client, token, begin).result, wire::Result::allow);
}

TEST(SignIn, AUserIsNotUnknownBecauseTheAccountFilesCannotBeRead) {
  Host host;
  host.needs.accounts_changed_ = true;
  Client client{ipc::Fd()};
  wire::Begin begin = Host::alice();
  begin.user = "carol";
  const auto token =
      host.token({{"preferred_username", "\"carol\""}, {"sub", "\"subject-of-carol\""}});
  EXPECT_EQ(host.sign_in(client, token, begin).result, wire::Result::unavailable);
  EXPECT_EQ(host.last_reason(), Reason::internal_error);
}

TEST(SignIn, ASourceWithTooManyConversationsIsToldSoAtOnce) {
  Host host;
  host.config_text += "budgets: { conversations: 64, conversations_per_source: 3 }\n";
  host.publish();
  std::vector<Client> open;
  for (int i = 0; i < 3; ++i) {
    open.push_back(host.connect());
    open.back().begin(Host::alice());
    open.back().ask();
  }
  Client client = host.connect();
  client.begin(Host::alice());
  const wire::Verdict verdict = client.verdict();
  EXPECT_EQ(verdict.result, wire::Result::unavailable);
  EXPECT_EQ(verdict.text, text_of(host, "Too many attempts, wait a little", "budget_exhausted"));
  Client account = host.connect();
  account.begin({.operation = wire::Operation::account, .service = "sshd", .user = "root"});
  EXPECT_EQ(account.verdict().result, wire::Result::not_managed)
      << "account calls of the same source go on";
  open.pop_back();
  host.on_worker([] {});
  Client again{ipc::Fd()};
  EXPECT_EQ(host.sign_in(again, host.token()).result, wire::Result::allow);
}

TEST(SignIn, ALoginThatNobodyHeardOfIsNone) {
  Host host;
  Client client = host.connect();
  const auto store = host.needs.on_bind;
  host.needs.on_bind = [&](const NewBinding& binding) {
    client.close();
    return store(binding);
  };
  client.begin(Host::alice());
  client.ask();
  client.answer(host.token());
  while (host.counters.conversations != 0 || host.decisions.last(1).empty()) {
    std::this_thread::yield();
  }
  EXPECT_EQ(host.last_reason(), Reason::allowed);
  EXPECT_TRUE(host.store.logins().empty());
  EXPECT_EQ(host.logins.logins(), 0U);
}

}  // namespace
}  // namespace latchkey::latchkeyd
