// SPDX-License-Identifier: Apache-2.0
//
// The one table from what a call came to, to the code that PAM gets (docs/PROTOCOL.md "Verdicts").
// No other code is ever returned: in account, PAM_NEW_AUTHTOK_REQD and PAM_AUTHTOK_ERR open sudo's
// NOPASSWD on Debian.
#pragma once

#include <cstdint>

#include "wire/protocol.h"

namespace latchkey::pam_module {

enum class Outcome : std::uint8_t {
  allow,
  refused,
  user_unknown,
  unavailable,  // no verdict: no daemon, no keys, deadline
  not_managed,
  exempt,        // option exempt=
  broken,        // bad option, broken frame, an impossible request
  conversation,  // the application could not carry the conversation
};

// What a verdict of the daemon is in this call. A failed conversation is none where nothing may be
// asked.
Outcome outcome_of(wire::Result result, wire::Operation operation) noexcept;

int pam_code(Outcome outcome, wire::Operation operation) noexcept;

}  // namespace latchkey::pam_module
