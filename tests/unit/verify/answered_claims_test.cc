// SPDX-License-Identifier: Apache-2.0
//
// What an issuer says of a signed token besides that it is active.
#include <functional>

#include "tests/unit/verify/asked_issuer.h"

namespace latchkey::testing {
namespace {

using namespace std::chrono_literals;

// The token decides who it is; its issuer's word can only refuse.
TEST(Introspection, WhatAnAnswerSaysBesidesASignedTokenMeetsTheClaimsPolicy) {
  using Change = std::function<void(claims::ClaimsPolicy&)>;
  const Change none = [](claims::ClaimsPolicy&) {};
  const Change clients = [](claims::ClaimsPolicy& policy) {
    policy.client_claims = {"azp", "client_id"};
    policy.clients = {"cli"};
  };
  const Change suffix = [](claims::ClaimsPolicy& policy) {
    policy.user_claims = {"upn"};
    policy.user_strip_suffix = {"@example.com"};
    policy.email_verified_claim = "none";
  };
  const Change tenant = [](claims::ClaimsPolicy& policy) {
    claims::RequiredClaim required;
    required.name = "tid";
    required.match = claims::RequiredClaim::Match::equals;
    required.values = {{.text = "t1"}};
    policy.require = {required};
  };
  const Change young = [](claims::ClaimsPolicy& policy) {
    policy.max_token_age = 600s;
    policy.max_token_lifetime = 0s;
  };
  const Change short_lived = [](claims::ClaimsPolicy& policy) { policy.max_token_lifetime = 700s; };
  const Change address = [](claims::ClaimsPolicy& policy) {
    policy.user_claims = {"upn"};
    policy.user_strip_suffix = {"@example.com"};
  };
  constexpr auto kInvalid = Reason::introspection_answer_invalid;
  const struct {
    std::string_view name;
    Reason want;
    std::string said;
    Change policy;
  } cases[] = {
      {"accepted: aud is ours", Reason::allowed, R"("aud":["x","ssh-prod"])", none},
      {"refused: aud is another's, RFC 7662 section 4", Reason::audience_wrong, R"("aud":"other")",
       none},
      {"refused: aud is no string", Reason::claim_invalid, R"("aud":1)", none},
      {"refused: nbf ahead", Reason::token_not_yet_valid, "\"nbf\":" + at(61s), none},
      {"accepted: nbf a leeway ahead", Reason::allowed, "\"nbf\":" + at(60s), none},
      {"refused: iat ahead", Reason::token_not_yet_valid, "\"iat\":" + at(61s), none},
      {"invalid: nbf is no date", kInvalid, R"("nbf":"x")", none},
      {"invalid: iat is no date", kInvalid, R"("iat":"x")", none},
      {"refused: too old by the answer", Reason::token_too_old, "\"iat\":" + at(-660s), young},
      {"refused: lives too long by the answer", Reason::token_lives_too_long, "\"exp\":" + at(691s),
       short_lived},
      {"accepted: the client is configured", Reason::allowed, R"("client_id":"cli")", clients},
      {"refused: another client", Reason::client_wrong, R"("client_id":"evil")", clients},
      {"refused: azp is another client", Reason::client_wrong, R"("client_id":"cli","azp":"evil")",
       clients},
      {"accepted: any client, where none is configured", Reason::allowed, R"("client_id":"evil")",
       none},
      {"accepted: the same user", Reason::allowed, R"("preferred_username":"alice")", none},
      {"invalid: another user", kInvalid, R"("preferred_username":"bob")", none},
      {"invalid: the user is no string", kInvalid, R"("preferred_username":["alice"])", none},
      {"accepted: the same user by its suffix", Reason::allowed, R"("upn":"alice@example.com")",
       suffix},
      {"invalid: the same name of another domain", kInvalid, R"("upn":"alice@example.org")",
       suffix},
      {"accepted: what is required", Reason::allowed, R"("tid":"t1")", tenant},
      {"refused: what is required is another", Reason::claim_wrong, R"("tid":"t2")", tenant},
      {"refused: the address is not verified", Reason::email_unverified,
       R"("email_verified":false)", address},
      {"accepted: groups and acr are the token's", Reason::allowed,
       R"("groups":[],"acr":"0","scope":"x")", none},
  };
  for (const auto& c : cases) {
    AskedIssuer asked;
    c.policy(asked.issuer.config.claims);
    const std::string token = signed_token({{"client_id", "\"cli\""},
                                            {"upn", "\"alice@example.com\""},
                                            {"tid", "\"t1\""},
                                            {"email_verified", "true"}});
    const auto answer =
        asked.read("{\"active\":true," + c.said + "}", asked.question(token, false));
    const Reason reason =
        answer ? decided(asked, token, answer->get()).reason : answer.error().reason;
    EXPECT_EQ(code(reason), code(c.want)) << c.name;
  }
}

}  // namespace
}  // namespace latchkey::testing
