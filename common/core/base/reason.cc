// SPDX-License-Identifier: Apache-2.0
#include "core/base/reason.h"

#include <algorithm>
#include <array>

namespace latchkey {
namespace {

using enum ReasonLevel;
using K = ReasonClass;

constexpr std::string_view kTokenUnusable = "The token was not accepted";

// NOLINTBEGIN(cppcoreguidelines-macro-usage,bugprone-macro-parentheses): a code and its spelling.
// clang-format off
constexpr auto kRows = std::to_array<ReasonRow>({
#define R(code) Reason::code, #code
  {R(allowed), K::allowed, info, "every check passed", "Welcome", "-"},
  {R(not_managed), K::not_managed, info, "the name is not managed by Latchkey, so the rest of the PAM stack decides (keys 'managed' and 'unmanaged')", "This account does not sign in with a token", "-"},
  {R(token_missing), K::refused, notice, "the user gave an empty answer or none", "No token was given", "-"},
  {R(token_malformed), K::refused, notice, "the answer is no compact JWS with valid base64url and JSON", kTokenUnusable, "RFC 7515 section 5.2"},
  {R(token_too_long), K::refused, notice, "the token is longer than 65536 bytes", "The token is too long", "-"},
  {R(token_cut), K::refused, warning, "the answer is exactly 1023 bytes long and fails to verify: a stock ssh client cuts longer answers there; use 'latchkey ssh'", "The ssh client cut the token after 1023 bytes; use 'latchkey ssh'", "-"},
  {R(token_parts_invalid), K::refused, notice, "the parts of the token do not fit together (number, order, size or digest)", "The parts of the token do not fit together", "-"},
  {R(token_encrypted), K::refused, notice, "the token is encrypted (JWE), and no decryption key is configured", kTokenUnusable, "RFC 7516 section 9"},
  {R(header_unsupported), K::refused, notice, "the header asks for something that this verifier does not do (crit, b64, zip, nested token)", kTokenUnusable, "RFC 7515 section 4.1.11"},
  {R(algorithm_unsupported), K::refused, warning, "the header names an algorithm that is never accepted ('none', unknown, or HMAC for an issuer without a symmetric key)", kTokenUnusable, "RFC 8725 section 3.1"},
  {R(algorithm_not_allowed), K::refused, notice, "the algorithm is not in the issuer's 'algorithms'", kTokenUnusable, "RFC 8725 section 3.1"},
  {R(issuer_unknown), K::refused, notice, "no configured issuer equals the token's 'iss' byte for byte", "The token is from an issuer that this host does not know", "RFC 8725 section 3.8"},
  {R(keys_missing), K::unavailable, error, "no key set of this issuer has been fetched yet; see 'latchkeyctl status'", "The identity provider's keys are not available, try again later", "-"},
  {R(keys_stale), K::unavailable, error, "the last good key set of this issuer is older than its 'max_stale'; see 'latchkeyctl status'", "The identity provider's keys are too old, try again later", "-"},
  {R(key_unknown), K::refused, notice, "the issuer's current key set has no key with the token's 'kid', or none at all for a token without one", kTokenUnusable, "RFC 7515 section 4.1.4"},
  {R(key_ambiguous), K::refused, notice, "the token names no key and more than one key of the issuer fits", kTokenUnusable, "RFC 7515 section 6"},
  {R(key_unfit), K::refused, warning, "the key that the token names may not verify the algorithm that its header names", kTokenUnusable, "RFC 8725 section 3.1"},
  {R(signature_invalid), K::refused, warning, "the signature does not verify with the issuer's key", kTokenUnusable, "RFC 7515 section 5.2"},
  {R(token_for_microsoft_graph), K::refused, notice, "the header has a 'nonce', as tokens for Microsoft Graph have: nobody but Graph can verify them; ask Entra for a token for an API of your own", "The token is meant for Microsoft Graph", "-"},
  {R(claim_missing), K::refused, notice, "a claim, or a header member, that this verifier or the configuration needs is absent", kTokenUnusable, "RFC 7519 section 4"},
  {R(claim_invalid), K::refused, notice, "a claim has the wrong type or an impossible value", kTokenUnusable, "RFC 7519 section 4"},
  {R(claim_wrong), K::refused, notice, "a claim, or a header member, that the configuration requires has another value", kTokenUnusable, "RFC 7519 section 4"},
  {R(token_expired), K::refused, info, "'exp' has passed, the leeway included", "The token has expired, get a new one", "RFC 7519 section 4.1.4"},
  {R(token_not_yet_valid), K::refused, notice, "'nbf' or 'iat' lies in the future, the leeway included: compare the clocks of host and issuer", "The token is not valid yet", "RFC 7519 section 4.1.5"},
  {R(token_too_old), K::refused, info, "the token was issued longer ago than 'max_token_age' allows", "The token is too old, get a new one", "RFC 7519 section 4.1.6"},
  {R(token_lives_too_long), K::refused, notice, "the token lives longer than 'max_token_lifetime' allows (where that is not set: 'max_token_age'): shorten it at the provider", kTokenUnusable, "RFC 7519 section 4.1.4"},
  {R(audience_wrong), K::refused, notice, "none of the configured 'audiences' is in 'aud'", "The token is meant for something else", "RFC 7519 section 4.1.3"},
  {R(type_wrong), K::refused, notice, "the token is of a kind that is not taken: its 'typ' is not among the configured ones, or it is an ID token, a security event or bound to a key ('cnf') where that is not meant", "This kind of token is not accepted here", "RFC 8725 section 3.11"},
  {R(client_wrong), K::refused, notice, "the token was issued to a client that is not configured", "The token was issued to another client", "OpenID Connect Core section 3.1.3.7"},
  {R(email_unverified), K::refused, notice, "an e-mail claim is used, and the provider does not say that it is verified", "The e-mail address in the token is not verified", "OpenID Connect Core section 5.1"},
  {R(token_inactive), K::refused, notice, "the issuer's introspection endpoint says that the token is not active: it was revoked, has expired, or is none of this issuer's", "The token is not valid any more, get a new one", "RFC 7662 section 2.2"},
  {R(introspection_unavailable), K::unavailable, error, "the issuer must be asked about the token, and no good answer came from its introspection endpoint, or it could not be asked; see 'latchkeyctl status'", "The identity provider cannot be asked about the token, try again later", "RFC 7662 section 2.3"},
  {R(introspection_answer_invalid), K::unavailable, error, "the introspection endpoint's answer is none about this token: not of its form, not signed as configured, or about another token", "The identity provider's answer about the token cannot be used", "RFC 7662 section 2.2"},
  {R(revoked_token), K::refused, warning, "this token was revoked", "The token has been revoked", "-"},
  {R(revoked_session), K::refused, warning, "the provider session that this token belongs to was revoked", "The session has been revoked, sign in again", "-"},
  {R(revoked_key), K::refused, warning, "the key that signed this token was revoked, and all of its tokens with it", "The token has been revoked", "-"},
  {R(revoked_subject), K::refused, warning, "the tokens of this subject were revoked", "Access has been revoked", "-"},
  {R(revoked_user), K::refused, warning, "this local user was revoked", "Access has been revoked", "-"},
  {R(revocation_unknown), K::unavailable, warning, "a source of revocations that this service needs ('stale_refuses', 'absent_refuses') is older than its max_age, or nothing of it was ever accepted; see 'latchkeyctl status'", "Try again later", "docs/REVOCATION-LIST.md section 5"},
  {R(status_invalid), K::refused, warning, "the token's 'status' is no reference to a status list: not of its form, without an index, or with another URI than an https one", kTokenUnusable, "draft-ietf-oauth-status-list section 6.2"},
  {R(status_unsupported), K::refused, warning, "the token's 'status' names only mechanisms that this verifier does not know, or there is none where 'token_status: require' wants a status list; see 'token_status' of the issuer", kTokenUnusable, "draft-ietf-oauth-status-list section 6.1"},
  {R(status_list_unknown), K::refused, warning, "the token refers to a status list that no section under 'revocation.status_lists' takes for this issuer: nobody asks at a place that the configuration does not name", kTokenUnusable, "draft-ietf-oauth-status-list section 11.3"},
  {R(status_unknown), K::unavailable, warning, "the status list that the token refers to is not at hand, has outlived its 'ttl', 'exp', 'max_age' or 'max_signed_age', was signed with a key that is gone or revoked, or has no such index; see 'latchkeyctl status'", "Try again later", "draft-ietf-oauth-status-list section 8.3"},
  {R(status_revoked), K::refused, warning, "the token's status list says that it is not valid", "The token has been revoked", "draft-ietf-oauth-status-list section 7.1"},
  {R(status_suspended), K::refused, warning, "the token's status list says that it is suspended for the time being", "The token is suspended for the time being", "draft-ietf-oauth-status-list section 7.1"},
  {R(name_unusable), K::refused, notice, "the claim that names the user holds no usable local name", "The token names no usable account", "RFC 8725 section 3.10"},
  {R(groups_elsewhere), K::refused, warning, "the token names the person's groups by reference, not by value ('_claim_names', 'hasgroups': a provider's group overage): have it send fewer, such as those assigned to the application, or app roles", "Your token does not carry your groups", "OIDC Core section 5.6.2"},
  {R(user_mismatch), K::refused, notice, "the token is good, but not for the local user that was asked for", "The token is not for this account", "-"},
  {R(user_unknown), K::user_unknown, notice, "this host has no local user of that name", "The token is not for this account", "-"},
  {R(account_conflict), K::refused, warning, "no account can be made for the name: it is reserved, or its name or computed id is another's on this host; see docs/ACCOUNTS.md", "No account could be made for you", "-"},
  {R(account_locked), K::refused, notice, "the account is locked: by an administrator, because nobody signed in for 'accounts.lock_unseen_after', or because its name or subject was revoked; 'latchkeyctl accounts' shows and unlocks it", "Your account is locked", "-"},
  {R(account_changed), K::refused, notice, "the account came with another id than the one that the name had on this host until then, and a session of sshd may still have that one: sign-ins wait for ten minutes", "Your account has just been moved here; wait ten minutes", "-"},
  {R(system_account), K::refused, warning, "the account has a uid below 1000 (or is nobody), and no access rule names it under 'users'", "The token is not for this account", "-"},
  {R(subject_conflict), K::refused, warning, "the name is bound to another subject of an issuer; if the person changed, remove the binding", "The token is not for this account", "-"},
  {R(access_denied), K::refused, notice, "no access rule allows this identity to use this service, or one denies it", "You are not allowed to use this service", "-"},
  {R(acr_insufficient), K::refused, notice, "the rule that would allow it asks for a stronger authentication ('acr', 'amr') than the token has", "A stronger sign-in at the identity provider is needed", "OpenID Connect Core section 2"},
  {R(authentication_too_old), K::refused, notice, "the rule that would allow it asks for a more recent authentication ('max_auth_age')", "Sign in again at the identity provider", "OpenID Connect Core section 2"},
  {R(live_login_required), K::refused, notice, "the rule that would allow it needs a live token login ('acr', 'amr' or 'max_auth_age'), and this call has none", "Sign in with a token", "-"},
  {R(binding_missing), K::refused, notice, "the name has never signed in with a token on this host; list it under 'unmanaged' or let the user sign in once", "Sign in with a token once", "-"},
  {R(claims_too_old), K::refused, notice, "the last token sign-in of this name is longer ago than 'max_claims_age'", "Sign in with a token again", "-"},
  {R(request_invalid), K::refused, warning, "the module sent a frame that the protocol does not allow", "The request could not be read", "-"},
  {R(conversation_failed), K::refused, info, "the application could not carry the conversation (no terminal, client gone, or no prompt allowed)", "The conversation ended", "-"},
  {R(conversation_timeout), K::unavailable, notice, "the conversation was not finished in time", "It took too long", "-"},
  {R(budget_exhausted), K::unavailable, warning, "this source used up its budget of verifications", "Too many attempts, wait a little", "-"},
  {R(state_unavailable), K::unavailable, error, "the state store could not record the login; see the journal", "Try again later", "-"},
  {R(internal_error), K::unavailable, error, "a check could not be carried out; see the journal", "Try again later", "-"},
#undef R
});
// clang-format on

constexpr bool in_order() {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (static_cast<std::size_t>(kRows[i].reason) != i) return false;
  }
  return true;
}
#define LATCHKEY_ROW(code) +1
static_assert(kRows.size() == 0 LATCHKEY_REASONS(LATCHKEY_ROW), "a reason has no row");
#undef LATCHKEY_ROW
// NOLINTEND(cppcoreguidelines-macro-usage,bugprone-macro-parentheses)
static_assert(in_order(), "the rows stand in the order of the enumerators");

}  // namespace

std::string_view name(ReasonClass kind) {
  constexpr std::array<std::string_view, 5> kNames = {"allowed", "refused", "user_unknown",
                                                      "unavailable", "not_managed"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::span<const ReasonRow> reasons() { return kRows; }

const ReasonRow& row(Reason reason) { return kRows[static_cast<std::size_t>(reason)]; }

std::optional<Reason> find_reason(std::string_view code) {
  const auto* it = std::find_if(kRows.begin(), kRows.end(),
                                [&](const ReasonRow& candidate) { return candidate.code == code; });
  if (it == kRows.end()) return std::nullopt;
  return it->reason;
}

}  // namespace latchkey
