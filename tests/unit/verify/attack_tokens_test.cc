// SPDX-License-Identifier: Apache-2.0
//
// The 230 attack tokens: each is decided as a login, from bytes to verdict, under the policy that
// stands beside them.
#include <iostream>
#include <map>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/vectors.h"
#include "tests/unit/verify/provider.h"

namespace latchkey {
namespace {

using jose::JsonValue;
using testing::text;
using testing::VectorFile;

constexpr std::string_view kFile = "attack-tokens/cases.json";

std::vector<std::string> strings(const JsonValue& list) {
  std::vector<std::string> all;
  for (const JsonValue value : list.elements()) all.emplace_back(value.as_string().value_or(""));
  return all;
}

std::chrono::seconds seconds_of(const JsonValue& object, std::string_view name) {
  return std::chrono::seconds(object.find(name)->as_integer().value_or(0));
}

config::Issuer issuer_of(const JsonValue& policy) {
  config::Issuer issuer = testing::make_issuer("prod", text(policy, "issuer"));
  claims::ClaimsPolicy& claims = issuer.config.claims;
  claims.audiences = strings(*policy.find("audience"));
  claims.leeway = seconds_of(policy, "leeway_s");
  claims.max_token_age = seconds_of(policy, "max_token_age_s");
  claims.user_claims = {text(policy, "username_claim")};
  claims.group_claim = text(policy, "group_claim");
  claims.typ.clear();
  for (const std::string& typ : strings(*policy.find("typ_allowed"))) {
    if (typ == "(absent)") claims.typ.emplace_back("none");
    if (typ == "JWT") claims.typ.emplace_back("jwt");
    if (typ == "at+jwt" || typ == "application/at+jwt") claims.typ.emplace_back("at+jwt");
  }
  issuer.config.algorithms.clear();
  for (const std::string& name : strings(*policy.find("algorithms"))) {
    issuer.config.algorithms.push_back(*jose::find_algorithm(name));
  }
  return issuer;
}

// For which reasons the tokens of a class may be refused: a verdict that is right by accident is
// wrong.
const std::map<std::string, std::set<Reason>> kReasons = {
    {"alg_confusion", {Reason::algorithm_unsupported, Reason::key_unfit}},
    {"alg_none", {Reason::algorithm_unsupported}},
    {"alg_unknown", {Reason::algorithm_unsupported, Reason::token_malformed}},
    {"aud", {Reason::audience_wrong, Reason::claim_invalid, Reason::claim_missing}},
    {"b64", {Reason::header_unsupported}},
    {"crit", {Reason::header_unsupported}},
    {"cty", {Reason::header_unsupported}},
    {"dup_json", {Reason::token_malformed}},
    {"dup_kid", {Reason::key_unfit}},
    {"encoding", {Reason::token_malformed, Reason::token_missing}},
    {"header_key", {Reason::key_ambiguous, Reason::key_unknown, Reason::signature_invalid}},
    {"iss", {Reason::issuer_unknown, Reason::claim_missing}},
    {"json", {Reason::token_malformed}},
    {"jwe", {Reason::token_encrypted}},
    {"jwks", {Reason::key_unknown}},
    {"key_use", {Reason::key_unfit}},
    {"kid", {Reason::key_ambiguous, Reason::key_unknown}},
    {"kid_injection", {Reason::key_unknown, Reason::token_malformed}},
    {"psychic", {Reason::signature_invalid}},
    {"serialization", {Reason::token_malformed}},
    {"signature", {Reason::signature_invalid, Reason::token_encrypted, Reason::token_malformed}},
    {"size", {Reason::token_too_long, Reason::token_malformed}},
    {"time",
     {Reason::token_expired, Reason::token_not_yet_valid, Reason::token_too_old,
      Reason::token_lives_too_long, Reason::claim_invalid, Reason::claim_missing,
      Reason::token_malformed}},
    {"typ", {Reason::type_wrong, Reason::token_malformed}},
    {"username",
     {Reason::name_unusable, Reason::user_mismatch, Reason::claim_invalid, Reason::claim_missing,
      Reason::not_managed}},
    {"utf8", {Reason::token_malformed}},
    {"weak_key", {Reason::key_unfit}},
};

TEST(AttackTokens, EachMeetsItsVerdict) {
  LATCHKEY_SKIP_WITHOUT_VECTORS(kFile);
  const VectorFile file(*testing::vector_path(kFile));
  const JsonValue root = file.root();
  std::map<std::string, std::shared_ptr<const jose::JwkSet>> sets;
  for (const jose::JsonMember set : root.find("jwks")->members()) {
    sets[std::string(set.name)] = testing::make_keys(testing::to_json(set.value));
    ASSERT_NE(sets[std::string(set.name)], nullptr) << set.name;
  }
  std::size_t ran = 0;
  std::size_t right = 0;
  for (const JsonValue c : root.find("cases")->elements()) {
    const WallTime now = WallTime(seconds_of(c, "now"));
    const Snapshot snapshot =
        testing::make_snapshot({issuer_of(*root.find("policy"))}, {sets.at(text(c, "jwks"))}, now);
    const Decision decision =
        testing::decide_at(text(c, "token"), text(c, "pam_user"), snapshot, now);
    bool good = decision.allowed() == (text(c, "expect") == "accept");
    EXPECT_TRUE(good) << text(c, "id") << ' ' << text(c, "note") << ": " << code(decision.reason)
                      << ' ' << decision.detail;
    if (const auto reasons = kReasons.find(text(c, "class"));
        !decision.allowed() && reasons != kReasons.end()) {
      EXPECT_TRUE(reasons->second.contains(decision.reason))
          << text(c, "id") << ' ' << text(c, "note") << ": " << code(decision.reason);
      good = good && reasons->second.contains(decision.reason);
    }
    if (const auto groups = c.find("groups"); groups && decision.allowed()) {
      EXPECT_EQ(decision.identity->groups, strings(*groups)) << text(c, "id");
      good = good && decision.identity->groups == strings(*groups);
    }
    // A refusal's detail never quotes the token.
    for (const std::string& part :
         {text(c, "token").substr(0, 40), std::string("idp.example.test")}) {
      if (part.size() > 10) {
        EXPECT_EQ(decision.detail.find(part), std::string::npos) << text(c, "id");
      }
    }
    ++ran;
    if (good) ++right;
  }
  std::cout << "vectors: attack tokens: " << right << " of " << ran << " right\n";
  testing::report_cases("attack tokens", ran, 230);
}

}  // namespace
}  // namespace latchkey
