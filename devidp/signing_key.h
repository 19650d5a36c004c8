// SPDX-License-Identifier: Apache-2.0
//
// A private key with the one algorithm it signs with.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json_fwd.hpp>

#include "core/jose/algorithm.h"
#include "core/jose/signing/key_material.h"
#include "devidp/files.h"

namespace latchkey::devidp {

class SigningKey {
 public:
  static Result<SigningKey> generate(jose::Algorithm algorithm);
  static Result<SigningKey> from_pem(jose::Algorithm algorithm, const std::string& pem);

  jose::Algorithm algorithm() const { return algorithm_; }

  Result<std::string> private_pem() const;                              // PKCS #8
  Result<std::string> public_pem() const { return key_.public_pem(); }  // SubjectPublicKeyInfo

  // The public half as a JWK with `kid`, `alg` and `use` (RFC 7517 section 4).
  Result<nlohmann::ordered_json> jwk(const std::string& kid) const;

  // The bytes of a JWS signature over `input` (RFC 7518 section 3, RFC 8037 section 3.1).
  Result<std::string> sign(std::string_view input) const {
    return key_.sign(jose::signing(algorithm_), input);
  }

 private:
  SigningKey(jose::Algorithm algorithm, jose::KeyMaterial key)
      : algorithm_(algorithm), key_(std::move(key)) {}

  jose::Algorithm algorithm_;
  jose::KeyMaterial key_;
};

// HS256, for the token that keys HMAC with a public key.
Result<std::string> hmac_sha256(std::string_view key, std::string_view input);

}  // namespace latchkey::devidp
