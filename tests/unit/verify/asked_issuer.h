// SPDX-License-Identifier: Apache-2.0
//
// An issuer that is asked about tokens: its section, its keys, its tokens and its answers.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/introspection.h"
#include "core/jose/token_digest.h"
#include "tests/support/signing.h"
#include "tests/unit/verify/provider.h"

namespace latchkey::testing {

inline constexpr std::string_view kAsked = "https://id.example.com";
inline constexpr std::string_view kOpaqueToken = "corp_0123456789abcdef";

// Claims, or the members of an answer, as JSON by name.
using Members = std::map<std::string, std::string, std::less<>>;

inline std::string object(const Members& members) {
  std::string out;
  for (const auto& [name, value] : members)
    out += (out.empty() ? "{\"" : ",\"") + name + "\":" + value;
  return out.empty() ? "{}" : out + '}';
}

inline std::string at(std::chrono::seconds later) {
  return std::to_string(
      std::chrono::floor<std::chrono::seconds>(kNow + later).time_since_epoch().count());
}

// What the issuer says of an opaque token that is good.
inline Members good_answer() {
  return {{"active", "true"},
          {"token_type", "\"Bearer\""},
          {"iss", "\"https://id.example.com\""},
          {"aud", "\"ssh-prod\""},
          {"sub", "\"subject-of-alice\""},
          {"client_id", "\"cli\""},
          {"jti", "\"token-1\""},
          {"preferred_username", "\"alice\""},
          {"iat", at(std::chrono::seconds(-10))},
          {"exp", at(std::chrono::seconds(600))}};
}

struct AskedIssuer {
  AskedIssuer() {
    issuer = make_issuer("corp", std::string(kAsked));
    issuer.config.claims.group_claim = "";
    introspection().mode = issuer::IntrospectionMode::required;
    introspection().client.client_id = "latchkey";
    introspection().opaque.prefixes = {"corp_"};
  }

  issuer::IntrospectionConfig& introspection() { return issuer.config.introspection; }

  Snapshot snapshot() const {
    return make_snapshot({issuer},
                         {make_keys(jwk_set({signing_key(jose::Algorithm::es256).jwk()}))}, kNow);
  }

  Question question(std::string_view token, bool opaque) const {
    jose::Scratch scratch;
    return {issuer.config.name, issuer.config.digest, jose::digest_token(token, scratch)->hex(),
            opaque};
  }

  Expected<std::shared_ptr<const Introspected>> read(
      std::string_view body, const Question& about,
      issuer::AnswerForm form = issuer::AnswerForm::json) const {
    jose::Scratch scratch;
    return read_introspection({body, form}, about, issuer.config, snapshot().keys[0], kNow,
                              scratch);
  }

  config::Issuer issuer;
};

inline std::string signed_token(const Members& changes = {}) {
  Members claims{{"iss", "\"https://id.example.com\""}, {"aud", "\"ssh-prod\""},
                 {"sub", "\"subject-of-alice\""},       {"jti", "\"token-1\""},
                 {"preferred_username", "\"alice\""},   {"iat", at(std::chrono::seconds(-10))},
                 {"exp", at(std::chrono::seconds(600))}};
  for (const auto& [name, value] : changes) claims.insert_or_assign(name, value);
  return signing_key(jose::Algorithm::es256).token(object(claims));
}

// The decision about a token of alice's after the answer.
inline Decision decided(const AskedIssuer& asked, std::string_view token,
                        const Introspected* answer) {
  jose::Scratch scratch;
  auto result = decide(token, login_as("alice"), asked.snapshot(), kNow, scratch, answer);
  if (auto* need = std::get_if<NeedIntrospection>(&result)) return std::move(need->otherwise);
  return std::get<Decision>(std::move(result));
}

}  // namespace latchkey::testing
