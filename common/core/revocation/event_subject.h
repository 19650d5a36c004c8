// SPDX-License-Identifier: Apache-2.0
//
// Whom or what a security event is about: a Subject Identifier (RFC 9493), simple or complex
// (Shared Signals Framework 1.0 section 3), as far as it names what a revocation can name. An
// issuer has no say in another's subjects: an identifier that names a foreign issuer is refused,
// unless it is one of several aliases, of which another is ours.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/jose/json.h"
#include "core/revocation/entry.h"
#include "core/revocation/signed_item.h"

namespace latchkey::revocation {

// Borrows from the payload and from the list of issuers.
struct EventName {
  std::string_view issuer;
  EntryKind kind = EntryKind::subject;  // subject, session, token
  std::string_view value;               // the id; or an address, number, URI where `format` says so
  std::string_view format;              // of one that no entry can name ("email"), else empty
};

struct EventSubject {
  std::vector<EventName> users;          // people, and tokens of theirs
  std::vector<EventName> sessions;       // of them
  std::optional<ItemError> passed_over;  // of these, what was not as it has to be, the first
  bool combined = false;                 // what is meant is the session of the user, not both

  bool empty() const { return users.empty() && sessions.empty(); }
};

// `issuers`: those that the event may speak of, at least one; an id without an issuer is the
// first one's. `identifier` may be any JSON value that was signed. A complex subject that names no
// user and no session (a device, a tenant, a group) gives nothing. claim, subject, bounds.
ItemResult<EventSubject> read_event_subject(const jose::JsonValue& identifier,
                                            std::span<const std::string> issuers);

namespace event_limits {
inline constexpr std::size_t kAliases = 16;
}  // namespace event_limits

}  // namespace latchkey::revocation
