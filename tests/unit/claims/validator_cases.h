// SPDX-License-Identifier: Apache-2.0
//
// Claims that are signed, validated and compared with what was to come of them.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/claims/validator.h"
#include "core/jose/compact_jws.h"
#include "core/jose/jwk_set.h"
#include "tests/support/signing.h"

namespace latchkey::claims::validator_test {

using testing::signing_key;

inline constexpr std::string_view kIssuer = "https://id.example/realms/corp";
inline constexpr std::int64_t kNow = 1'900'000'000;

inline ClaimsPolicy base_policy() {
  return ClaimsPolicy{.audiences = {"ssh://prod", "ssh://all"},
                      .kinds = {TokenKind::access},
                      .typ = {"at+jwt", "jwt", "none"},
                      .client_claims = {"azp", "client_id"},
                      .group_claim = "groups"};
}

// A payload that passes, with members put in, replaced (same name) or taken out ("-name").
inline std::string payload(
    std::initializer_list<std::pair<std::string, std::string>> changes = {}) {
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
    text.append(text.size() > 1 ? ",\"" : "\"").append(name).append("\":").append(value);
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

inline void expect(std::span<const Case> cases) {
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

}  // namespace latchkey::claims::validator_test
