// SPDX-License-Identifier: Apache-2.0
//
// Keys and signed tokens for tests: what an identity provider would publish and hand out, and
// whatever a forger would. JSON goes in and out as text, so that a test can write what no
// serialiser would. Never part of a shipped program.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "core/jose/algorithm.h"
#include "core/jose/signing/key_material.h"

namespace latchkey::testing {

class SigningKey {
 public:
  // A fresh key fit for the algorithm; `bits` counts for RSA. Aborts where OpenSSL cannot make it.
  static SigningKey generate(jose::Algorithm algorithm, std::string kid, unsigned bits = 2'048);

  // The Ed25519 key of RFC 8037 appendix A.1, which is the same in every process.
  static SigningKey of_the_rfc(std::string kid);

  jose::Algorithm algorithm() const { return algorithm_; }
  const std::string& kid() const { return kid_; }

  // The public half as a JWK object: kty and its members, kid, use "sig", alg. `extra` is put
  // before the closing brace as it is, e.g. `,"key_ops":["verify"]`; with `plain` neither kid, use
  // nor alg are there.
  std::string jwk(std::string_view extra = {}) const;
  std::string plain_jwk(std::string_view extra = {}) const;

  // The signature over any bytes, in the form of RFC 7518 section 3 (not encoded), made with the
  // key's own algorithm or another one of its family.
  std::string sign(std::string_view input) const { return sign(input, algorithm_); }
  std::string sign(std::string_view input, jose::Algorithm algorithm) const;

  // A compact JWS over the texts as they are, be they JSON or not.
  std::string token(std::string_view header, std::string_view payload) const;
  // The same with the header {"alg":…,"kid":…,"typ":"at+jwt"}.
  std::string token(std::string_view payload) const;

 private:
  SigningKey(jose::Algorithm algorithm, std::string kid, jose::KeyMaterial key)
      : algorithm_(algorithm), kid_(std::move(kid)), key_(std::move(key)) {}

  jose::Algorithm algorithm_;
  std::string kid_;
  jose::KeyMaterial key_;
};

// One key an algorithm, made once a process, with the algorithm's name as kid ("RS256").
const SigningKey& signing_key(jose::Algorithm algorithm);

// A compact JWS with an HMAC by that secret, over the texts as they are.
std::string mac_token(jose::SymmetricAlgorithm algorithm, std::string_view secret,
                      std::string_view header, std::string_view payload);
// The secret as a JWK of the type oct, with `extra` before the closing brace.
std::string oct_jwk(std::string_view secret, std::string_view extra = {});

// {"keys":[…]} of JWK objects.
std::string jwk_set(std::initializer_list<std::string> jwks);

// header.payload.signature, each encoded as base64url.
std::string compact(std::string_view header, std::string_view payload, std::string_view signature);

}  // namespace latchkey::testing
