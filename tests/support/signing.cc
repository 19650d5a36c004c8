// SPDX-License-Identifier: Apache-2.0
#include "tests/support/signing.h"

#include <array>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <span>
#include <vector>

#include <openssl/evp.h>

#include "core/jose/base64url.h"

namespace latchkey::testing {
namespace {

using jose::Algorithm;
using jose::encode_base64url;
using jose::KeyKind;
using jose::KeyMaterial;

// A test that cannot make its keys has nothing to say.
template <typename T>
T need(jose::KeyResult<T> result) {
  if (result) return *std::move(result);
  std::cerr << "signing helper: " << result.error() << '\n';
  std::abort();
}

jose::KeyOrder order(Algorithm algorithm, unsigned bits) {
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
      return {.kind = KeyKind::rsa, .bits = bits};
  }
}

}  // namespace

SigningKey SigningKey::generate(Algorithm algorithm, std::string kid, unsigned bits) {
  return {algorithm, std::move(kid), need(KeyMaterial::generate(order(algorithm, bits)))};
}

SigningKey SigningKey::of_the_rfc(std::string kid) {
  return {Algorithm::eddsa, std::move(kid),
          need(KeyMaterial::from_jwk(
              R"({"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",)"
              R"("x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})"))};
}

std::string SigningKey::jwk(std::string_view extra) const {
  const std::string labels = R"(,"kid":")" + kid_ + R"(","use":"sig","alg":")" +
                             std::string(algorithm_name(algorithm_)) + '"';
  return plain_jwk(labels + std::string(extra));
}

std::string SigningKey::plain_jwk(std::string_view extra) const {
  std::string text = need(key_.public_jwk({}));
  text.pop_back();
  return text.append(extra).append("}");
}

std::string SigningKey::sign(std::string_view input, Algorithm algorithm) const {
  return need(key_.sign(jose::signing(algorithm), input));
}

std::string SigningKey::token(std::string_view header, std::string_view payload) const {
  const std::string input = encode_base64url(header) + '.' + encode_base64url(payload);
  return input + '.' + encode_base64url(sign(input));
}

std::string SigningKey::token(std::string_view payload) const {
  std::string header = R"({"alg":")";
  header.append(algorithm_name(algorithm_))
      .append(R"(","kid":")")
      .append(kid_)
      .append(R"(","typ":"at+jwt"})");
  return token(header, payload);
}

const SigningKey& signing_key(Algorithm algorithm) {
  static std::array<std::unique_ptr<SigningKey>, jose::kAlgorithms> keys;
  auto& key = keys[static_cast<std::size_t>(algorithm)];
  if (key == nullptr) {
    key = std::make_unique<SigningKey>(
        SigningKey::generate(algorithm, std::string(algorithm_name(algorithm))));
  }
  return *key;
}

std::string mac_token(jose::SymmetricAlgorithm algorithm, std::string_view secret,
                      std::string_view header, std::string_view payload) {
  constexpr std::array<const char*, jose::kSymmetricAlgorithms> kDigests{"SHA256", "SHA384",
                                                                         "SHA512"};
  const std::string input = encode_base64url(header) + '.' + encode_base64url(payload);
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  std::size_t size = 0;
  // Not by KeyMaterial: tests also sign with what is no proper key.
  if (EVP_Q_mac(nullptr, "HMAC", nullptr, kDigests.at(static_cast<std::size_t>(algorithm)), nullptr,
                secret.data(), secret.size(), reinterpret_cast<const unsigned char*>(input.data()),
                input.size(), mac.data(), mac.size(), &size) == nullptr) {
    std::cerr << "signing helper: HMAC\n";
    std::abort();
  }
  return input + '.' + encode_base64url(std::span<const std::uint8_t>(mac.data(), size));
}

std::string oct_jwk(std::string_view secret, std::string_view extra) {
  return R"({"kty":"oct","k":")" + encode_base64url(secret) + '"' + std::string(extra) + "}";
}

std::string jwk_set(std::initializer_list<std::string> jwks) {
  std::string text = R"({"keys":[)";
  for (const std::string& jwk : jwks) {
    if (text.back() == '}') text.push_back(',');
    text.append(jwk);
  }
  return text.append("]}");
}

std::string compact(std::string_view header, std::string_view payload, std::string_view signature) {
  return encode_base64url(header) + '.' + encode_base64url(payload) + '.' +
         encode_base64url(signature);
}

}  // namespace latchkey::testing
