// SPDX-License-Identifier: Apache-2.0
//
// One public key of an issuer, as its JWK set published it and as far as we trust it: RSA of 2048
// to 8192 bits, P-256, P-384, P-521 or Ed25519. The key decides what it may verify: `kty` and `crv`
// give the family, `alg` pins one algorithm, `use` and `key_ops` must allow verification (RFC 7517
// section 4, RFC 8725 section 3.1). What a token's header says is only ever compared with that.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/jose/algorithm.h"
#include "core/jose/json.h"
#include "core/jose/openssl_handles.h"

namespace latchkey::jose {

enum class KeyType : std::uint8_t { rsa, ec, okp };

std::string_view key_type_name(
    KeyType type);  // "RSA", "EC", "OKP" (RFC 7518 section 6.1, RFC 8037 section 2)

class Jwk {
 public:
  // A JWK object, or why it is of no use, as a sentence part for the administrator ("RSA of 1024
  // bits is too short").
  static tl::expected<Jwk, std::string> parse(const JsonValue& jwk);

  // `kid`; nothing where the key has none.
  const std::optional<std::string>& kid() const { return kid_; }
  // RFC 7638 with SHA-256, base64url.
  const std::string& thumbprint() const { return thumbprint_; }
  // The key itself: the members that the thumbprint is of, as a JSON object without `kid` or `alg`.
  const std::string& members() const { return members_; }
  KeyType type() const { return type_; }
  unsigned bits() const { return bits_; }  // of the modulus or the curve
  AlgorithmSet algorithms() const { return algorithms_; }
  bool allows(Algorithm algorithm) const { return algorithms_.contains(algorithm); }

  // The template context for an algorithm that the key allows (else null): copied, never used
  // itself, so any number of threads may share it.
  const evp_md_ctx_st* verifier(Algorithm algorithm) const {
    return verifiers_[static_cast<std::size_t>(algorithm)].get();
  }

 private:
  friend class JwkParser;
  Jwk() = default;

  std::optional<std::string> kid_;
  std::string thumbprint_;
  std::string members_;
  KeyType type_ = KeyType::rsa;
  unsigned bits_ = 0;
  AlgorithmSet algorithms_;
  PublicKey key_;
  std::array<DigestContext, kAlgorithms> verifiers_;
};

}  // namespace latchkey::jose
