// SPDX-License-Identifier: Apache-2.0
//
// An issuer's own symmetric key, from a file that its section of the configuration names. Whoever
// holds such a key can make tokens with it, so it is a type that nothing but that file can become:
// a JWK set has no way into it, and no public key has either (RFC 8725 sections 3.1 and 3.5). It
// serves one algorithm. The secret lies in OpenSSL's context alone, which wipes it at its end.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/base/error.h"
#include "core/jose/algorithm.h"
#include "core/jose/openssl_handles.h"

namespace latchkey::jose {

class SymmetricKey {
 public:
  // The content of the file: one JWK with `kty` "oct" (RFC 7518 section 6.4) whose `k` is at least
  // as long as the algorithm's hash. Else why it is of no use, as a sentence part for the
  // administrator that quotes nothing of it. The text is the caller's to wipe; nothing of it stays
  // elsewhere.
  static tl::expected<SymmetricKey, std::string> parse(std::string_view text,
                                                       SymmetricAlgorithm algorithm);

  const std::optional<std::string>& kid() const { return kid_; }
  SymmetricAlgorithm algorithm() const { return algorithm_; }
  // What names it in records. Not made from the secret: a digest of one is something to try guesses
  // against.
  std::string_view id() const;

  // Whether a token with that header may be tried: key_unknown where it names another `kid`,
  // key_unfit where it names another algorithm.
  Expected<void> fits(SymmetricAlgorithm algorithm, std::optional<std::string_view> kid) const;

  // Whether this is the key's HMAC over the input. key_unfit, signature_invalid; internal_error
  // where OpenSSL could not work (memory). From any thread.
  Expected<void> check(SymmetricAlgorithm algorithm, std::string_view input,
                       std::span<const std::uint8_t> signature) const;

 private:
  SymmetricKey(SymmetricAlgorithm algorithm, std::optional<std::string> kid, MacContext context)
      : algorithm_(algorithm), kid_(std::move(kid)), context_(std::move(context)) {}

  // In a frame of its own, whose leavings parse() wipes.
  [[gnu::noinline]] static tl::expected<SymmetricKey, std::string> read(
      std::string_view text, SymmetricAlgorithm algorithm);
  // In a function of its own, after which the registers are wiped.
  Expected<void> compare(SymmetricAlgorithm algorithm, std::string_view input,
                         std::span<const std::uint8_t> signature) const;

  SymmetricAlgorithm algorithm_;
  std::optional<std::string> kid_;
  MacContext context_;  // a template: copied, never used itself
};

}  // namespace latchkey::jose
