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

namespace latchkey {

// Whether the token, any bytes, may be an opaque one where nothing but the service says so. It must
// not be a signed or encrypted one, whole, damaged or cut: that is some issuer's, and good there.
// So it is a bearer token by its bytes (RFC 6750 section 2.1; JSON, quotes and most passwords are
// none) with one dot at most, and neither side of that begins like a JSON object in base64url.
bool may_be_opaque(std::string_view token);

// Index of the issuer whose opaque token this is. An issuer that has prefixes takes what begins
// with one of them, whatever it looks like; one that has services only takes what
// may_be_opaque(). Nothing: it is none, and stands or falls by its signature. `service` is empty
// where nobody says to which it is shown.
std::optional<std::size_t> opaque_issuer(std::string_view token, std::string_view service,
                                         const config::Config& config);

// Whether it can be an access token at all (RFC 6749 appendix A.12) and is long enough not to be
// guessed, so that nobody is asked about what was typed by mistake: token_malformed.
Expected<void> check_opaque_form(std::string_view token);

}  // namespace latchkey
