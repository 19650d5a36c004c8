// SPDX-License-Identifier: Apache-2.0
#include "devidp/signing_key.h"

#include <nlohmann/json.hpp>

namespace latchkey::devidp {

using jose::Algorithm;
using jose::KeyKind;
using jose::KeyMaterial;

namespace {

jose::KeyOrder order(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::es256:
      return {.kind = KeyKind::ec, .curve = "P-256"};
    case Algorithm::es384:
      return {.kind = KeyKind::ec, .curve = "P-384"};
    case Algorithm::es512:
      return {.kind = KeyKind::ec, .curve = "P-521"};
    case Algorithm::eddsa:
      return {.kind = KeyKind::okp};
    default:
      return {.kind = KeyKind::rsa, .bits = 2'048};
  }
}

}  // namespace

Result<SigningKey> SigningKey::generate(Algorithm algorithm) {
  auto key = KeyMaterial::generate(order(algorithm));
  if (!key) return tl::unexpected(std::move(key).error());
  return SigningKey(algorithm, *std::move(key));
}

Result<SigningKey> SigningKey::from_pem(Algorithm algorithm, const std::string& pem) {
  auto key = KeyMaterial::from_pem(pem);
  if (!key) return tl::unexpected(std::move(key).error());
  return SigningKey(algorithm, *std::move(key));
}

Result<std::string> SigningKey::private_pem() const {
  const auto pem = key_.private_pem();
  if (!pem) return tl::unexpected(pem.error());
  return std::string(pem->view());
}

Result<nlohmann::ordered_json> SigningKey::jwk(const std::string& kid) const {
  const auto text = key_.public_jwk(
      {.kid = kid, .alg = std::string(jose::algorithm_name(algorithm_)), .use = "sig"});
  if (!text) return tl::unexpected(text.error());
  return nlohmann::ordered_json::parse(*text);
}

Result<std::string> hmac_sha256(std::string_view key, std::string_view input) {
  const auto symmetric = KeyMaterial::symmetric(key);
  if (!symmetric) return tl::unexpected(symmetric.error());
  return symmetric->sign(jose::SigningAlgorithm::hs256, input);
}

}  // namespace latchkey::devidp
