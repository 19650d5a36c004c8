// SPDX-License-Identifier: Apache-2.0
//
// Which issuer is asked about a token that nobody here can read. The configuration says so, by the
// token's prefix and the service that it is shown to; nothing in the token chooses.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "core/base/error.h"
#include "core/config/config.h"
#include "core/jose/scratch.h"

namespace latchkey {

// Whether the token, any bytes, has a first part that is a JSON object in base64url and a dot
// behind it: a signed or encrypted token, whole, damaged or cut.
bool looks_signed(std::string_view token, jose::Scratch& scratch);

// Index of the issuer whose opaque token this is. An issuer that has prefixes takes what begins
// with one of them, whatever it looks like; one that has services only takes what does not look
// signed. Nothing: it is none, and stands or falls by its signature. `service` is empty where
// nobody says to which it is shown.
std::optional<std::size_t> opaque_issuer(std::string_view token, std::string_view service,
                                         const config::Config& config, jose::Scratch& scratch);

// Whether it can be an access token at all (RFC 6749 appendix A.12) and is long enough not to be
// guessed, so that nobody is asked about what was typed by mistake: token_malformed.
Expected<void> check_opaque_form(std::string_view token);

}  // namespace latchkey
