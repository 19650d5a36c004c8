// SPDX-License-Identifier: Apache-2.0
//
// Signatures in the forms of RFC 7518 section 3 and RFC 8037 section 3.1. Written apart from the
// verifier, whose DER code goes the other way.
#include <algorithm>
#include <array>

#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include "core/jose/signing/evp.h"
#include "core/jose/signing/key_material.h"

namespace latchkey::jose {
namespace {

using evp::failed;

struct DigestOf {
  const char* digest;  // null: the algorithm hashes by itself
  std::size_t size;    // bytes of the hash
};

DigestOf digest_of(SigningAlgorithm algorithm) {
  switch (algorithm) {
    case SigningAlgorithm::rs256:
    case SigningAlgorithm::ps256:
    case SigningAlgorithm::es256:
    case SigningAlgorithm::hs256:
      return {"SHA256", 32};
    case SigningAlgorithm::rs384:
    case SigningAlgorithm::ps384:
    case SigningAlgorithm::es384:
    case SigningAlgorithm::hs384:
      return {"SHA384", 48};
    case SigningAlgorithm::rs512:
    case SigningAlgorithm::ps512:
    case SigningAlgorithm::es512:
    case SigningAlgorithm::hs512:
      return {"SHA512", 64};
    case SigningAlgorithm::eddsa:
      break;
  }
  return {nullptr, 0};
}

bool is_pss(SigningAlgorithm algorithm) {
  return algorithm == SigningAlgorithm::ps256 || algorithm == SigningAlgorithm::ps384 ||
         algorithm == SigningAlgorithm::ps512;
}

// RFC 7518 section 3.5: MGF1 with the same hash, a salt as long as the hash.
bool set_pss(EVP_PKEY_CTX* context, const char* digest) {
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1 &&
         EVP_PKEY_CTX_set_rsa_mgf1_md_name(context, digest, nullptr) == 1;
}

// DER to R and S side by side (RFC 7518 section 3.4).
KeyResult<std::string> raw_ecdsa(const std::string& der, std::size_t size) {
  const unsigned char* position = evp::bytes(der);
  const evp::EcdsaSignature signature(
      d2i_ECDSA_SIG(nullptr, &position, static_cast<long>(der.size())));
  if (signature == nullptr) return failed("OpenSSL made no ECDSA signature");
  std::string raw(2 * size, '\0');
  auto* out = reinterpret_cast<unsigned char*>(raw.data());
  const int width = static_cast<int>(size);
  if (BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), out, width) != width ||
      BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), out + size, width) != width) {
    return failed("OpenSSL made an ECDSA signature that is too long");
  }
  return raw;
}

KeyResult<std::string> public_key_signature(EVP_PKEY* key, SigningAlgorithm algorithm,
                                            std::string_view input) {
  const DigestOf how = digest_of(algorithm);
  const DigestContext context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* parameters = nullptr;  // belongs to the context
  if (context == nullptr || EVP_DigestSignInit_ex(context.get(), &parameters, how.digest, nullptr,
                                                  nullptr, key, nullptr) != 1) {
    return failed("OpenSSL cannot sign with this key");
  }
  if (is_pss(algorithm) && !set_pss(parameters, how.digest))
    return failed("OpenSSL cannot sign with this key by PSS");
  std::size_t size = 0;
  if (EVP_DigestSign(context.get(), nullptr, &size, evp::bytes(input), input.size()) != 1)
    return failed("OpenSSL made no signature");
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     evp::bytes(input), input.size()) != 1) {
    return failed("OpenSSL made no signature");
  }
  signature.resize(size);
  return signature;
}

// By the verifying half of the same OpenSSL key.
bool verifies(EVP_PKEY* key, SigningAlgorithm algorithm, std::string_view input,
              const std::string& signature) {
  const DigestContext context(EVP_MD_CTX_new());
  return context != nullptr &&
         EVP_DigestVerifyInit_ex(context.get(), nullptr, digest_of(algorithm).digest, nullptr,
                                 nullptr, key, nullptr) == 1 &&
         EVP_DigestVerify(context.get(), evp::bytes(signature), signature.size(), evp::bytes(input),
                          input.size()) == 1;
}

