// SPDX-License-Identifier: Apache-2.0
#include "bench/subject.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iostream>

#include <openssl/evp.h>

#include "bench/fixed_tokens.h"
#include "core/jose/base64url.h"
#include "core/jose/ecdsa_form.h"
#include "core/jose/jwk_set.h"

namespace latchkey::bench {
namespace {

constexpr WallTime kNow{std::chrono::seconds(1'767'230'000)};

const FixedToken& fixed(std::string_view algorithm) {
  const auto* it =
      std::find_if(kFixedTokens.begin(), kFixedTokens.end(),
                   [&](const FixedToken& token) { return token.algorithm == algorithm; });
  if (it == kFixedTokens.end()) {
    std::cerr << "bench: no fixed token for " << algorithm << '\n';
    std::exit(2);
  }
  return *it;
}

config::Issuer issuer() {
  config::Issuer issuer;
  issuer.config.name = "corp";
  issuer.config.issuer = "https://id.example.com/realms/corp";
  issuer.config.digest = std::string(64, 'd');
  for (std::size_t i = 0; i < jose::kAlgorithms; ++i) {
    issuer.config.algorithms.push_back(static_cast<jose::Algorithm>(i));
  }
  issuer.config.claims = {.audiences = {"ssh://prod"},
                          .kinds = {claims::TokenKind::access},
                          .typ = {"at+jwt"},
                          .client_claims = {"azp", "client_id"},
                          .clients = {"latchkey-cli"},
                          .group_claim = "groups"};
  issuer.groups.groups = {{"team-1003", {"developers"}}, {"team-1017", {"sre", "developers"}}};
  return issuer;
}

// As many keys as providers publish: one of each kind.
std::string key_set() {
  std::string text = R"({"keys":[)";
  for (const FixedToken& token : kFixedTokens) {
    if (text.back() == '}') text.push_back(',');
    text.append(token.jwk);
  }
  return text + "]}";
}

Snapshot make_snapshot() {
  auto config = std::make_shared<config::Config>();
  config->issuers = {issuer()};
  config->access = {
      policy::AccessRule{.name = "login", .services = {"sshd"}, .groups = {"developers", "sre"}}};
  Snapshot snapshot;
  snapshot.config = config;
  auto keys = jose::JwkSet::parse(key_set());
  if (!keys || keys->size() != kFixedTokens.size()) std::abort();
  snapshot.keys = {{.keys = std::make_shared<const jose::JwkSet>(*std::move(keys)),
                    .fetched_at = kNow,
                    .generation = 1}};
  constexpr std::array<std::uint8_t, 16> kKey{};
  snapshot.revocations =
      std::make_shared<const revocation::RevocationSet>(revocation::RevocationSet::build({}, kKey));
  snapshot.accounts =
      std::make_shared<const accounts::LocalAccounts>(accounts::LocalAccounts::parse(
          "root:x:0:0:::\nalice:x:1000:1000:::\n", "developers:x:2000:\nsre:x:2001:\n"));
  snapshot.bindings = std::make_shared<const accounts::Bindings>();
  return snapshot;
}

}  // namespace

Subject::Subject(std::string_view algorithm)
    : token_(fixed(algorithm).token), snapshot_(make_snapshot()) {
  const std::size_t dot = token_.rfind('.');
  signing_input_ = std::string_view(token_).substr(0, dot);
  signature_ = *jose::decode_base64url(std::string_view(token_).substr(dot + 1));
  const jose::Algorithm which = *jose::find_algorithm(algorithm);
  if (jose::ecdsa_number_size(which) != 0) {
    jose::EcdsaDer der;
    const auto* raw = reinterpret_cast<const std::uint8_t*>(signature_.data());
    const auto size = jose::ecdsa_to_der(which, {raw, signature_.size()}, der);
    signature_.assign(der.begin(), der.begin() + static_cast<std::ptrdiff_t>(*size));
  }
  for (const jose::Jwk& key : snapshot_.keys[0].keys->keys()) {
    if (key.kid() == "bench-" + std::string(algorithm)) template_ = key.verifier(which);
  }
  work_.reset(EVP_MD_CTX_new());
  digest_ = *jose::digest_token(token_, scratch_);
  request_.operation = Operation::authenticate;
  request_.service = "sshd";
  request_.user = "alice";
  if (template_ == nullptr || !floor() || !verify() || !decide()) {
    std::cerr << "bench: the fixed token of " << algorithm << " is not accepted\n";
    std::exit(2);
  }
}

Subject::~Subject() = default;

bool Subject::floor() {
  const auto bytes = [](std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
  };
  return EVP_MD_CTX_copy_ex(work_.get(), template_) == 1 &&
         EVP_DigestVerify(work_.get(), bytes(signature_), signature_.size(), bytes(signing_input_),
                          signing_input_.size()) == 1;
}

bool Subject::verify() {
  Trace trace;
  return latchkey::verify(token_, digest_, snapshot_, kNow, scratch_, trace).has_value();
}

bool Subject::decide() {
  Trace trace;
  const auto verified = latchkey::verify(token_, digest_, snapshot_, kNow, scratch_, trace);
  return verified &&
         judge(verified->claims, verified->issuer, request_, snapshot_, kNow, trace).allowed();
}

bool Subject::digest() { return jose::digest_token(token_, scratch_) == digest_; }

bool Subject::cold() { return digest() && decide(); }

std::optional<Verified> Subject::verified() {
  Trace trace;
  auto result = latchkey::verify(token_, digest_, snapshot_, kNow, scratch_, trace);
  return result ? std::optional(*std::move(result)) : std::nullopt;
}

WallTime Subject::now() { return kNow; }

bool Subject::verify_other(std::string_view token) {
  Trace trace;
  return latchkey::verify(token, snapshot_, kNow, scratch_, trace).has_value();
}

}  // namespace latchkey::bench
