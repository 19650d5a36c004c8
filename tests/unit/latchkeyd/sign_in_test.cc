// SPDX-License-Identifier: Apache-2.0
//
// authenticate over a real connection with the real core: what is asked, what a token in one piece
// or in parts gives, what is remembered, bound and recorded, and what the user is told.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/jose/scratch.h"
#include "core/jose/token_digest.h"
#include "tests/support/signing.h"
#include "tests/unit/latchkeyd/host.h"
#include "tests/unit/latchkeyd/sign_in_texts.h"
#include "wire/parts.h"

namespace latchkey::latchkeyd {
namespace {

using sign_in_test::text_of;
using testing::Client;
using testing::Host;

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
