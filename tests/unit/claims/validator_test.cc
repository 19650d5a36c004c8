// SPDX-License-Identifier: Apache-2.0
//
// The claims that are asked for by every issuer.
#include "core/claims/validator.h"

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "tests/unit/claims/validator_cases.h"

namespace latchkey::claims {
namespace {

using validator_test::base_policy;
using validator_test::Case;
using validator_test::expect;
using validator_test::payload;
using validator_test::Signed;

// RFC 7519 section 4.1.3.
TEST(Validator, Audience) {
  const auto aud = [](std::string_view value) { return payload({{"aud", std::string(value)}}); };
  const auto many = [](std::size_t count) {
    std::string list = "[\"ssh://prod\"";
    for (std::size_t i = 1; i < count; ++i) list += ",\"x\"";
    return payload({{"aud", list + "]"}});
  };
  const Case cases[] = {
      {"accepted: string", aud("\"ssh://prod\""), Reason::allowed},
      {"accepted: by escape, RFC 7515 section 5.3", aud(R"("ssh\u003a//prod")"), Reason::allowed},
      {"wrong: another normal form", aud(R"("e\u0301")"), Reason::audience_wrong, Step::audience,
       [](ClaimsPolicy& policy) { policy.audiences = {"\xC3\xA9"}; }},
      {"accepted: another configured value", aud("\"ssh://all\""), Reason::allowed},
      {"accepted: array that holds one", aud(R"(["x","ssh://all"])"), Reason::allowed},
      {"accepted: 64 values", many(64), Reason::allowed},
      {"invalid: 65 values", many(65), Reason::claim_invalid, Step::audience},
      {"wrong: other", aud("\"other\""), Reason::audience_wrong, Step::audience},
      {"wrong: array without one", aud(R"(["a","b"])"), Reason::audience_wrong, Step::audience},
      {"wrong: empty array", aud("[]"), Reason::audience_wrong, Step::audience},
      {"wrong: empty string", aud("\"\""), Reason::audience_wrong, Step::audience},
      {"wrong: case counts", aud("\"SSH://prod\""), Reason::audience_wrong, Step::audience},
      {"wrong: prefix", aud("\"ssh://pro\""), Reason::audience_wrong, Step::audience},
      {"wrong: longer", aud("\"ssh://prod/\""), Reason::audience_wrong, Step::audience},
      {"wrong: blank-joined", aud("\"ssh://prod other\""), Reason::audience_wrong, Step::audience},
      {"wrong: NUL behind it", aud(R"("ssh://prod\u0000")"), Reason::audience_wrong,
       Step::audience},
      {"missing", payload({{"-aud", ""}}), Reason::claim_missing, Step::audience},
      {"invalid: object", aud(R"({"ssh://prod":1})"), Reason::claim_invalid, Step::audience},
      {"invalid: nested array", aud(R"([["ssh://prod"]])"), Reason::claim_invalid, Step::audience},
      {"invalid: a number beside ours", aud(R"(["ssh://prod",7])"), Reason::claim_invalid,
       Step::audience},
      {"invalid: null", aud("null"), Reason::claim_invalid, Step::audience},
      {"wrong: an empty list of the configuration means nobody", payload(), Reason::audience_wrong,
       Step::audience, [](ClaimsPolicy& policy) { policy.audiences.clear(); }},
  };
  expect(cases);
}

TEST(Validator, Lifetime) {
  const auto with = [](std::string name, std::string value) {
    return payload({{std::move(name), std::move(value)}});
  };
  const Case cases[] = {
      {"accepted: exp 59 s ago, leeway 60", with("exp", "1899999941"), Reason::allowed},
      {"expired: 60 s ago", with("exp", "1899999940"), Reason::token_expired, Step::lifetime},
      {"accepted: fraction", with("exp", "1900000600.5"), Reason::allowed},
      {"missing: exp", payload({{"-exp", ""}}), Reason::claim_missing, Step::lifetime},
      {"invalid: exp is a string", with("exp", "\"1900000600\""), Reason::claim_invalid,
       Step::lifetime},
      {"invalid: exp is null", with("exp", "null"), Reason::claim_invalid, Step::lifetime},
      {"invalid: exp beyond 9999", with("exp", "9223372036854775808"), Reason::claim_invalid,
       Step::lifetime},
      {"accepted: nbf 60 s ahead", with("nbf", "1900000060"), Reason::allowed},
      {"not yet: nbf 61 s ahead", with("nbf", "1900000061"), Reason::token_not_yet_valid,
       Step::lifetime},
      {"invalid: nbf is a string", with("nbf", "\"0\""), Reason::claim_invalid, Step::lifetime},
      {"not yet: iat an hour ahead", with("iat", "1900003600"), Reason::token_not_yet_valid,
       Step::lifetime},
      {"invalid: iat negative", with("iat", "-1"), Reason::claim_invalid, Step::lifetime},
      {"accepted: no iat", payload({{"-iat", ""}}), Reason::allowed},
      {"missing: iat where an age is configured", payload({{"-iat", ""}}), Reason::claim_missing,
       Step::lifetime, [](ClaimsPolicy& policy) { policy.max_token_age = std::chrono::hours(1); }},
      {"too long: lives longer than the age", with("exp", "1900003591"),
       Reason::token_lives_too_long, Step::lifetime,
       [](ClaimsPolicy& policy) { policy.max_token_age = std::chrono::hours(1); }},
  };
  expect(cases);
}

// RFC 8725 section 3.8.
TEST(Validator, IssuerAndSubject) {
  const auto with = [](std::string name, std::string value) {
    return payload({{std::move(name), std::move(value)}});
  };
  const Case cases[] = {
      {"wrong: iss of another issuer", with("iss", "\"https://evil.example\""),
       Reason::claim_wrong},
      {"wrong: trailing slash", with("iss", "\"https://id.example/realms/corp/\""),
       Reason::claim_wrong},
      {"wrong: case of iss, RFC 7519 section 4.1.1",
       with("iss", "\"https://id.example/realms/Corp\""), Reason::claim_wrong},
      {"wrong: iss an array", with("iss", R"(["https://id.example/realms/corp"])"),
       Reason::claim_wrong},
      {"missing: iss", payload({{"-iss", ""}}), Reason::claim_missing},
      {"missing: sub", payload({{"-sub", ""}}), Reason::claim_missing},
      {"invalid: sub empty", with("sub", "\"\""), Reason::claim_invalid},
      {"invalid: sub a number", with("sub", "7"), Reason::claim_invalid},
      {"accepted: sub of 2048 bytes", with("sub", "\"" + std::string(2'048, 's') + "\""),
       Reason::allowed},
      {"invalid: sub of 2049 bytes", with("sub", "\"" + std::string(2'049, 's') + "\""),
       Reason::claim_invalid},
      {"invalid: jti a number", with("jti", "7"), Reason::claim_invalid},
      {"invalid: groups an object", with("groups", "{}"), Reason::claim_invalid},
      {"invalid: a group that is no string", with("groups", R"(["a",1])"), Reason::claim_invalid},
      {"invalid: acr a number", with("acr", "1"), Reason::claim_invalid},
      {"invalid: amr with a number", with("amr", "[1]"), Reason::claim_invalid},
      {"invalid: auth_time a string", with("auth_time", "\"1\""), Reason::claim_invalid},
      {"invalid: sid null", with("sid", "null"), Reason::claim_invalid},
  };
  expect(cases);
}

// OpenID Connect Core section 3.1.3.7, RFC 9068 section 2.2.
TEST(Validator, Client) {
  const auto clients = [](ClaimsPolicy& policy) { policy.clients = {"cli", "laptop"}; };
  const auto id_token = [](ClaimsPolicy& policy) {
    policy.kinds = {TokenKind::id};
    policy.audiences = {"cli"};
  };
  const auto id_token_of_clients = [](ClaimsPolicy& policy) {
    policy.kinds = {TokenKind::id};
    policy.audiences = {"cli"};
    policy.clients = {"laptop"};
  };
  const auto both_kinds = [](ClaimsPolicy& policy) {
    policy.kinds = {TokenKind::access, TokenKind::id};
    policy.audiences = {"cli"};
  };
  const Case cases[] = {
      {"accepted: any client where none is configured", payload({{"azp", "\"x\""}}),
       Reason::allowed},
      {"accepted: a configured one", payload({{"azp", "\"cli\""}}), Reason::allowed, {}, clients},
      {"accepted: by the second claim",
       payload({{"client_id", "\"laptop\""}}),
       Reason::allowed,
       {},
       clients},
      {"accepted: both claims, both configured",
       payload({{"azp", "\"cli\""}, {"client_id", "\"laptop\""}}),
       Reason::allowed,
       {},
       clients},
      {"wrong: another one", payload({{"azp", "\"x\""}}), Reason::client_wrong, Step::claims,
       clients},
      {"wrong: one of the two claims", payload({{"azp", "\"cli\""}, {"client_id", "\"x\""}}),
       Reason::client_wrong, Step::claims, clients},
      {"wrong: none", payload(), Reason::client_wrong, Step::claims, clients},
      {"wrong: empty", payload({{"azp", "\"\""}}), Reason::client_wrong, Step::claims, clients},
      {"invalid: an array", payload({{"azp", R"(["cli"])"}}), Reason::claim_invalid, Step::claims,
       clients},
      {"accepted: ID token for one audience without azp",
       payload({{"aud", "\"cli\""}}),
       Reason::allowed,
       {},
       id_token},
      {"wrong: ID token for two audiences without azp", payload({{"aud", R"(["cli","x"])"}}),
       Reason::client_wrong, Step::claims, id_token},
      {"wrong: ID token for two audiences, asked for by the other",
       payload({{"aud", R"(["cli","x"])"}, {"azp", "\"x\""}}), Reason::client_wrong, Step::claims,
       id_token},
      {"wrong: for two audiences without azp, where an unmarked token may be an ID token",
       payload({{"aud", R"(["cli","x"])"}}), Reason::client_wrong, Step::claims, both_kinds},
      {"wrong: for two audiences, asked for by the other, where both kinds are taken",
       payload({{"aud", R"(["cli","x"])"}, {"azp", "\"x\""}}), Reason::client_wrong, Step::claims,
       both_kinds},
      {"accepted: for two audiences, an access token by its mark, where both kinds are taken",
       payload({{"aud", R"(["cli","x"])"}, {"typ", "\"Bearer\""}}),
       Reason::allowed,
       {},
       both_kinds},
      {"accepted: ID token for two audiences, asked for by us",
       payload({{"aud", R"(["cli","x"])"}, {"azp", "\"cli\""}}),
       Reason::allowed,
       {},
       id_token},
      {"accepted: asked for by a configured client",
       payload({{"aud", R"(["cli","x"])"}, {"azp", "\"laptop\""}}),
       Reason::allowed,
       {},
       id_token_of_clients},
      {"accepted: access token for two audiences without azp",
       payload({{"aud", R"(["ssh://prod","x"])"}}), Reason::allowed},
  };
  expect(cases);
}

// What each kind of requirement means: requirement_test.cc.
TEST(Validator, RequiredClaimsAndHeaderMembers) {
  const RequiredClaim prod{.name = "env.name", .values = {{.text = "prod"}}};
  const auto require = [&](ClaimsPolicy& policy) { policy.require = {prod}; };
  const auto require_header = [&](ClaimsPolicy& policy) { policy.require_header = {prod}; };
  const std::string good = payload({{"env", R"({"name":"prod"})"}});
  const Case cases[] = {
      {"accepted: there and right", good, Reason::allowed, {}, require},
      {"missing", payload(), Reason::claim_missing, Step::claims, require},
      {"wrong", payload({{"env", R"({"name":"test"})"}}), Reason::claim_wrong, Step::claims,
       require},
      {"missing: a claim is no header member", good, Reason::claim_missing, Step::claims,
       require_header},
  };
  expect(cases);
  Signed token;
  ClaimsPolicy policy = base_policy();
  require_header(policy);
  EXPECT_TRUE(token.validate(payload(), policy, R"({"alg":"EdDSA","env":{"name":"prod"}})"));
  const auto wrong = token.validate(payload(), policy, R"({"alg":"EdDSA","env":{"name":"x"}})");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(code(wrong.error().error.reason), "claim_wrong");
  EXPECT_EQ(wrong.error().error.detail, "header member \"env.name\"");
}

TEST(Validator, TypeComesFirst) {
  Signed token;
  const auto result = token.validate(R"({"events":{}})", base_policy());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().step, Step::type);
  EXPECT_EQ(result.error().error.reason, Reason::type_wrong);
}

}  // namespace
}  // namespace latchkey::claims
