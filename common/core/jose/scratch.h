// SPDX-License-Identifier: Apache-2.0
//
// What one worker needs to verify tokens one after the other, kept so that no token pays for making
// it: padded buffers for the decoded parts, a JSON reader for each of them, a work context for
// signatures (PERFORMANCE.md section 1, idiom b'). One scratch serves one verification at a time;
// values read from a token (CompactJws, VerifiedJws) borrow from it and from the token, and end
// with the next token.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "core/base/limits.h"
#include "core/jose/base64url.h"
#include "core/jose/json.h"
#include "core/jose/openssl_handles.h"

namespace latchkey::jose {

// The longest signature that any accepted key makes: RSA with 8192 bits.
inline constexpr std::size_t kSignatureBytes = 1'024;

class Scratch {
 public:
  // For tokens of at most so many bytes. More than a token of a person may have only where another
  // document comes in the same form (a status list).
  explicit Scratch(std::size_t token_bytes = limits::kTokenBytes);
  ~Scratch();
  Scratch(Scratch&&) noexcept = default;
  Scratch& operator=(Scratch&&) noexcept = default;

  std::size_t token_bytes() const { return token_bytes_; }

  // Buffers of the decoded parts, without their padding.
  std::span<std::uint8_t> header() { return {header_.get(), kHeaderSize}; }
  std::span<std::uint8_t> payload() {
    return {payload_.get(), base64url_decoded_size(token_bytes_)};
  }
  // The first `size` bytes (at most kSignatureBytes), which forget_signature() wipes.
  std::span<std::uint8_t> signature(std::size_t size) {
    signature_size_ = std::max(signature_size_, size);
    return {signature_.get(), size};
  }

  JsonReader& header_reader() { return header_reader_; }
  JsonReader& payload_reader() { return payload_reader_; }

  // Null only where memory ran out when the scratch was made; whoever uses them checks.
  evp_md_ctx_st* work() { return work_.get(); }  // signatures
  evp_md_ctx_st* hash() { return hash_.get(); }  // digests of tokens
  const evp_md_st* sha256() const { return sha256_.get(); }

  // Overwrites the decoded signature: with it gone, what is left in this scratch is no token.
  void forget_signature();

 private:
  static constexpr std::size_t kHeaderSize = limits::kHeaderBytes;

  std::size_t token_bytes_;
  std::unique_ptr<std::uint8_t[]> header_;
  std::unique_ptr<std::uint8_t[]> payload_;
  std::unique_ptr<std::uint8_t[]> signature_;
  std::size_t signature_size_ = 0;  // what has been written and not been wiped
  JsonReader header_reader_;
  JsonReader payload_reader_;
  DigestContext work_;
  DigestContext hash_;
  Digest sha256_;
};

}  // namespace latchkey::jose
