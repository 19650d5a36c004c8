// SPDX-License-Identifier: Apache-2.0
//
// authenticate over a real connection with the real core: what is asked, what a token in one piece
// or in parts gives, what is remembered, bound and recorded, and what the user is told.
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/jose/base64url.h"
#include "core/jose/scratch.h"
#include "core/jose/token_digest.h"
#include "tests/support/memory_scan.h"
#include "tests/support/signing.h"
#include "tests/unit/latchkeyd/host.h"
#include "wire/codec.h"
#include "wire/parts.h"

namespace latchkey::latchkeyd {
namespace {

using testing::Client;
using testing::Host;
using namespace std::chrono_literals;

std::string digest_of(std::string_view token) {
  jose::Scratch scratch;
  return jose::digest_token(token, scratch)->hex().substr(0, wire::kPartDigestSize);
}

// The token as a helper would answer our prompts: each answer holds at most `most` bytes.
std::vector<std::string> in_parts(std::string_view token, std::size_t most) {
  const std::string digest = digest_of(token);
  const unsigned parts = wire::parts_of(token.size(), most);
  std::vector<std::string> answers;
  for (unsigned part = 1; part <= parts; ++part) {
    std::string text(most, '\0');
    text = wire::make_part({part, parts, digest, wire::slice_of(token, part, most)}, text);
    answers.push_back(std::move(text));
  }
  return answers;
}

// What a user reads of a refusal.
std::string text_of(const Host& host, std::string_view sentence, std::string_view code) {
  return std::string(sentence) + " (" + std::string(code) + ", request " + host.last().id + ")";
}

TEST(SignIn, AsksForATokenAndLetsItIn) {
  Host host;
  Client client = host.connect();
  client.begin(Host::alice());
  EXPECT_EQ(client.ask(), "Token [latchkey/1 1/? 1000]: ");
  client.answer(host.token());
  const wire::Verdict verdict = client.verdict();
  EXPECT_EQ(verdict.result, wire::Result::allow);
  EXPECT_EQ(verdict.text, "");
  EXPECT_EQ(verdict.groups_count, 0U);
  EXPECT_EQ(verdict.request_id, host.last().id);
  const std::string id = testing::login_id(verdict);
  EXPECT_EQ(id.size(), wire::kLoginSize);
  EXPECT_TRUE(client.ended());
  EXPECT_EQ(host.last_reason(), Reason::allowed);
  EXPECT_FALSE(host.last().remembered);
  EXPECT_EQ(host.last().decision.subject, "subject-of-alice");

  const auto login = host.logins.find(id, "alice");
  ASSERT_NE(login, nullptr);
  EXPECT_EQ(login->service, "sshd");
  EXPECT_EQ(login->claims.subject, "subject-of-alice");
  EXPECT_EQ(host.store.logins().count(id), 1U) << "queued before the verdict was sent";
  EXPECT_EQ(host.store.seen(), std::vector<std::string>{"alice"});
  ASSERT_NE(host.logins.last_seen("alice"), nullptr);
  EXPECT_EQ(host.logins.last_seen("alice")->seen_at, host.clock.wall());
}

// sudo shows no messages (PAM_SILENT), so its refusals are told by a prompt.
TEST(SignIn, SilentRefusalIsToldByALastPromptWhoseAnswerIsDropped) {
  constexpr std::uint32_t kSilent = 0x8000;
  for (const bool answers : {true, false}) {
    Host host;
    Client client = host.connect();
    client.begin({.flags = kSilent, .service = "sudo", .user = "alice", .ruser = "alice"});
    client.ask();
    client.answer("no token");
    const std::string last_word = client.ask();
    EXPECT_EQ(last_word, text_of(host, "The token was not accepted", "token_malformed") +
                             ". Press Enter [latchkey/1 end]: ");
    if (answers) {
      client.answer(host.token());
    } else {
      client.no_answer(wire::NoAnswer::conversation_error);
    }
    EXPECT_EQ(client.verdict().result, wire::Result::refused);
  }
}

TEST(SignIn, SilentSignInThatIsLetInHasNoLastPrompt) {
  Host host;
  Client client = host.connect();
  client.begin({.flags = 0x8000, .service = "sshd", .user = "alice"});
  client.ask();
  client.answer(host.token());
  EXPECT_EQ(client.verdict().result, wire::Result::allow);
}

TEST(SignIn, SudoIsAskedForShorterParts) {
  Host host;
  Client client = host.connect();
  client.begin({.service = "sudo", .user = "alice", .ruser = "alice", .tty = "/dev/pts/0"});
  EXPECT_EQ(client.ask(), "Token [latchkey/1 1/? 500]: ");
  client.answer(host.token({{"groups", R"(["ops"])"}}));
  EXPECT_EQ(client.verdict().result, wire::Result::allow);
}

TEST(SignIn, ATokenInPartsIsOneToken) {
  struct Case {
    std::string_view name;
    std::string_view service;
    std::size_t most;
    std::size_t padding;
  };
  const Case cases[] = {
      {"one part", "sshd", 1'000, 0},
      {"sudo's parts", "sudo", 500, 0},
      {"many parts", "sshd", 1'000, 20'000},
      {"as many as there may be", "sudo", 500, 46'000},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    Host host;
    const std::string token = host.token(
        {{"groups", R"(["ops"])"}, {"padding", '"' + std::string(test.padding, 'x') + '"'}});
    const auto parts = in_parts(token, test.most);
    ASSERT_FALSE(parts.empty());
    Client client = host.connect();
    client.begin({.service = test.service, .user = "alice", .ruser = "alice"});
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const std::string of = i == 0 ? "?" : std::to_string(parts.size());
      EXPECT_EQ(client.ask(), "Token [latchkey/1 " + std::to_string(i + 1) + "/" + of + " " +
                                  std::to_string(test.most) + "]: ");
      client.answer(parts[i]);
    }
    EXPECT_EQ(client.verdict().result, wire::Result::allow) << host.last().decision.detail;
  }
}

TEST(SignIn, PartsThatDoNotFitTogetherAreRefusedByName) {
  Host host;
  const std::string padding = '"' + std::string(600, 'x') + '"';
  const std::string token = host.token({{"padding", padding}});
  const auto good = in_parts(token, 500);
  ASSERT_EQ(good.size(), 3U);
  const std::string wrong_digest =
      in_parts(host.token({{"padding", padding}, {"jti", "\"2\""}}), 500)[1];
  std::string last_changed = good.back();
  last_changed.back() = last_changed.back() == 'A' ? 'B' : 'A';
  struct Case {
    std::string_view name;
    std::vector<std::string> answers;
  };
  std::vector<std::string> changed(good.begin(), good.end() - 1);
  changed.push_back(last_changed);
  const Case cases[] = {
      {"the second part first", {good[1]}},
      {"a part left out", {good[0], good[2]}},
      {"a part twice", {good[0], good[0]}},
      {"a whole token after a part", {good[0], token}},
      {"an empty answer after a part", {good[0], ""}},
      {"a part of another token", {good[0], wrong_digest}},
      {"a part with broken form", {"lk1.1.2.nothex.data"}},
      {"a byte changed on the way", changed},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    Client client = host.connect();
    client.begin(Host::alice());
    for (const std::string& answer : test.answers) {
      client.ask();
      client.answer(answer);
    }
    const wire::Verdict verdict = client.verdict();
    EXPECT_EQ(verdict.result, wire::Result::refused);
    EXPECT_EQ(verdict.text,
              text_of(host, "The parts of the token do not fit together", "token_parts_invalid"));
  }
}

TEST(SignIn, RefusalsTellTheUserASentenceACodeAndARequest) {
  const std::string foreign =
      latchkey::testing::SigningKey::generate(jose::Algorithm::es256, "ES256")
          .token(R"({"iss":"https://id.example.com/realms/corp"})");
  struct Case {
    std::string_view name;
    Host::Claims claims;
    std::string_view user;
    wire::Result result;
    Reason reason;
    std::string_view sentence;
  };
  const Case cases[] = {
      {"expired",
       {{"exp", "1799999000"}},
       "alice",
       wire::Result::refused,
       Reason::token_expired,
       "The token has expired, get a new one"},
      {"for another audience",
       {{"aud", "\"other\""}},
       "alice",
       wire::Result::refused,
       Reason::audience_wrong,
       "The token is meant for something else"},
      {"for another user",
       {},
       "bob",
       wire::Result::refused,
       Reason::user_mismatch,
       "The token is not for this account"},
      {"for nobody here",
       {{"preferred_username", "\"carol\""}},
       "carol",
       wire::Result::user_unknown,
       Reason::user_unknown,
       "The token is not for this account"},
      {"without an allowing rule",
       {{"groups", "[]"}},
       "alice",
       wire::Result::refused,
       Reason::access_denied,
       "You are not allowed to use this service"},
      {"for a system account",
       {{"preferred_username", "\"root\""}},
       "root",
       wire::Result::not_managed,
       Reason::not_managed,
       "This account does not sign in with a token"},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    Host host;
    Client client{ipc::Fd()};
    wire::Begin begin = Host::alice();
    begin.user = test.user;
    const wire::Verdict verdict = host.sign_in(client, host.token(test.claims), begin);
    EXPECT_EQ(verdict.result, test.result);
    EXPECT_EQ(code(host.last_reason()), code(test.reason));
    EXPECT_EQ(verdict.text, text_of(host, test.sentence, code(test.reason)));
    EXPECT_EQ(verdict.environment_count, 0U);
    EXPECT_TRUE(host.store.logins().empty());
  }
}

TEST(SignIn, AnAnswerThatIsNoTokenIsRefused) {
  struct Case {
    std::string_view name;
    std::string answer;
    Reason want;
  };
  const Case cases[] = {
      {"an empty answer", "", Reason::token_missing},
      {"a word", "password", Reason::token_malformed},
      {"dots", "..", Reason::token_malformed},
      {"64 KiB of nothing", std::string(wire::kTokenMost, 'x'), Reason::token_malformed},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    Host host;
    Client client{ipc::Fd()};
    EXPECT_EQ(host.sign_in(client, test.answer).result, wire::Result::refused);
    EXPECT_EQ(code(host.last_reason()), code(test.want));
  }
}

TEST(SignIn, ATokenThatTheClientCutIsCalledThat) {
  Host host;
  const std::string longer = host.token({{"padding", '"' + std::string(700, 'x') + '"'}});
  ASSERT_GT(longer.size(), wire::kSshAnswerCut);
  struct Case {
    std::string_view name;
    std::string answer;
    Reason want;
  };
  std::string exact;  // a good token of exactly the length, and one with a broken signature
  for (std::size_t padding = 0; exact.size() != wire::kSshAnswerCut; ++padding) {
    ASSERT_LT(padding, 1'000U);
    exact = host.token({{"padding", '"' + std::string(padding, 'x') + '"'}});
  }
  std::string broken = exact;
  broken[broken.size() - 40] = broken[broken.size() - 40] == 'A' ? 'B' : 'A';
  const Case cases[] = {
      {"cut at 1023", longer.substr(0, 1'023), Reason::token_cut},
      {"one byte less is no cut", longer.substr(0, 1'022), Reason::token_malformed},
      {"one byte more is no cut", longer.substr(0, 1'024), Reason::token_malformed},
      {"a bad signature in 1023 bytes", broken, Reason::token_cut},
      {"a good token of 1023 bytes", exact, Reason::allowed},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    Client client{ipc::Fd()};
    host.sign_in(client, test.answer);
    EXPECT_EQ(code(host.last_reason()), code(test.want)) << host.last().decision.detail;
  }
  // In parts nothing was cut, whatever its length.
  Client client = host.connect();
  client.begin(Host::alice());
  for (const std::string& part : in_parts(broken, 1'000)) {
    client.ask();
    client.answer(part);
  }
  client.verdict();
  EXPECT_EQ(host.last_reason(), Reason::signature_invalid);
}

TEST(SignIn, AsksWhoeverItIsBeforeItJudges) {
  Host host;
  for (const std::string_view user : {"alice", "bob", "nobody-here", "root", ""}) {
    SCOPED_TRACE(user);
    wire::Begin begin = Host::alice();
    begin.user = user;
    Client client = host.connect();
    client.begin(begin);
    EXPECT_EQ(client.ask(), "Token [latchkey/1 1/? 1000]: ");
    client.answer("garbage");
    const wire::Verdict verdict = client.verdict();
    EXPECT_EQ(verdict.result, wire::Result::refused);
    EXPECT_EQ(verdict.text, text_of(host, "The token was not accepted", "token_malformed"));
  }
}

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
  host.needs.accounts_changed_ = true;
  host.needs.on_accounts = [&] {
    host.passwd += "carol:x:1002:1002::/:/bin/sh\n";
    host.needs.accounts_changed_ = false;
    host.take_new();
  };
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

TEST(SignIn, ASourcePaysForItsVerificationsAndOthersDoNot) {
  Host host(Patience{.overdrawn = 0ms});
  host.config_text += "budgets: { verify_cpu_per_second: 1ms, verify_cpu_burst: 10ms }\n";
  host.publish();
  const std::string good = host.token();
  Client client{ipc::Fd()};
  ASSERT_EQ(host.sign_in(client, good).result, wire::Result::allow);
  const auto bad = [&](int number) {
    std::string token = host.token({{"jti", std::to_string(number)}});
    token[token.size() - 40] = token[token.size() - 40] == 'A' ? 'B' : 'A';
    return token;
  };
  int tries = 0;
  for (; tries < 1'000; ++tries) {
    host.sign_in(client, bad(tries));
    if (host.last_reason() == Reason::budget_exhausted) break;
    ASSERT_EQ(host.last_reason(), Reason::signature_invalid);
  }
  EXPECT_GT(tries, 1);
  EXPECT_LT(tries, 1'000);
  EXPECT_EQ(host.sign_in(client, good).result, wire::Result::allow)
      << "a remembered token costs nothing";
  wire::Begin elsewhere = Host::alice();
  elsewhere.rhost = "192.0.2.2";
  host.sign_in(client, bad(-1), elsewhere);
  EXPECT_EQ(host.last_reason(), Reason::signature_invalid) << "another source has its own budget";
  host.clock.advance(10s);
  host.sign_in(client, bad(-2));
  EXPECT_EQ(host.last_reason(), Reason::signature_invalid) << "the budget comes back";
}

// What costs the daemon its time counts, not only a signature: long junk and HMACs above all.
TEST(SignIn, ASourcePaysForTheBytesThatItHasRead) {
  Host host(Patience{.overdrawn = 0ms});
  host.config_text += "budgets: { verify_cpu_per_second: 1ms, verify_cpu_burst: 10ms }\n";
  host.publish();
  const auto tries_until_exhausted = [&](const std::string& address, const std::string& answer) {
    Client client{ipc::Fd()};
    wire::Begin begin = Host::alice();
    begin.rhost = address;
    for (int tries = 0; tries < 1'000; ++tries) {
      host.sign_in(client, answer, begin);
      if (host.last_reason() == Reason::budget_exhausted) return tries;
    }
    return 1'000;
  };
  const std::string mac = jose::encode_base64url(R"({"alg":"HS256"})") + "." +
                          jose::encode_base64url("{\"x\":\"" + std::string(30'000, 'x') + "\"}") +
                          ".AAAA";
  EXPECT_EQ(tries_until_exhausted("192.0.2.10", "x"), 499);
  EXPECT_LE(tries_until_exhausted("192.0.2.11", std::string(40'000, 'a')), 10'000 / 60);
  EXPECT_LE(tries_until_exhausted("192.0.2.12", mac), 10'000 / 180);
}

TEST(SignIn, ARefusalForAnEmptyBudgetIsHeldBackAndHoldsUpNobodyElse) {
  Host host(Patience{.overdrawn = 1h});
  host.config_text += "budgets: { verify_cpu_per_second: 1ms, verify_cpu_burst: 10ms }\n";
  host.publish();
  std::vector<Client> flood;
  for (int i = 0; i < 200 && (flood.empty() || !flood.back().waits()); ++i) {
    flood.push_back(host.connect());
    flood.back().begin(Host::alice());
    flood.back().ask();
    flood.back().answer(host.token({{"aud", "\"elsewhere\""}, {"jti", std::to_string(i)}}));
    Client other{ipc::Fd()};  // the one worker has heard the flood before it hears this
    wire::Begin elsewhere = Host::alice();
    const std::string address = "192.0.2." + std::to_string(i + 2);
    elsewhere.rhost = address;
    ASSERT_EQ(host.sign_in(other, host.token(), elsewhere).result, wire::Result::allow) << i;
  }
  EXPECT_TRUE(flood.back().waits()) << "no refusal was held back";
}

// Its memory is not to hold the token for the time of the wait.
TEST(SignIn, ARefusalThatIsHeldBackHoldsNoToken) {
  if (!latchkey::testing::kMemoryCanBeScanned) GTEST_SKIP() << "a sanitizer's shadow is memory too";
  Host host(Patience{.overdrawn = 1h});
  host.config_text += "budgets: { verify_cpu_per_second: 1ms, verify_cpu_burst: 10ms }\n";
  host.publish();
  Client flood{ipc::Fd()};
  for (int i = 0; i < 499; ++i) host.sign_in(flood, "x");  // 20 us each
  EXPECT_EQ(host.last_reason(), Reason::token_malformed);
  // Made in its frame, and wiped there: no other copy of it is the test's own.
  constexpr std::size_t kSize = 1'000;
  std::array<std::byte, wire::kHeaderSize + kSize> frame{};
  ASSERT_TRUE(wire::encode_answer_header(kSize, std::span(frame).first<wire::kHeaderSize>()));
  auto state = static_cast<std::uint32_t>(::getpid());
  for (std::size_t at = wire::kHeaderSize; at < frame.size(); ++at) {
    state = state * 1'664'525 + 1'013'904'223;
    frame[at] = static_cast<std::byte>('a' + (state >> 24) % 26);
  }
  const std::string_view bytes(reinterpret_cast<const char*>(frame.data()), frame.size());
  const latchkey::testing::Needle needle(bytes.substr(kSize / 2, 64));
  Client held = host.connect();
  held.begin(Host::alice());
  held.ask();
  held.send(bytes);
  ::explicit_bzero(frame.data(), frame.size());
  const std::string good = host.token();
  wire::Begin elsewhere = Host::alice();
  elsewhere.rhost = "192.0.2.200";
  Client other{ipc::Fd()};  // the one worker has long heard the other when these are answered
  for (int i = 0; i < 20; ++i) host.sign_in(other, good, elsewhere);
  EXPECT_TRUE(held.waits());
  EXPECT_EQ(latchkey::testing::count_in_memory(needle), 0U);
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

TEST(SignIn, TheLogNamesTheDecisionAndHoldsNoPartOfTheToken) {
  Host host;
  Client client{ipc::Fd()};
  const std::string personal = R"({"street":"personal-mark"})";  // RFC 7519 section 12
  const std::string good = host.token({{"address", personal}});
  std::string bad = host.token({{"jti", "\"bad\""}, {"address", personal}});
  bad[bad.size() - 40] = bad[bad.size() - 40] == 'A' ? 'B' : 'A';
  host.sign_in(client, good);
  host.sign_in(client, bad);
  host.sign_in(client, "eyJhbGciOiJub25lIn0.e30.");
  const std::string log = host.journal.text();
  EXPECT_EQ(log.find("personal-mark"), std::string::npos);
  EXPECT_EQ(host.journal.count("request_id=" + host.last().id), 1U);
  EXPECT_EQ(host.journal.count("reason=allowed"), 1U);
  EXPECT_EQ(host.journal.count("reason=signature_invalid"), 1U);
  EXPECT_EQ(host.journal.count("rhost=192.0.2.1"), 3U);
  for (const std::string_view token : {std::string_view(good), std::string_view(bad)}) {
    for (std::size_t at = 0; at + 12 <= token.size(); at += 4) {
      ASSERT_EQ(log.find(token.substr(at, 12)), std::string::npos) << token.substr(at, 12);
    }
  }
}

}  // namespace
}  // namespace latchkey::latchkeyd
