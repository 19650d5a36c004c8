// SPDX-License-Identifier: Apache-2.0
//
// Token Status List (draft-ietf-oauth-status-list, text of version 16): the signed list that a
// token's reference (core/claims/status_claim.h) leads to, in the JWT form. Nothing is fetched
// here. A list that was read here was signed by a key of the issuer whose tokens it speaks of, for
// the very URI that was asked for, and is no older than the one before it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/base/time.h"
#include "core/jose/algorithm.h"
#include "core/jose/json.h"
#include "core/jose/jwk_set.h"
#include "core/jose/scratch.h"
#include "core/revocation/signed_item.h"
#include "core/revocation/status_list.h"

namespace latchkey::revocation {

// What a reader is configured with.
struct StatusTrust {
  std::string_view issuer;   // of the tokens
  const jose::JwkSet& keys;  // that issuer's, or of the lists alone
  std::size_t list_bytes_most;
  std::span<const jose::Algorithm> algorithms = {};  // that sign; none: any
};

struct StatusListToken {
  StatusList list;
  std::string uri;
  WallTime issued_at{};
  std::optional<WallTime> expires_at;
  std::optional<std::chrono::milliseconds> ttl;
  std::string key_id;  // thumbprint of the key that signed it

  // Whether it still says something (section 8.3 step 4 c).
  bool in_force(WallTime now) const { return !expires_at || now < *expires_at + kItemLeeway; }
};

namespace status_limits {
inline constexpr std::size_t kListBytes = 2'097'152;      // where the configuration says nothing
inline constexpr std::size_t kListBytesMost = 8'388'608;  // that it can say
}  // namespace status_limits

// The longest token that a list of so many bytes makes, for the scratch that it is read with and
// whoever fetches it: packed by a byte in 2,000 at the worst, as base64url twice, and room for the
// other claims.
constexpr std::size_t status_token_bytes(std::size_t list_bytes) {
  const std::size_t packed = list_bytes + list_bytes / 2'000 + 64;
  return (packed * 4 / 3 + 8'192) * 4 / 3 + 8'192;
}

// Any bytes from anybody, up to what the scratch is made for (status_token_bytes()). `uri` is the
// reference's; `accepted` is when the last one of this URI that was accepted had been issued.
// Without `now`, one that was accepted once is read again, whatever the time: what it revokes stays
// revoked. form, type, key, signature, issuer, subject, claim, ahead, old, expired, bounds, memory.
ItemResult<StatusListToken> read_status_list_token(std::string_view bytes, std::string_view uri,
                                                   const StatusTrust& trust,
                                                   std::optional<WallTime> accepted,
                                                   std::optional<WallTime> now,
                                                   jose::Scratch& scratch);

}  // namespace latchkey::revocation
