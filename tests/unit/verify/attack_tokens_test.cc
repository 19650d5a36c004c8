// SPDX-License-Identifier: Apache-2.0
//
// The 230 attack tokens: each is decided as a login, from bytes to verdict, under the policy that
// stands beside them.
#include <iostream>
#include <map>
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
  claims.user_claim = text(policy, "username_claim");
  claims.group_claim = text(policy, "group_claim");
  claims.typ.clear();
  for (const std::string& typ : strings(*policy.find("typ_allowed"))) {
    if (typ == "(absent)") claims.typ.emplace_back("none");
    if (typ == "JWT") claims.typ.emplace_back("jwt");
    if (typ == "at+jwt") claims.typ.emplace_back("at+jwt");
  }
  issuer.config.algorithms.clear();
  for (const std::string& name : strings(*policy.find("algorithms"))) {
    issuer.config.algorithms.push_back(*jose::find_algorithm(name));
  }
  return issuer;
}

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
