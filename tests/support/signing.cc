// SPDX-License-Identifier: Apache-2.0
#include "tests/support/signing.h"

#include <array>
#include <cstdlib>
#include <iostream>
#include <span>
#include <vector>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "core/jose/base64url.h"
#include "core/jose/ecdsa_form.h"

namespace latchkey::testing {
namespace {

using jose::Algorithm;
using jose::encode_base64url;

// A test that cannot make its keys has nothing to say.
void require(bool held, std::string_view what) {
  if (held) return;
  std::cerr << "signing helper: OpenSSL failed at " << what << '\n';
  std::abort();
}

bool is_pss(Algorithm algorithm) {
  return algorithm == Algorithm::ps256 || algorithm == Algorithm::ps384 ||
         algorithm == Algorithm::ps512;
}

const char* digest_name(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::rs256:
    case Algorithm::ps256:
    case Algorithm::es256:
      return "SHA256";
    case Algorithm::rs384:
    case Algorithm::ps384:
    case Algorithm::es384:
      return "SHA384";
    case Algorithm::rs512:
    case Algorithm::ps512:
    case Algorithm::es512:
      return "SHA512";
    case Algorithm::eddsa:
      return nullptr;
  }
  return nullptr;
}

std::string curve_name(Algorithm algorithm) {
  return algorithm == Algorithm::es256   ? "P-256"
         : algorithm == Algorithm::es384 ? "P-384"
                                         : "P-521";
}

std::string number_member(EVP_PKEY* key, const char* parameter, std::size_t size) {
  BIGNUM* number = nullptr;
  require(EVP_PKEY_get_bn_param(key, parameter, &number) == 1, parameter);
  std::vector<std::uint8_t> bytes(size != 0 ? size
                                            : static_cast<std::size_t>(BN_num_bytes(number)));
  require(BN_bn2binpad(number, bytes.data(), static_cast<int>(bytes.size())) >= 0, "BN_bn2binpad");
  BN_free(number);
  return encode_base64url(bytes);
}

std::string public_members(EVP_PKEY* key, Algorithm algorithm) {
  if (algorithm == Algorithm::eddsa) {
    std::array<std::uint8_t, 32> point{};
    std::size_t size = point.size();
    require(EVP_PKEY_get_raw_public_key(key, point.data(), &size) == 1, "raw public key");
    return R"("kty":"OKP","crv":"Ed25519","x":")" + encode_base64url(point) + '"';
  }
  if (const std::size_t size = jose::ecdsa_number_size(algorithm); size != 0) {
    return R"("kty":"EC","crv":")" + curve_name(algorithm) + R"(","x":")" +
           number_member(key, OSSL_PKEY_PARAM_EC_PUB_X, size) + R"(","y":")" +
           number_member(key, OSSL_PKEY_PARAM_EC_PUB_Y, size) + '"';
  }
  return R"("kty":"RSA","n":")" + number_member(key, OSSL_PKEY_PARAM_RSA_N, 0) + R"(","e":")" +
         number_member(key, OSSL_PKEY_PARAM_RSA_E, 0) + '"';
}

// From OpenSSL's DER to R and S side by side (RFC 7518 section 3.4).
std::string raw_ecdsa(const std::string& der, std::size_t size) {
  const auto* from = reinterpret_cast<const unsigned char*>(der.data());
  ECDSA_SIG* signature = d2i_ECDSA_SIG(nullptr, &from, static_cast<long>(der.size()));
  require(signature != nullptr, "d2i_ECDSA_SIG");
  std::string raw(2 * size, '\0');
  auto* out = reinterpret_cast<unsigned char*>(raw.data());
  BN_bn2binpad(ECDSA_SIG_get0_r(signature), out, static_cast<int>(size));
  BN_bn2binpad(ECDSA_SIG_get0_s(signature), out + size, static_cast<int>(size));
  ECDSA_SIG_free(signature);
  return raw;
}

}  // namespace

void SigningKey::Free::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

SigningKey SigningKey::generate(Algorithm algorithm, std::string kid, unsigned bits) {
  SigningKey key;
  key.algorithm_ = algorithm;
  key.kid_ = std::move(kid);
  if (algorithm == Algorithm::eddsa) {
    key.key_.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  } else if (jose::ecdsa_number_size(algorithm) != 0) {
    key.key_.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve_name(algorithm).c_str()));
  } else {
    key.key_.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", static_cast<std::size_t>(bits)));
  }
  require(key.key_ != nullptr, "key generation");
  return key;
}

SigningKey SigningKey::of_the_rfc(std::string kid) {
  const auto seed = jose::decode_base64url("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
  SigningKey key;
  key.algorithm_ = Algorithm::eddsa;
  key.kid_ = std::move(kid);
  key.key_.reset(EVP_PKEY_new_raw_private_key_ex(
      nullptr, "ED25519", nullptr, reinterpret_cast<const unsigned char*>(seed->data()),
      seed->size()));
  require(key.key_ != nullptr, "the key of RFC 8037");
  return key;
}

std::string SigningKey::jwk(std::string_view extra) const {
  std::string text = "{" + public_members(key_.get(), algorithm_);
  text.append(R"(,"kid":")")
      .append(kid_)
      .append(R"(","use":"sig","alg":")")
      .append(algorithm_name(algorithm_));
  return text.append("\"").append(extra).append("}");
}

std::string SigningKey::plain_jwk(std::string_view extra) const {
  return std::string("{").append(public_members(key_.get(), algorithm_)).append(extra).append("}");
}

std::string SigningKey::sign(std::string_view input, Algorithm algorithm) const {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_PKEY_CTX* parameters = nullptr;
  require(EVP_DigestSignInit_ex(context, &parameters, digest_name(algorithm), nullptr, nullptr,
                                key_.get(), nullptr) == 1,
          "DigestSignInit");
  if (is_pss(algorithm)) {
    require(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1, "PSS");
    require(EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) == 1,
            "salt length");
  }
  const auto* bytes = reinterpret_cast<const unsigned char*>(input.data());
  std::size_t size = 0;
  require(EVP_DigestSign(context, nullptr, &size, bytes, input.size()) == 1, "signature size");
  std::string signature(size, '\0');
  require(EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size, bytes,
                         input.size()) == 1,
          "signature");
  signature.resize(size);
  EVP_MD_CTX_free(context);
  const std::size_t number_size = jose::ecdsa_number_size(algorithm);
  return number_size != 0 ? raw_ecdsa(signature, number_size) : signature;
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
  require(
      EVP_Q_mac(nullptr, "HMAC", nullptr, kDigests[static_cast<std::size_t>(algorithm)], nullptr,
                secret.data(), secret.size(), reinterpret_cast<const unsigned char*>(input.data()),
                input.size(), mac.data(), mac.size(), &size) != nullptr,
      "HMAC");
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
