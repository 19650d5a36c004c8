// SPDX-License-Identifier: Apache-2.0
//
// Security event tokens (RFC 8417) of a provider, logout tokens of OpenID Connect (Back-Channel
// Logout 1.0) among them: whether one is the provider's and meant for us, and what it revokes.
//
// Such a token says that something happened, not that something is allowed: to heed it twice does
// no more than to heed it once, and one that is late still counts. Who keeps their ids (`jti`)
// spares himself the work.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.h"
#include "core/jose/algorithm.h"
#include "core/jose/jwk_set.h"
#include "core/jose/scratch.h"
#include "core/revocation/entry.h"
#include "core/revocation/signed_item.h"

namespace latchkey::revocation {

// What a receiver is configured with.
struct EventTrust {
  // `iss` of its events, byte for byte; a logout token may have the first issuer's as well.
  std::string_view transmitter;
  std::span<const std::string> audiences;  // at least one; exact match with one value of `aud`
  const jose::JwkSet& keys;                // the transmitter's
  // Whose tokens its events may revoke, at least one: commonly the transmitter itself. An id
  // without an issuer is the first one's.
  std::span<const std::string> issuers;
  // How long tokens of these issuers can live at most; entries are kept as long. None: for ever.
  std::optional<std::chrono::seconds> keep;
  // By which it may be signed; empty: by whatever the key allows.
  std::span<const jose::Algorithm> algorithms = {};
};

// Somebody that an event names in a way that no entry can: an address, a number, a URI. Whoever
// knows who that is revokes them; nobody else may pass it over in silence.
struct UnresolvedSubject {
  std::string issuer;
  std::string format;  // "email"
  std::string value;   // from the provider, any characters; empty for an unknown format
  WallTime before{};
};

struct SecurityEvent {
  std::string id;      // `jti`: unique with the transmitter (RFC 8417 section 2.2)
  std::string reason;  // names of the events that revoke, for the audit: "session-revoked"
  WallTime issued_at{};
  std::vector<Entry> entries;
  std::vector<UnresolvedSubject> unresolved;
  std::string key_id;  // thumbprint of the key that signed it
  // What is wrong with one of its events, where another one revokes something.
  std::optional<ItemError> passed_over;
};

namespace event_limits {
inline constexpr std::size_t kEvents = 16;  // of a token
}  // namespace event_limits

// Any bytes from anybody, up to limits::kTokenBytes. `delivered_as` is the id under which it came
// (RFC 8936 section 2.4). A token without an event that revokes is good and has no entries: it
// is acknowledged like any other. One of which an event revokes is good, whatever the others are.
// form, type, key, signature, issuer, audience, subject, claim,
// ahead, expired, bounds, memory.
ItemResult<SecurityEvent> read_security_event(std::string_view bytes, std::string_view delivered_as,
                                              const EventTrust& trust, const Names& names,
                                              WallTime now, jose::Scratch& scratch);

// What a transmitter is told of a token that was refused (RFC 8935 section 2.4). Nothing where it
// is to keep it and try again: what is missing is memory, or one of the two clocks is wrong.
std::optional<std::string_view> set_error_code(ItemFault fault);

}  // namespace latchkey::revocation