std::vector<SigningAlgorithm> by_type(KeyKind kind, std::string_view curve) {
  using enum SigningAlgorithm;
  switch (kind) {
    case KeyKind::rsa:
      return {rs256, rs384, rs512, ps256, ps384, ps512};
    case KeyKind::ec:
      if (const evp::Curve* found = evp::find_curve(curve)) return {found->algorithm};
      return {};
    case KeyKind::okp:
      return {eddsa};
    case KeyKind::oct:
      return {hs256, hs384, hs512};
  }
  return {};
}

}  // namespace

std::vector<SigningAlgorithm> KeyMaterial::algorithms() const {
  std::vector<SigningAlgorithm> all = by_type(kind_, curve_);
  if (labels_.alg) {
    std::erase_if(all, [&](SigningAlgorithm one) { return algorithm_name(one) != *labels_.alg; });
  }
  return all;
}

KeyResult<std::string> KeyMaterial::sign(SigningAlgorithm algorithm, std::string_view input) const {
  if (!private_) return failed("the key has no private half, so it cannot sign");
  if (!not_for_signing_.empty()) return failed(not_for_signing_);
  const auto all = algorithms();
  if (std::find(all.begin(), all.end(), algorithm) == all.end()) {
    std::string what = "the key is none for " + std::string(algorithm_name(algorithm)) +
                       ": it is " + std::string(key_kind_name(kind_));
    if (!curve_.empty()) what += " " + curve_;
    if (labels_.alg) what += " and names another 'alg'";
    return failed(what);
  }
  return kind_ == KeyKind::oct ? mac(algorithm, input) : signature_of(algorithm, input);
}

KeyResult<std::string> KeyMaterial::signature_of(SigningAlgorithm algorithm,
                                                 std::string_view input) const {
  auto signature = public_key_signature(key_.get(), algorithm, input);
  const evp::Curve* curve = evp::find_curve(curve_);
  if (!signature || curve == nullptr) return signature;
  return raw_ecdsa(*signature, curve->number_size);
}

// RFC 7518 section 3.2: a key as long as the hash, or longer.
KeyResult<std::string> KeyMaterial::mac(SigningAlgorithm algorithm, std::string_view input) const {
  const DigestOf how = digest_of(algorithm);
  if (secret_.size() < how.size) {
    return failed("a key of " + std::to_string(secret_.size()) + " bytes is too short for " +
                  std::string(algorithm_name(algorithm)) + ", which needs " +
                  std::to_string(how.size));
  }
  std::string out(how.size, '\0');
  std::size_t size = 0;
  if (EVP_Q_mac(nullptr, OSSL_MAC_NAME_HMAC, nullptr, how.digest, nullptr,
                evp::bytes(secret_.view()), secret_.size(), evp::bytes(input), input.size(),
                reinterpret_cast<unsigned char*>(out.data()), out.size(), &size) == nullptr ||
      size != out.size()) {
    return failed("OpenSSL made no HMAC");
  }
  return out;
}

// A private half that belongs to another public one makes signatures that nobody can verify, and an
// RSA key with one wrong number would give itself away by them.
KeyResult<void> KeyMaterial::check_halves() const {
  if (!private_ || kind_ == KeyKind::oct) return {};
  constexpr std::string_view kProbe = "latchkey";
  const SigningAlgorithm probe = by_type(kind_, curve_).front();
  const auto signature = public_key_signature(key_.get(), probe, kProbe);
  if (!signature || !verifies(key_.get(), probe, kProbe, *signature))
    return failed("its private half does not belong to its public half");
  return {};
}

}  // namespace latchkey::jose
