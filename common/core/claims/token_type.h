// SPDX-License-Identifier: Apache-2.0
//
// What kind of token it is (RFC 8725 sections 3.11 and 3.12): the issuer's key signs tokens of many
// kinds, and a logout token or an ID token must not pass for an access token.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/error.h"
#include "core/claims/claims_policy.h"
#include "core/jose/json.h"

namespace latchkey::claims {

// Types that are never accepted, whatever the configuration says: they are made for other receivers
// (logout, DPoP, security events, federation, …). `typ` in any case, with or without
// "application/".
bool never_accepted_type(std::string_view typ);

// The same of the payload's own `typ` (Keycloak's refresh tokens and the like).
bool never_accepted_payload_type(std::string_view typ);

// type_wrong where header `typ`, the payload's own `typ` (Keycloak), the marks of other kinds of
// token or a proof of possession that nobody checks here (RFC 7800) say that this token is not one
// of `policy.kinds`. Gives the kind where the token shows it, nothing where it could be either.
Expected<std::optional<TokenKind>> check_type(std::optional<std::string_view> typ,
                                              const jose::JsonValue& payload,
                                              const ClaimsPolicy& policy);

// Whether an introspection answer has to say of which type the token is.
enum class TokenTypeMember : std::uint8_t { optional, required };

// The answer says that whoever holds the token may use it: `token_type` is Bearer (RFC 7662 section
// 2.2, RFC 6749 section 7.1), and it is bound to no key (`cnf`). type_wrong.
Expected<void> check_bearer(const jose::JsonValue& answer, TokenTypeMember member);

// The same as check_type() for an opaque token, which has no header: what the answer says of it.
Expected<void> check_opaque_type(const jose::JsonValue& answer, const ClaimsPolicy& policy);

}  // namespace latchkey::claims
