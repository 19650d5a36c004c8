// SPDX-License-Identifier: Apache-2.0
//
// The signature check (RFC 7515 section 5.2), and the only maker of a VerifiedJws: whoever holds
// one knows that the issuer's key signed these claims.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/base/error.h"
#include "core/jose/compact_jws.h"
#include "core/jose/jwk.h"
#include "core/jose/scratch.h"

namespace latchkey::jose {

// Borrows from token, scratch and key, like the CompactJws that it was made from.
class VerifiedJws {
 public:
  const JsonValue& claims() const { return jws_.payload_; }  // always an object
  const JsonValue& header() const { return jws_.header_; }
  std::optional<std::string_view> typ() const { return jws_.typ_; }
  Algorithm algorithm() const { return jws_.algorithm_; }
  const Jwk& key() const { return *key_; }

 private:
  friend class SignatureVerifier;
  VerifiedJws(const CompactJws& jws, const Jwk& key) : jws_(jws), key_(&key) {}

  CompactJws jws_;
  const Jwk* key_;
};

// Whether the key made this signature (RFC 7518 section 3 form) over the input with that algorithm.
// key_unfit where the key does not allow the algorithm, signature_invalid where the signature does
// not verify, internal_error where OpenSSL could not work (memory).
Expected<void> check_signature(Algorithm algorithm, const Jwk& key, std::string_view input,
                               std::span<const std::uint8_t> signature, Scratch& scratch);

// The same for a token, by its header's algorithm. The decoded signature in the scratch is wiped in
// any case, so this can be asked once a parse.
Expected<VerifiedJws> verify_signature(const CompactJws& jws, const Jwk& key, Scratch& scratch);

}  // namespace latchkey::jose
