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
#include "core/jose/symmetric_key.h"

namespace latchkey::jose {

// Borrows from token, scratch and key, like the CompactJws that it was made from.
class VerifiedJws {
 public:
  const JsonValue& claims() const { return form_.payload_; }  // always an object
  const JsonValue& header() const { return form_.header_; }
  std::optional<std::string_view> typ() const { return form_.typ_; }
  // By which the key verified it; nothing where that was the issuer's symmetric key.
  std::optional<Algorithm> algorithm() const { return algorithm_; }
  std::string_view key_id() const { return key_id_; }  // Jwk::thumbprint() or SymmetricKey::id()

 private:
  friend class SignatureVerifier;
  VerifiedJws(const CompactForm& form, std::optional<Algorithm> algorithm, std::string_view key_id)
      : form_(form), algorithm_(algorithm), key_id_(key_id) {}

  CompactForm form_;
  std::optional<Algorithm> algorithm_;
  std::string_view key_id_;
};

// Whether the key made this signature (RFC 7518 section 3 form) over the input with that algorithm.
// key_unfit where the key does not allow the algorithm, signature_invalid where the signature does
// not verify, internal_error where OpenSSL could not work (memory).
Expected<void> check_signature(Algorithm algorithm, const Jwk& key, std::string_view input,
                               std::span<const std::uint8_t> signature, Scratch& scratch);

// The same for a token, by its header's algorithm. The decoded signature in the scratch is wiped in
// any case, so this can be asked once a parse.
Expected<VerifiedJws> verify_signature(const CompactJws& jws, const Jwk& key, Scratch& scratch);

// The same with the issuer's symmetric key, compared in constant time.
Expected<VerifiedJws> verify_mac(const CompactMac& mac, const SymmetricKey& key, Scratch& scratch);

}  // namespace latchkey::jose
