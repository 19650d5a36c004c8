// SPDX-License-Identifier: Apache-2.0
#include "core/claims/token_type.h"

#include <algorithm>
#include <array>

#include "core/base/mutation.h"
#include "core/base/text.h"
#include "core/jose/media_type.h"

namespace latchkey::claims {
namespace {

using jose::is_media_type;

constexpr auto kNever = std::to_array<std::string_view>({
    "logout+jwt",            // OpenID Connect Back-Channel Logout 1.0 section 2.4
    "dpop+jwt",              // RFC 9449 section 4.2
    "secevent+jwt",          // RFC 8417 section 2.3
    "entity-statement+jwt",  // OpenID Federation 1.0
    "trust-mark+jwt",
    "resolve-response+jwt",
    "token-introspection+jwt",    // RFC 9701
    "oauth-authz-req+jwt",        // RFC 9101
    "client-authentication+jwt",  // client assertions, RFC 7523 and its update
    "statuslist+jwt",             // Token Status List
    "latchkey-revocations+jwt",   // docs/REVOCATION-LIST.md
    "kb+jwt",                     // SD-JWT key binding
    "openid4vci-proof+jwt",
    "jose",  // RFC 7515 section 4.1.9: any JWS or JWE, so it does not say that it is a JWT
    "jose+json",
});

// What Keycloak writes into the payload's `typ`; its header says JWT for all of them.
constexpr std::string_view kBearer = "bearer";
constexpr std::string_view kId = "id";
constexpr auto kNeverInPayload =
    std::to_array<std::string_view>({"refresh", "offline", "logout", "serialized-id", "dpop"});

std::optional<std::string_view> payload_typ(const jose::JsonValue& payload) {
  const auto typ = payload.find("typ");
  return typ ? typ->as_string() : std::nullopt;
}

bool header_typ_allowed(std::optional<std::string_view> typ, const ClaimsPolicy& policy) {
  return std::any_of(policy.typ.begin(), policy.typ.end(), [&](const std::string& allowed) {
    // The word "none" of the configuration means an absent member, never a member that says "none".
    return allowed == "none" ? !typ : typ && is_media_type(*typ, allowed);
  });
}

Expected<void> check_payload_type(const jose::JsonValue& payload, const ClaimsPolicy& policy) {
  const auto typ = payload_typ(payload);
  if (LATCHKEY_FAILS(type_payload, typ && never_accepted_payload_type(*typ)))
    return fail(Reason::type_wrong, "payload 'typ' " + quoted(*typ));
  if (policy.payload_typ.empty()) return {};
  if (LATCHKEY_FAILS(type_payload_absent, !typ))
    return fail(Reason::type_wrong, "the payload's 'typ' is absent or no string");
  if (LATCHKEY_FAILS(
          type_payload_other,
          std::find(policy.payload_typ.begin(), policy.payload_typ.end(),
                    LATCHKEY_CHECKED(typ, policy.payload_typ.front())) == policy.payload_typ.end()))
    return fail(Reason::type_wrong, "payload 'typ' " + quoted(*typ));
  return {};
}

std::optional<TokenKind> shown_kind(std::optional<std::string_view> typ,
                                    const jose::JsonValue& payload) {
  if (typ && is_media_type(*typ, "at+jwt")) return TokenKind::access;  // RFC 9068 section 2.1
  if (const auto keycloak = payload_typ(payload)) {
    if (is_media_type(*keycloak, kBearer)) return TokenKind::access;
    if (is_media_type(*keycloak, kId)) return TokenKind::id;
  }
  // Hashes of what was issued together with an ID token: OpenID Connect Core sections 3.1.3.6
  // and 3.3.2.11; `s_hash`: FAPI 1.0 part 2 section 5.1.
  for (const std::string_view mark : {"at_hash", "c_hash", "s_hash"}) {
    if (payload.find(mark)) return TokenKind::id;
  }
  return std::nullopt;
}

}  // namespace

bool never_accepted_type(std::string_view typ) {
  return std::any_of(kNever.begin(), kNever.end(),
                     [&](std::string_view never) { return is_media_type(typ, never); });
}

bool never_accepted_payload_type(std::string_view typ) {
  return std::any_of(kNeverInPayload.begin(), kNeverInPayload.end(),
                     [&](std::string_view never) { return is_media_type(typ, never); });
}

Expected<void> check_bearer(const jose::JsonValue& answer, TokenTypeMember member) {
  if (LATCHKEY_FAILS(answer_confirmation, answer.find("cnf")))
    return fail(Reason::type_wrong, "it is bound to a key that nobody shows here ('cnf')");
  const auto token_type = answer.find("token_type");
  // An endpoint answers for refresh tokens as well; only this member tells them apart.
  if (LATCHKEY_FAILS(answer_token_type_absent,
                     !token_type && member == TokenTypeMember::required)) {
    return fail(Reason::type_wrong,
                "the answer has no 'token_type', so it may be about a refresh token");
  }
  const auto type = token_type ? token_type->as_string() : std::nullopt;
  if (LATCHKEY_FAILS(answer_token_type, token_type && (!type || !is_media_type(*type, kBearer))))
    return fail(Reason::type_wrong, "the answer's 'token_type' is not Bearer");
  return {};
}

Expected<void> check_opaque_type(const jose::JsonValue& answer, const ClaimsPolicy& policy) {
  LATCHKEY_TRY_VOID(check_bearer(answer, TokenTypeMember::required));
  if (LATCHKEY_FAILS(type_events_answered, answer.find("events")))
    return fail(Reason::type_wrong, "it is a security event or logout token ('events')");
  LATCHKEY_TRY_VOID(check_payload_type(answer, policy));
  const bool access =
      std::find(policy.kinds.begin(), policy.kinds.end(), TokenKind::access) != policy.kinds.end();
  if (LATCHKEY_FAILS(type_kind_answered, !access))
    return fail(Reason::type_wrong, "it is an access token");
  return {};
}

Expected<std::optional<TokenKind>> check_type(std::optional<std::string_view> typ,
                                              const jose::JsonValue& payload,
                                              const ClaimsPolicy& policy) {
  if (LATCHKEY_FAILS(type_never, typ && never_accepted_type(*typ)) ||
      LATCHKEY_FAILS(type_header, !header_typ_allowed(typ, policy))) {
    return fail(Reason::type_wrong,
                typ ? "header 'typ' " + quoted(*typ) : "the header has no 'typ'");
  }
  // RFC 8417 section 2.2: whatever has `events` is a security event or a logout token, with or without a `typ`.
  if (LATCHKEY_FAILS(type_events, payload.find("events")))
    return fail(Reason::type_wrong, "it is a security event or logout token ('events')");
  if (LATCHKEY_FAILS(type_confirmation, payload.find("cnf")))
    return fail(Reason::type_wrong, "it is bound to a key that nobody shows here ('cnf')");
  LATCHKEY_TRY_VOID(check_payload_type(payload, policy));
  const auto kind = shown_kind(typ, payload);
  const auto allowed = [&](TokenKind wanted) {
    return std::find(policy.kinds.begin(), policy.kinds.end(), wanted) != policy.kinds.end();
  };
  if (LATCHKEY_FAILS(type_kind, kind ? !allowed(*kind) : policy.kinds.empty())) {
    return fail(Reason::type_wrong,
                kind == TokenKind::id ? "it is an ID token" : "it is an access token");
  }
  return kind;
}

}  // namespace latchkey::claims
