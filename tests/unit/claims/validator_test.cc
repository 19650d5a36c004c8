// SPDX-License-Identifier: Apache-2.0
//
// Each claim check at and around its bounds, through a token that was really signed: there is no
// other way to a VerifiedJws.
#include "core/claims/validator.h"

#include <functional>
#include <string>

#include <gtest/gtest.h>

#include "core/jose/compact_jws.h"
#include "core/jose/jwk_set.h"
#include "tests/support/signing.h"

namespace latchkey::claims {
namespace {

using testing::signing_key;

constexpr std::string_view kIssuer = "https://id.example/realms/corp";
constexpr std::int64_t kNow = 1'900'000'000;

ClaimsPolicy base_policy() {
  return ClaimsPolicy{.audiences = {"ssh://prod", "ssh://all"},
                      .kinds = {TokenKind::access},
                      .typ = {"at+jwt", "jwt", "none"},
                      .client_claims = {"azp", "client_id"},
                      .group_claim = "groups"};
}

// A payload that passes, with members put in, replaced (same name) or taken out ("-name").
std::string payload(std::initializer_list<std::pair<std::string, std::string>> changes = {}) {
  std::vector<std::pair<std::string, std::string>> members = {
      {"iss", "\"https://id.example/realms/corp\""},
      {"sub", "\"u-1\""},
      {"aud", "\"ssh://prod\""},
      {"exp", "1900000600"},
      {"iat", "1899999990"},
      {"preferred_username", "\"alice\""},
  };
  for (const auto& [name, value] : changes) {
    const auto same = [&](const auto& member) {
      return member.first == (name[0] == '-' ? name.substr(1) : name);
    };
    std::erase_if(members, same);
    if (name[0] != '-') members.emplace_back(name, value);
  }
  std::string text = "{";
  for (const auto& [name, value] : members)
    text += (text.size() > 1 ? ",\"" : "\"") + name + "\":" + value;
  return text + "}";
}

class Signed {
 public:
  tl::expected<ValidatedClaims, Refusal> validate(const std::string& claims,
                                                  const ClaimsPolicy& policy,
                                                  std::string_view header = R"({"alg":"EdDSA"})") {
    const testing::SigningKey& key = signing_key(jose::Algorithm::eddsa);
    const std::string token = key.token(header, claims);
    const auto jws = jose::parse_compact(token, scratch_);
    EXPECT_TRUE(jws) << claims;
    const auto verified = jose::verify_signature(*jws, keys_.keys()[0], scratch_);
    EXPECT_TRUE(verified) << claims;
    return claims::validate(*verified, kIssuer, policy, "digest",
                            WallTime(std::chrono::seconds(kNow)));
  }

