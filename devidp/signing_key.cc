// SPDX-License-Identifier: Apache-2.0
//
// Written apart from core/jose's verifier on purpose: a mistake of one does not hide in the other.
#include "devidp/signing_key.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <array>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "core/jose/base64url.h"

namespace latchkey::devidp {

using jose::Algorithm;
using nlohmann::ordered_json;

namespace {

constexpr std::size_t kRsaBits = 2'048;

// What an algorithm signs with.
struct Scheme {
  const char* digest = nullptr;  // none for EdDSA
  const char* curve = nullptr;   // OpenSSL's name
  const char* crv = nullptr;     // RFC 7518's
  int number_size = 0;           // of R, S and the coordinates
  bool pss = false;
};

Scheme scheme(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::rs256:
      return {.digest = "SHA256"};
    case Algorithm::rs384:
      return {.digest = "SHA384"};
    case Algorithm::rs512:
      return {.digest = "SHA512"};
    case Algorithm::ps256:
      return {.digest = "SHA256", .pss = true};
    case Algorithm::ps384:
      return {.digest = "SHA384", .pss = true};
    case Algorithm::ps512:
      return {.digest = "SHA512", .pss = true};
    case Algorithm::es256:
      return {.digest = "SHA256", .curve = "P-256", .crv = "P-256", .number_size = 32};
    case Algorithm::es384:
      return {.digest = "SHA384", .curve = "P-384", .crv = "P-384", .number_size = 48};
    case Algorithm::es512:
      return {.digest = "SHA512", .curve = "P-521", .crv = "P-521", .number_size = 66};
    case Algorithm::eddsa:
      break;
  }
  return {};
}

std::string base64url(const std::vector<unsigned char>& bytes) {
  return jose::encode_base64url(bytes);
}

// One number of the public key, unsigned big endian, padded to `size` bytes (0: no padding).
Result<std::string> number_of(EVP_PKEY* key, const char* name, int size) {
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &raw) != 1)
    return failed("OpenSSL: a key without its number");
  const BigNumber number(raw);
  const int wanted = size == 0 ? BN_num_bytes(number.get()) : size;
  std::vector<unsigned char> bytes(static_cast<std::size_t>(wanted));
  if (BN_bn2binpad(number.get(), bytes.data(), wanted) != wanted)
    return failed("OpenSSL: a number too long");
  return base64url(bytes);
}

Result<std::string> text_of(const Bio& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  if (size <= 0) return failed("OpenSSL: empty PEM");
  return std::string(data, static_cast<std::size_t>(size));
}

// DER to R and S side by side (RFC 7518 section 3.4).
Result<std::string> raw_ecdsa(const std::vector<unsigned char>& der, int size) {
  const unsigned char* position = der.data();
  const EcdsaSignature signature(d2i_ECDSA_SIG(nullptr, &position, static_cast<long>(der.size())));
  if (!signature) return failed("OpenSSL: no ECDSA signature");
  std::string raw(static_cast<std::size_t>(2 * size), '\0');
  auto* bytes = reinterpret_cast<unsigned char*>(raw.data());
  if (BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), bytes, size) != size ||
      BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), bytes + size, size) != size) {
    return failed("OpenSSL: a number too long");
  }
  return raw;
}

}  // namespace

Result<SigningKey> SigningKey::generate(Algorithm algorithm) {
  const Scheme how = scheme(algorithm);
  Key key;
  if (how.curve != nullptr) {
    key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", how.curve));
  } else if (how.digest != nullptr) {
    key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", kRsaBits));
  } else {
    key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  }
  if (!key) return failed("OpenSSL: no new key");
  return SigningKey(algorithm, std::move(key));
}

Result<SigningKey> SigningKey::from_pem(Algorithm algorithm, const std::string& pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  if (!key) return failed("OpenSSL: no private key in the PEM");
  return SigningKey(algorithm, std::move(key));
}

Result<std::string> SigningKey::private_pem() const {
  const Bio bio(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) !=
      1) {
    return failed("OpenSSL: no PEM");
  }
  return text_of(bio);
}

Result<std::string> SigningKey::public_pem() const {
  const Bio bio(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_PUBKEY(bio.get(), key_.get()) != 1) return failed("OpenSSL: no PEM");
  return text_of(bio);
}

Result<ordered_json> SigningKey::jwk(const std::string& kid) const {
  const Scheme how = scheme(algorithm_);
  ordered_json jwk;
  std::vector<std::pair<const char*, Result<std::string>>> numbers;
  if (how.curve != nullptr) {
    jwk = {{"kty", "EC"}, {"crv", how.crv}};
    numbers.emplace_back("x", number_of(key_.get(), OSSL_PKEY_PARAM_EC_PUB_X, how.number_size));
    numbers.emplace_back("y", number_of(key_.get(), OSSL_PKEY_PARAM_EC_PUB_Y, how.number_size));
  } else if (how.digest != nullptr) {
    jwk = {{"kty", "RSA"}};
    numbers.emplace_back("n", number_of(key_.get(), OSSL_PKEY_PARAM_RSA_N, 0));
    numbers.emplace_back("e", number_of(key_.get(), OSSL_PKEY_PARAM_RSA_E, 0));
  } else {
    std::vector<unsigned char> raw(32);
    std::size_t size = raw.size();
    if (EVP_PKEY_get_raw_public_key(key_.get(), raw.data(), &size) != 1)
      return failed("OpenSSL: no public key");
    jwk = {{"kty", "OKP"}, {"crv", "Ed25519"}, {"x", base64url(raw)}};
  }
  for (auto& [name, number] : numbers) {
    if (!number) return tl::unexpected(number.error());
    jwk[name] = *number;
  }
  jwk["kid"] = kid;
  jwk["alg"] = jose::algorithm_name(algorithm_);
  jwk["use"] = "sig";
  return jwk;
}

Result<std::string> SigningKey::sign(std::string_view input) const {
  const Scheme how = scheme(algorithm_);
  const MdContext context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* key_context = nullptr;  // the digest context's own
  if (!context || EVP_DigestSignInit_ex(context.get(), &key_context, how.digest, nullptr, nullptr,
                                        key_.get(), nullptr) != 1) {
    return failed("OpenSSL: cannot sign with this key");
  }
  if (how.pss && (EVP_PKEY_CTX_set_rsa_padding(key_context, RSA_PKCS1_PSS_PADDING) != 1 ||
                  EVP_PKEY_CTX_set_rsa_pss_saltlen(key_context, RSA_PSS_SALTLEN_DIGEST) != 1)) {
    return failed("OpenSSL: no PSS");
  }
  const auto* bytes = reinterpret_cast<const unsigned char*>(input.data());
  std::size_t size = 0;
  if (EVP_DigestSign(context.get(), nullptr, &size, bytes, input.size()) != 1)
    return failed("OpenSSL: no signature");
  std::vector<unsigned char> signature(size);
  if (EVP_DigestSign(context.get(), signature.data(), &size, bytes, input.size()) != 1) {
    return failed("OpenSSL: no signature");
  }
  signature.resize(size);
  if (how.curve != nullptr) return raw_ecdsa(signature, how.number_size);
  return std::string(signature.begin(), signature.end());
}

Result<std::string> hmac_sha256(std::string_view key, std::string_view input) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned size = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(input.data()), input.size(), mac.data(),
           &size) == nullptr) {
    return failed("OpenSSL: no HMAC");
  }
  return std::string(mac.begin(), mac.begin() + size);
}

}  // namespace latchkey::devidp
