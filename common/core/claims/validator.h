// SPDX-License-Identifier: Apache-2.0
//
// Station 7 of the straight way: from claims that the issuer's key signed to claims that its
// section of the configuration accepts (RFC 7519 section 4.1, RFC 9068 section 4, OpenID Connect
// Core section 3.1.3.7). Refusal is the default: what is not configured is not accepted, and a
// claim that is there but unreadable is never taken for absent.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/error.h"
#include "core/base/time.h"
#include "core/claims/claims_policy.h"
#include "core/claims/introspection_answer.h"
#include "core/claims/validated_claims.h"
#include "core/jose/signature.h"

namespace latchkey::claims {

// The checks in their order.
enum class Step : std::uint8_t { type, audience, lifetime, claims };

// The first check that failed; those before it passed.
struct Refusal {
  Step step;
  Error error;
};

// `issuer` is the configured `iss` by which the policy was found, `token_digest` the lower-case hex
// SHA-256 of the token. Reasons: type_wrong; audience_wrong, claim_missing, claim_invalid
// (audience); those of check_lifetime(); claim_missing, claim_invalid, claim_wrong, client_wrong,
// email_unverified, name_unusable.
tl::expected<ValidatedClaims, Refusal> validate(const jose::VerifiedJws& jws,
                                                std::string_view issuer, const ClaimsPolicy& policy,
                                                std::string_view token_digest, WallTime now);

// The same for an opaque token that its issuer calls active. `iss` may be absent, because the
// configuration says who was asked; `exp` may not: a token without an end would live for ever. The
// claims have no key id.
tl::expected<ValidatedClaims, Refusal> validate(const ActiveAnswer& answer, std::string_view issuer,
                                                const ClaimsPolicy& policy,
                                                std::string_view token_digest, WallTime now);

// What such an answer says besides about a token that was signed and has passed validate(): the
// members that are there meet the policy as the token's own did, and what is absent says nothing.
// Its dates and what names the token are for read_answered_token().
std::optional<Refusal> refuse_beside(const ActiveAnswer& answer, const ClaimsPolicy& policy,
                                     WallTime now);

}  // namespace latchkey::claims