 private:
  jose::Scratch scratch_;
  jose::JwkSet keys_ =
      *jose::JwkSet::parse(testing::jwk_set({signing_key(jose::Algorithm::eddsa).jwk()}));
};

struct Case {
  std::string_view name;
  std::string claims;
  Reason want;
  Step step = Step::claims;
  std::function<void(ClaimsPolicy&)> change = [](ClaimsPolicy&) {};
};

void expect(std::span<const Case> cases) {
  Signed token;
  for (const Case& c : cases) {
    ClaimsPolicy policy = base_policy();
    c.change(policy);
    const auto result = token.validate(c.claims, policy);
    EXPECT_EQ(code(result ? Reason::allowed : result.error().error.reason), code(c.want))
        << c.name << (result ? "" : ": " + result.error().error.detail);
    if (!result) {
      EXPECT_EQ(static_cast<int>(result.error().step), static_cast<int>(c.step)) << c.name;
    }
  }
}

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

TEST(Validator, UserNames) {
  const auto user = [](std::string value) {
    return payload({{"preferred_username", std::move(value)}});
  };
  const auto several = [](ClaimsPolicy& policy) { policy.user_values = UserValues::several; };
  const auto suffix = [](ClaimsPolicy& policy) {
    policy.user_strip_suffix = "@example.com";
    policy.email_verified_claim = "none";
  };
  const auto email = [](ClaimsPolicy& policy) {
    policy.user_claim = "email";
    policy.user_strip_suffix = "@example.com";
  };
  const auto address = [](ClaimsPolicy& policy) { policy.user_strip_suffix = "@example.com"; };
  const auto mail = [](std::string verified) {
    return payload({{"email", "\"alice@example.com\""}, {"email_verified", std::move(verified)}});
  };
  const Case cases[] = {
      {"missing", payload({{"-preferred_username", ""}}), Reason::claim_missing},
      {"invalid: number", user("0"), Reason::claim_invalid},
      {"invalid: object", user(R"({"a":"alice"})"), Reason::claim_invalid},
      {"invalid: array where one name is meant", user(R"(["alice"])"), Reason::claim_invalid},
      {"accepted: array where several are meant",
       user(R"(["alice","a.smith"])"),
       Reason::allowed,
       {},
       several},
      {"unusable: an empty array", user("[]"), Reason::name_unusable, Step::claims, several},
      {"invalid: array with a number", user(R"(["alice",1])"), Reason::claim_invalid, Step::claims,
       several},
      {"accepted: the suffix is there", user("\"alice@example.com\""), Reason::allowed, {}, suffix},
      {"unusable: another domain", user("\"alice@other.example\""), Reason::name_unusable,
       Step::claims, suffix},
      {"unusable: no domain", user("\"alice\""), Reason::name_unusable, Step::claims, suffix},
      {"unusable: the suffix alone", user("\"@example.com\""), Reason::name_unusable, Step::claims,
       suffix},
      {"unusable: the suffix in other case", user("\"alice@Example.com\""), Reason::name_unusable,
       Step::claims, suffix},
      {"accepted: e-mail that is verified", mail("true"), Reason::allowed, {}, email},
      {"unverified: false", mail("false"), Reason::email_unverified, Step::claims, email},
      {"unverified: the string true", mail("\"true\""), Reason::email_unverified, Step::claims,
       email},
      {"unverified: absent", payload({{"email", "\"alice@example.com\""}}),
       Reason::email_unverified, Step::claims, email},
      {"unverified: of another domain", payload({{"email", "\"alice@other.example\""}}),
       Reason::email_unverified, Step::claims, email},
      {"unusable: verified, of another domain",
       payload({{"email", "\"alice@other.example\""}, {"email_verified", "true"}}),
       Reason::name_unusable, Step::claims, email},
      {"unverified: another claim with an address in it", user("\"alice@example.com\""),
       Reason::email_unverified, Step::claims, address},
      {"accepted: the same, verified",
       payload({{"preferred_username", "\"alice@example.com\""}, {"email_verified", "true"}}),
       Reason::allowed,
       {},
       address},
      {"unverified: an e-mail at the end of a path",
       payload({{"x", R"({"email":"a@example.com"})"}}), Reason::email_unverified, Step::claims,
       [](ClaimsPolicy& policy) { policy.user_claim = "x.email"; }},
      {"accepted: another claim says that it is verified",
       payload({{"email", "\"alice@example.com\""}, {"xms_edov", "true"}}),
       Reason::allowed,
       {},
       [&](ClaimsPolicy& policy) {
         email(policy);
         policy.email_verified_claim = "xms_edov";
       }},
      {"unverified: the other claim is asked and the usual one is not enough", mail("true"),
       Reason::email_unverified, Step::claims,
       [&](ClaimsPolicy& policy) {
         email(policy);
         policy.email_verified_claim = "xms_edov";
       }},
      {"accepted: a suffix that is no domain needs nothing",
       user("\"alice.corp\""),
       Reason::allowed,
       {},
       [](ClaimsPolicy& policy) { policy.user_strip_suffix = ".corp"; }},
  };
  expect(cases);
}

TEST(Validator, TypeComesFirst) {
  Signed token;
  const auto result = token.validate(R"({"events":{}})", base_policy());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().step, Step::type);
  EXPECT_EQ(result.error().error.reason, Reason::type_wrong);
}

TEST(Validator, GivesTheClaimsThatTheConfigurationReads) {
  Signed token;
  ClaimsPolicy policy = base_policy();
  policy.token_id_claim = "uti";
  policy.group_claim = "realm_access.roles";
  policy.user_values = UserValues::several;
  policy.user_strip_suffix = "@example.com";
  policy.email_verified_claim = "none";
  const auto result = token.validate(
      payload({{"preferred_username", R"(["alice@example.com","bob@other.example"])"},
               {"uti", "\"t-7\""},
               {"jti", "\"not this\""},
               {"realm_access", R"({"roles":["dev","sre"]})"},
               {"client_id", "\"cli\""},
               {"sid", "\"s-1\""},
               {"acr", "\"mfa\""},
               {"amr", R"(["pwd","otp"])"},
               {"auth_time", "1899999000"},
               {"nbf", "1899999980.25"}}),
      policy);
  ASSERT_TRUE(result) << result.error().error.detail;
  const ClaimsRecord want{.issuer = std::string(kIssuer),
                          .subject = "u-1",
                          .token_id = "t-7",
                          .token_digest = "digest",
                          .key_id = std::string((*result)->key_id),
                          .users = {"alice"},
                          .groups = {"dev", "sre"},
                          .client = "cli",
                          .session = "s-1",
                          .acr = "mfa",
                          .amr = {"pwd", "otp"},
                          .auth_time = WallTime(std::chrono::seconds(1'899'999'000)),
                          .issued_at = WallTime(std::chrono::seconds(1'899'999'990)),
                          .not_before = WallTime(std::chrono::milliseconds(1'899'999'980'250)),
                          .expires_at = WallTime(std::chrono::seconds(1'900'000'600))};
  EXPECT_EQ(result->record(), want);
  EXPECT_EQ((*result)->key_id.size(), 43U);
}

TEST(Validator, AbsentClaimsAreEmpty) {
  Signed token;
  const auto result = token.validate(payload(), base_policy());
  ASSERT_TRUE(result);
  EXPECT_EQ((*result)->token_id, "");
  EXPECT_TRUE((*result)->groups.empty());
  EXPECT_EQ((*result)->client, "");
  EXPECT_EQ((*result)->acr, "");
  EXPECT_FALSE((*result)->auth_time);
  EXPECT_FALSE((*result)->not_before);
}

TEST(Validator, AGroupStringIsOneGroup) {
  Signed token;
  const auto result = token.validate(payload({{"groups", "\"dev sre\""}}), base_policy());
  ASSERT_TRUE(result);
  EXPECT_EQ((*result)->groups, std::vector<std::string>{"dev sre"});
}

}  // namespace
}  // namespace latchkey::claims
