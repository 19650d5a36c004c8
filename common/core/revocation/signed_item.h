// SPDX-License-Identifier: Apache-2.0
//
// What the signed items have in common that sources of revocations deliver one at a time: a status
// list, a security event, an entry of a stream. Each is a compact JWS with a `typ` of its own, so
// that no token is ever an item, no item a token, and no item one of another kind (RFC 8725
// section 3.11); its times are held here as every JWT's are (RFC 7519 section 4.1).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

#include "core/base/limits.h"
#include "core/base/time.h"
#include "core/jose/json.h"
#include "core/jose/jwk_set.h"
#include "core/jose/scratch.h"
#include "core/jose/signature.h"

namespace latchkey::revocation {

// One for each thing that an administrator would do something different about.
enum class ItemFault : std::uint8_t {
  form,       // no compact JWS, or not what it should hold
  type,       // something else was signed
  key,        // by a key that this source is not configured with
  signature,  // does not verify
  issuer,     // of somebody else
  audience,   // for somebody else
  subject,    // about what this issuer has no say in, or another list
  claim,      // a claim is absent, or not what it has to be
  ahead,      // signed in the future, by our clock
  old,        // older than what was accepted before
  expired,    // its own end has passed
  bounds,     // more than an item may have
  memory,     // there was none
};

std::string_view item_fault_name(ItemFault fault);  // "signature"

struct ItemError {
  ItemFault fault;
  std::string detail;  // for the administrator; quotes values of what was signed only
};

template <typename T>
using ItemResult = tl::expected<T, ItemError>;

inline tl::unexpected<ItemError> refuse(ItemFault fault, std::string detail) {
  return tl::unexpected(ItemError{fault, std::move(detail)});
}

inline constexpr std::chrono::seconds kItemAhead{300};
inline constexpr std::chrono::seconds kItemLeeway = limits::kLeewayDefault;  // of `exp` and `nbf`

// Any bytes from anybody, up to what the scratch is made for. `types` as is_media_type() wants
// them. form, type, key, signature.
ItemResult<jose::VerifiedJws> verify_item(std::string_view bytes,
                                          std::span<const std::string_view> types,
                                          const jose::JwkSet& keys, jose::Scratch& scratch);

// A claim that is a string, not empty, within limits::kClaimStringBytes. Else claim.
ItemResult<std::string_view> item_text(const jose::JsonValue& object, std::string_view name);
// The same where it is there.
ItemResult<std::optional<std::string_view>> item_text_if_there(const jose::JsonValue& object,
                                                               std::string_view name);

struct ItemTimes {
  WallTime issued_at{};
  std::optional<WallTime> expires_at;
};

// `iat`, which has to be there, `nbf` and `exp`. claim, ahead, expired.
ItemResult<ItemTimes> item_times(const jose::JsonValue& claims, WallTime now);
// The same of what was accepted once, whatever the time is now. claim.
ItemResult<ItemTimes> item_times_unheld(const jose::JsonValue& claims);

}  // namespace latchkey::revocation
