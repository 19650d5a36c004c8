// SPDX-License-Identifier: Apache-2.0
//
// A key as its owner has it: RSA, EC (P-256, P-384, P-521) or Ed25519 with or without its private
// half, or a symmetric key; from PEM or JWK, to JWK. It serves the tools and the tests and stands
// apart from what verifies (jwk.h): a mistake of the one does not hide in the other.
//
// Private bytes live in OpenSSL's own objects and in SecretBuffer, and are wiped there. An error is
// a sentence for whoever runs the tool; it quotes names of members, never their values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "core/jose/openssl_handles.h"
#include "core/jose/signing/signing_algorithm.h"
#include "wire/secret_buffer.h"

namespace latchkey::jose {

template <typename T>
using KeyResult = tl::expected<T, std::string>;

enum class KeyKind : std::uint8_t { rsa, ec, okp, oct };

std::string_view key_kind_name(KeyKind kind);  // "RSA", "EC", "OKP", "oct" (RFC 7518 section 6.1)
std::optional<KeyKind> find_key_kind(std::string_view name);

inline constexpr unsigned kRsaBitsDefault = 3'072;
inline constexpr std::size_t kSymmetricBytesMost = 4'096;
inline constexpr std::size_t kKeyTextMost = 65'536;  // of a PEM or JWK

struct KeyOrder {
  KeyKind kind = KeyKind::ec;
  unsigned bits = 0;                 // RSA: 1024 to 8192, default 3072; oct: default 512
  std::string_view curve = "P-256";  // EC
};

// What a JWK says besides its numbers (RFC 7517 section 4).
struct KeyLabels {
  std::optional<std::string> kid;
  std::optional<std::string> alg;
  std::optional<std::string> use;
};

class KeyMaterial {
 public:
  static KeyResult<KeyMaterial> generate(const KeyOrder& order);
  // 1 to kSymmetricBytesMost bytes.
  static KeyResult<KeyMaterial> symmetric(std::string_view bytes);

  // A PEM (PKCS #8, "RSA PRIVATE KEY", "EC PRIVATE KEY", or "PUBLIC KEY") or a JWK object, any
  // bytes from anybody up to kKeyTextMost. A private half that does not belong to its public one is
  // refused, a PEM under a passphrase too. How strong the key is, is not judged here: the verifier
  // does that.
  static KeyResult<KeyMaterial> parse(std::string_view text);
  static KeyResult<KeyMaterial> from_pem(std::string_view pem);
  static KeyResult<KeyMaterial> from_jwk(std::string_view json);

  KeyKind kind() const { return kind_; }
  unsigned bits() const;  // of the modulus, the curve, or the symmetric key
  std::string_view curve() const { return curve_; }    // "P-256", "Ed25519"; empty for others
  bool has_private() const { return private_; }        // can sign
  const KeyLabels& labels() const { return labels_; }  // as the JWK had them

  // What it may sign with: by its type, and where it names an `alg`, that one alone. The first is
  // the one to take where nobody says which.
  std::vector<SigningAlgorithm> algorithms() const;

  // RFC 7638 with SHA-256, base64url. Of a symmetric key it is a digest of the secret (RFC 7638
  // section 7): fit to be shown only where the secret cannot be guessed.
  KeyResult<std::string> thumbprint() const;

  // One JSON object on one line. Fails for a symmetric key, which has no public half.
  KeyResult<std::string> public_jwk(const KeyLabels& labels) const;
  KeyResult<wire::SecretBuffer> private_jwk(const KeyLabels& labels) const;
  KeyResult<std::string> public_pem() const;          // SubjectPublicKeyInfo
  KeyResult<wire::SecretBuffer> private_pem() const;  // PKCS #8

  // The bytes of a JWS signature over any input, in the form of RFC 7518 section 3 and RFC 8037
  // section 3.1. Fails where the key has no private half, is not meant for signing (`use`,
  // `key_ops`), or is none for the algorithm.
  KeyResult<std::string> sign(SigningAlgorithm algorithm, std::string_view input) const;

 private:
  friend class JwkImport;
  KeyMaterial(KeyKind kind, PublicKey key) : kind_(kind), key_(std::move(key)) {}

  static KeyResult<KeyMaterial> of(PublicKey key, bool with_private);
  KeyResult<void> check_halves() const;
  KeyResult<std::string> signature_of(SigningAlgorithm algorithm, std::string_view input) const;
  KeyResult<std::string> mac(SigningAlgorithm algorithm, std::string_view input) const;

  KeyKind kind_;
  PublicKey key_;              // null for a symmetric key; may hold the private half
  wire::SecretBuffer secret_;  // of a symmetric key
  std::string curve_;
  bool private_ = false;
  KeyLabels labels_;
  std::string not_for_signing_;  // why, where the JWK's `use` or `key_ops` say so
};

}  // namespace latchkey::jose
