// SPDX-License-Identifier: Apache-2.0
//
// The claims that say who somebody is.
#include "core/claims/validator.h"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/claims/validator_cases.h"

namespace latchkey::claims {
namespace {

using validator_test::base_policy;
using validator_test::Case;
using validator_test::expect;
using validator_test::kIssuer;
using validator_test::payload;
using validator_test::Signed;

TEST(Validator, UserNames) {
  const auto user = [](std::string value) {
    return payload({{"preferred_username", std::move(value)}});
  };
  const auto suffix = [](ClaimsPolicy& policy) {
    policy.user_strip_suffix = {"@example.com"};
    policy.email_verified_claim = "none";
  };
  const auto email = [](ClaimsPolicy& policy) {
    policy.user_claims = {"email"};
    policy.user_strip_suffix = {"@example.com"};
  };
  const auto address = [](ClaimsPolicy& policy) { policy.user_strip_suffix = {"@example.com"}; };
  const auto domains = [](ClaimsPolicy& policy) {
    policy.user_strip_suffix = {"@example.com", "@other.example"};
    policy.email_verified_claim = "none";
  };
  const auto mail = [](std::string verified) {
    return payload({{"email", "\"alice@example.com\""}, {"email_verified", std::move(verified)}});
  };
  const Case cases[] = {
      {"missing", payload({{"-preferred_username", ""}}), Reason::claim_missing},
      {"invalid: number", user("0"), Reason::claim_invalid},
      {"invalid: object", user(R"({"a":"alice"})"), Reason::claim_invalid},
      {"invalid: an array", user(R"(["alice"])"), Reason::claim_invalid},
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
       [](ClaimsPolicy& policy) { policy.user_claims = {"x.email"}; }},
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
      {"accepted: the second of two domains",
       user("\"alice@other.example\""),
       Reason::allowed,
       {},
       domains},
      {"unusable: none of two domains", user("\"alice@third.example\""), Reason::name_unusable,
       Step::claims, domains},
      {"unusable: one of two domains alone", user("\"@other.example\""), Reason::name_unusable,
       Step::claims, domains},
      {"unverified: an address by the second of two suffixes", user("\"alice@other.example\""),
       Reason::email_unverified, Step::claims,
       [](ClaimsPolicy& policy) {
         policy.user_strip_suffix = {".corp", "@other.example"};
       }},
      {"accepted: a suffix that is no domain needs nothing",
       user("\"alice.corp\""),
       Reason::allowed,
       {},
       [](ClaimsPolicy& policy) { policy.user_strip_suffix = {".corp"}; }},
  };
  expect(cases);
}

// nOAuth: an address that nobody checked must not give groups or pass for what is required, either.
TEST(Validator, AnAddressThatIsNotTheNameIsVerifiedTooBeforeItDecides) {
  const auto groups_by = [](const std::string& claim) {
    return [claim](ClaimsPolicy& policy) { policy.group_claim = claim; };
  };
  const auto required = [](const std::string& claim) {
    return [claim](ClaimsPolicy& policy) {
      policy.require = {{.name = claim, .match = RequiredClaim::Match::present}};
    };
  };
  const auto with = [](std::string name, std::string verified) {
    return payload(
        {{std::move(name), "\"boss@example.com\""}, {"email_verified", std::move(verified)}});
  };
  const auto unverified = Reason::email_unverified;
  const Case cases[] = {
      {"groups: not verified", with("email", "false"), unverified, Step::claims,
       groups_by("email")},
      {"groups: not said", payload({{"email", "\"boss@example.com\""}}), unverified, Step::claims,
       groups_by("email")},
      {"groups: verified", with("email", "true"), Reason::allowed, {}, groups_by("email")},
      {"groups: by a claim that is no address",
       payload({}),
       Reason::allowed,
       {},
       groups_by("groups")},
      {"required: not verified", with("email", "false"), unverified, Step::claims,
       required("email")},
      {"required: verified", with("email", "true"), Reason::allowed, {}, required("email")},
      {"required: a claim of one's own", with("user_email", "false"), unverified, Step::claims,
       required("user_email")},
      {"required: a claim that is named by a URL", with("https://corp.example/email", "false"),
       unverified, Step::claims, required("https://corp.example/email")},
      {"groups: by values that look like addresses", with("upn", "false"), unverified, Step::claims,
       [&](ClaimsPolicy& policy) {
         policy.group_claim = "upn";
         policy.groups_by_email = true;
       }},
      {"required: a value that looks like an address", with("upn", "false"), unverified,
       Step::claims,
       [](ClaimsPolicy& policy) {
         policy.require = {{.name = "upn", .values = {{.text = "boss@example.com"}}}};
       }},
      {"required: email_verified alone asks for nothing more",
       payload({{"email_verified", "true"}}),
       Reason::allowed,
       {},
       required("email_verified")},
      {"required: nothing need say it",
       with("email", "false"),
       Reason::allowed,
       {},
       [&](ClaimsPolicy& policy) {
         required("email")(policy);
         policy.email_verified_claim = "none";
       }},
  };
  expect(cases);
}

TEST(Validator, GivesTheClaimsThatTheConfigurationReads) {
  Signed token;
  ClaimsPolicy policy = base_policy();
  policy.token_id_claim = "uti";
  policy.group_claim = "realm_access.roles";
  policy.user_strip_suffix = {"@example.com"};
  policy.email_verified_claim = "none";
  const auto result = token.validate(payload({{"preferred_username", "\"alice@example.com\""},
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

TEST(Validator, TakesOffTheLongestSuffix) {
  for (const auto& suffixes : {std::vector<std::string>{"example.com", "@example.com"},
                               std::vector<std::string>{"@example.com", "example.com"}}) {
    Signed token;
    ClaimsPolicy policy = base_policy();
    policy.user_strip_suffix = suffixes;
    policy.email_verified_claim = "none";
    const auto result =
        token.validate(payload({{"preferred_username", "\"alice@example.com\""}}), policy);
    ASSERT_TRUE(result);
    EXPECT_EQ((*result)->users, std::vector<std::string>{"alice"});
  }
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
