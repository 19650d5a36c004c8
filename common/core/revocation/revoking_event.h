// SPDX-License-Identifier: Apache-2.0
//
// The events of a provider that revoke something here, by their URIs, and what each of them does:
// CAEP 1.0, RISC 1.0 and OpenID Connect Back-Channel Logout 1.0. Every other event is good and
// changes nothing.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/jose/json.h"

namespace latchkey::revocation {

enum class EventEffect : std::uint8_t {
  session,  // the session that it names; all of the user's where it names none
  user,     // all tokens of the user that were issued before it happened
  account,  // the same, up to when it was signed: there is no going on after it
  logout,   // as `session`, named by `sid` and `sub` of the token itself
};

struct RevokingEvent {
  std::string_view uri;
  std::string_view name;  // for people: "session-revoked"
  EventEffect effect;
};

// Null where the event is none of them.
const RevokingEvent* find_revoking_event(std::string_view uri);

// Whether this one revokes: a credential that was newly made takes nothing from anybody (CAEP 1.0
// section 3.3, `change_type`).
bool takes_effect(const RevokingEvent& event, const jose::JsonValue& payload);

}  // namespace latchkey::revocation
