// SPDX-License-Identifier: Apache-2.0
//
// What token verify says of a token: the outcome of each check, and an exit status that scripts can
// go by.
#include "cli/latchkeyctl/verdict.h"

#include <functional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/jose/json.h"
#include "tests/support/signing.h"
#include "tests/unit/verify/provider.h"

namespace latchkey::cli {
namespace {

using ::testing::HasSubstr;
using testing::kNow;
using ::testing::Not;
using testing::signing_key;

constexpr std::string_view kIssuer = "https://id.example";

std::string token(const std::string& more = {}) {
  return signing_key(jose::Algorithm::es256)
      .token(R"({"iss":"https://id.example","sub":"u","aud":"ssh-prod","exp":1900000600,)"
             R"("preferred_username":"alice","groups":["a\u001b[2J"])" +
             more + "}");
}

// The signature of another token.
std::string forged() {
  const std::string good = token();
  const std::string other = token(R"(,"acr":"mfa")");
  return other.substr(0, other.rfind('.')) + good.substr(good.rfind('.'));
}

Snapshot snapshot() {
  return testing::make_snapshot(
      {testing::make_issuer("corp", std::string(kIssuer))},
      {testing::make_keys(testing::jwk_set({signing_key(jose::Algorithm::es256).jwk()}))}, kNow);
}

TEST(Verdict, of_a_good_token_is_accepted_and_names_whom_it_is_for) {
  const Verdict verdict = verify_token(token(), snapshot(), {}, kNow);
  EXPECT_EQ(exit_status(verdict), 0);
  const std::string text = render_verdict(verdict, Style::plain);
  EXPECT_THAT(text, HasSubstr("ACCEPTED\n"));
  EXPECT_THAT(text, HasSubstr("  names          alice\n"));
  EXPECT_THAT(text, HasSubstr("passed       signature"));
  EXPECT_THAT(text, HasSubstr("passed       claims"));
}

TEST(Verdict, shows_no_check_that_was_not_asked_for) {
  const std::string text =
      render_verdict(verify_token(token(), snapshot(), {}, kNow), Style::plain);
  EXPECT_THAT(text, Not(HasSubstr("revocation")));
  EXPECT_THAT(text, Not(HasSubstr("access")));
}

TEST(Verdict, escapes_what_the_token_says) {
  const Verdict verdict = verify_token(token(), snapshot(), {}, kNow);
  EXPECT_EQ(render_verdict(verdict, Style::plain).find('\033'), std::string::npos);
  EXPECT_EQ(verdict_json(verdict).find('\033'), std::string::npos);
}

TEST(Verdict, holds_no_part_of_the_token) {
  const std::string whole = token();
  for (const auto& sign_in : {std::optional<SignIn>(), std::optional(SignIn{"alice", "sshd"})}) {
    const Verdict verdict = verify_token(whole, snapshot(), sign_in, kNow);
    for (const std::string& part :
         {whole.substr(0, whole.find('.')), whole.substr(whole.rfind('.') + 1)}) {
      EXPECT_THAT(render_verdict(verdict, Style::plain), Not(HasSubstr(part)));
      EXPECT_THAT(verdict_json(verdict), Not(HasSubstr(part)));
    }
  }
}

struct Case {
  const char* name;
  std::function<std::string()> token;
  std::function<void(Snapshot&)> change;
  std::optional<SignIn> sign_in;
  Reason reason;
  int status;
};

TEST(Verdict, has_the_reason_of_the_daemon_and_a_status_for_scripts) {
  const auto good = [] { return token(); };
  const auto nothing = [](Snapshot&) {};
  const Case cases[] = {
      {"no token", [] { return std::string(); }, nothing, {}, Reason::token_missing, 1},
      {"garbage",
       [] { return std::string("\x01\xff garbage"); },
       nothing,
       {},
       Reason::token_malformed,
       1},
      {"a long one",
       [] { return std::string(65'537, 'a'); },
       nothing,
       {},
       Reason::token_too_long,
       1},
      {"a claim added", forged, nothing, {}, Reason::signature_invalid, 1},
      {"cut in the signature",
       [] { return token().substr(0, token().size() - 2); },
       nothing,
       {},
       Reason::signature_invalid,
       1},
      {"not yet valid",
       [] { return token(R"(,"nbf":1900000061)"); },
       nothing,
       {},
       Reason::token_not_yet_valid,
       1},
      {"of an issuer that is not configured",
       good,
       [](Snapshot& s) { s.config = std::make_shared<config::Config>(); },
       {},
       Reason::issuer_unknown,
       1},
      {"no keys", good, [](Snapshot& s) { s.keys[0] = {}; }, {}, Reason::keys_missing, 2},
      {"stale keys",
       good,
       [](Snapshot& s) { s.keys[0].fetched_at = kNow - std::chrono::hours(25); },
       {},
       Reason::keys_stale,
       2},
      {"other keys",
       good,
       [](Snapshot& s) {
         s.keys[0].keys =
             testing::make_keys(testing::jwk_set({signing_key(jose::Algorithm::es384).jwk()}));
       },
       {},
       Reason::key_unknown,
       1},
      {"for somebody else", good, nothing, SignIn{"bob", "sshd"}, Reason::user_mismatch, 1},
      {"for a service without a rule", good, nothing, SignIn{"alice", "sudo"},
       Reason::access_denied, 1},
      {"for alice", good, nothing, SignIn{"alice", "sshd"}, Reason::allowed, 0},
  };
  for (const Case& one : cases) {
    Snapshot world = snapshot();
    one.change(world);
    const Verdict verdict = verify_token(one.token(), world, one.sign_in, kNow);
    EXPECT_EQ(code(verdict.decision.reason), code(one.reason)) << one.name;
    EXPECT_EQ(exit_status(verdict), one.status) << one.name;
    const std::string text = render_verdict(verdict, Style::plain);
    EXPECT_THAT(text, HasSubstr(one.status == 0   ? "ACCEPTED\n"
                                : one.status == 1 ? "REFUSED  "
                                                  : "NO VERDICT  "))
        << one.name;
  }
}

TEST(Verdict, is_the_same_as_the_daemons_decision) {
  for (const char* user : {"alice", "bob", "root", "nobody-here"}) {
    const auto verdict = verify_token(token(), snapshot(), SignIn{user, "sshd"}, kNow);
    const Decision daemons = testing::decide_at(token(), user, snapshot(), kNow);
    EXPECT_EQ(verdict.decision.reason, daemons.reason) << user;
    EXPECT_EQ(verdict.decision.detail, daemons.detail) << user;
    for (std::size_t i = 0; i < kChecks; ++i) {
      const auto check = static_cast<Check>(i);
      EXPECT_EQ(verdict.decision.trace[check], daemons.trace[check]) << user << " " << name(check);
    }
  }
}

TEST(Verdict, says_that_the_daemon_would_ask_for_newer_keys_where_it_would) {
  Snapshot world = snapshot();
  world.keys[0].keys =
      testing::make_keys(testing::jwk_set({signing_key(jose::Algorithm::es384).jwk()}));
  const std::string text = render_verdict(verify_token(token(), world, {}, kNow), Style::plain);
  EXPECT_THAT(text, HasSubstr("asks the provider for newer keys"));
}

TEST(Verdict, is_one_json_object_with_each_check) {
  const std::string text =
      verdict_json(verify_token(token(), snapshot(), SignIn{"alice", "sshd"}, kNow));
  jose::JsonReader reader;
  const auto json = reader.read(text);
  ASSERT_TRUE(json) << text;
  EXPECT_EQ(json->find("accepted")->as_boolean(), true);
  EXPECT_EQ(json->find("reason")->as_string(), "allowed");
  EXPECT_EQ(json->find("user")->as_string(), "alice");
  EXPECT_EQ(json->find("uid")->as_integer(), 1000);
  EXPECT_EQ(json->find("checks")->size(), kChecks);
}

// The daemon would ask the issuer; nobody here can, so there is no verdict to go by.
Snapshot asking(issuer::IntrospectionMode mode) {
  auto issuer = testing::make_issuer("corp", std::string(kIssuer));
  issuer.config.introspection.mode = mode;
  issuer.config.introspection.opaque.prefixes = {"corp_"};
  return testing::make_snapshot(
      {issuer}, {testing::make_keys(testing::jwk_set({signing_key(jose::Algorithm::es256).jwk()}))},
      kNow);
}

TEST(Verdict, where_the_issuer_would_be_asked_there_is_none_and_it_says_so) {
  const Snapshot snapshot = asking(issuer::IntrospectionMode::required);
  for (const auto& sign_in : {std::optional<SignIn>(), std::optional(SignIn{"alice", "sshd"})}) {
    const Verdict verdict = verify_token(token(), snapshot, sign_in, kNow);
    EXPECT_EQ(exit_status(verdict), 2);
    const std::string text = render_verdict(verdict, Style::plain);
    EXPECT_THAT(text, HasSubstr("NO VERDICT  introspection_unavailable\n"));
    EXPECT_THAT(text, HasSubstr("this command asks nobody"));
    EXPECT_THAT(text, HasSubstr("everything else that could be checked here passed"));
    EXPECT_THAT(text, HasSubstr("passed       signature"));
    EXPECT_EQ(text.find("ACCEPTED"), std::string::npos);
  }
}

TEST(Verdict, a_refusal_is_one_whoever_would_be_asked) {
  const Snapshot snapshot = asking(issuer::IntrospectionMode::required);
  EXPECT_EQ(exit_status(verify_token(forged(), snapshot, {}, kNow)), 1);
  const Verdict bob = verify_token(token(), snapshot, SignIn{"bob", "sshd"}, kNow);
  EXPECT_EQ(bob.decision.reason, Reason::user_mismatch);
}

TEST(Verdict, where_only_opaque_tokens_are_asked_about_a_signed_one_is_accepted) {
  const Snapshot snapshot = asking(issuer::IntrospectionMode::opaque_only);
  EXPECT_EQ(exit_status(verify_token(token(), snapshot, {}, kNow)), 0);
}

TEST(Verdict, of_an_opaque_token_only_its_issuer_can_give_one) {
  const Snapshot snapshot = asking(issuer::IntrospectionMode::opaque_only);
  const Verdict verdict = verify_token("corp_0123456789abcdef", snapshot, {}, kNow);
  EXPECT_EQ(exit_status(verdict), 2);
  EXPECT_THAT(render_verdict(verdict, Style::plain), HasSubstr("this is an opaque token"));
  EXPECT_EQ(exit_status(verify_token("corp_short", snapshot, {}, kNow)), 1);
}

}  // namespace
}  // namespace latchkey::cli
