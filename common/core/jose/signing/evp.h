// SPDX-License-Identifier: Apache-2.0
//
// Internal to this box: owners of OpenSSL objects, and how each algorithm is said to OpenSSL.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "core/jose/signing/key_material.h"

namespace latchkey::jose::evp {

struct Free {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
  void operator()(BIGNUM* number) const { BN_clear_free(number); }
  void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
};
using Bio = std::unique_ptr<BIO, Free>;
using Number = std::unique_ptr<BIGNUM, Free>;
using EcdsaSignature = std::unique_ptr<ECDSA_SIG, Free>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Free>;

// OpenSSL's own words are of no use to whoever reads ours, and must not turn up elsewhere.
inline tl::unexpected<std::string> failed(std::string_view what) {
  ERR_clear_error();
  return tl::unexpected<std::string>(std::string(what));
}

inline const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

struct Curve {
  std::string_view name;  // RFC 7518 section 6.2.1.1
  const char* group;      // OpenSSL's name when it is asked
  unsigned bits;
  std::size_t number_size;  // of a coordinate, of d, and of R and S
  SigningAlgorithm algorithm;
};
inline constexpr std::array<Curve, 3> kCurves{{
    {"P-256", "prime256v1", 256, 32, SigningAlgorithm::es256},
    {"P-384", "secp384r1", 384, 48, SigningAlgorithm::es384},
    {"P-521", "secp521r1", 521, 66, SigningAlgorithm::es512},
}};

inline const Curve* find_curve(std::string_view name) {
  for (const Curve& curve : kCurves) {
    if (curve.name == name) return &curve;
  }
  return nullptr;
}

inline constexpr std::size_t kEd25519Bytes = 32;
inline constexpr std::string_view kEd25519 = "Ed25519";

}  // namespace latchkey::jose::evp
