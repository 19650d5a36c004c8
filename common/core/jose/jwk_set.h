// SPDX-License-Identifier: Apache-2.0
//
// The keys of one issuer (RFC 7517 section 5). A key that is of no use is dropped by itself with
// its reason, while the rest of the set serves. Immutable and free of locks: shared by all workers.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/jose/jwk.h"

namespace latchkey::jose {

// A key of the set that will never verify anything.
struct DroppedKey {
  std::string kid;  // empty where it has none; from the issuer, may hold any characters
  std::string why;  // "RSA of 1024 bits is too short"
};

class JwkSet {
 public:
  // The body of a jwks_uri answer: any bytes from the network, up to limits::kJwkSetBytes and
  // limits::kJwkSetKeys. keys_missing where it is no JWK set at all; a set without any usable key
  // is a good, empty set.
  static Expected<JwkSet> parse(std::string_view json);

  std::span<const Jwk> keys() const { return keys_; }
  std::span<const DroppedKey> dropped() const { return dropped_; }
  std::size_t size() const { return keys_.size(); }
  bool empty() const { return keys_.empty(); }

  // The key with that RFC 7638 thumbprint, or null.
  const Jwk* find_thumbprint(std::string_view thumbprint) const;

 private:
  JwkSet() = default;

  std::vector<Jwk> keys_;
  std::vector<DroppedKey> dropped_;
};

}  // namespace latchkey::jose
