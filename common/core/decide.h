// SPDX-License-Identifier: Apache-2.0
//
// The straight way of a token (DESIGN section 4): stations 3 to 11 as two functions and their
// composition. Nothing here touches the world: `now` is handed in, and data that is lacking is
// named, never fetched.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "core/claims/validated_claims.h"
#include "core/decision.h"
#include "core/introspection.h"
#include "core/jose/algorithm.h"
#include "core/jose/scratch.h"
#include "core/jose/token_digest.h"
#include "core/request.h"
#include "core/snapshot.h"

namespace latchkey {

// The decision needs a newer key set of this issuer than the snapshot has: none, stale, or without
// the token's key. Where the service cannot satisfy it, `error` is the answer.
struct NeedKeys {
  std::size_t issuer = 0;  // index into config->issuers
  Decision otherwise;  // what to answer where no newer set can be had (key_unknown, keys_missing,
                       // keys_stale)
};

// The decision needs to know what the issuer says of the token.
struct NeedIntrospection {
  std::size_t issuer = 0;  // index into config->issuers
  bool opaque = false;     // nothing is known of the token before the answer
  Decision otherwise;      // what to answer where it cannot be asked
};

// What verify() found besides the claims: enough to remember the token.
struct Verified {
  claims::ValidatedClaims claims;
  std::size_t issuer = 0;                    // index into config->issuers
  std::uint64_t generation = 0;              // of the key set that verified it
  std::optional<jose::Algorithm> algorithm;  // by which the key verified it; nothing: symmetric, or
                                             // an opaque token
  std::string config_digest;                 // of the issuer's section of the configuration then
};

struct VerifyFailure {
  Decision decision;                     // reason, detail, trace
  std::optional<std::size_t> need_keys;  // issuer whose newer key set could change the answer
};

// Stations 3 to 7: bytes from anybody -> claims whose signature and policy hold at `now`. `trace`
// records each check. The token may be any bytes up to limits::kTokenBytes (longer:
// token_too_long). O(size) work before the signature. Nothing of the token is left in the scratch
// that would make it whole again.
tl::expected<Verified, VerifyFailure> verify(std::string_view token, const Snapshot& snapshot,
                                             WallTime now, jose::Scratch& scratch, Trace& trace);

// The same for a caller that knows the token's digest already, because it looked for the token
// among the remembered.
tl::expected<Verified, VerifyFailure> verify(std::string_view token,
                                             const jose::TokenDigest& digest,
                                             const Snapshot& snapshot, WallTime now,
                                             jose::Scratch& scratch, Trace& trace);

// The same stations for an opaque token, of which its issuer gave word: `issuer` is what
// opaque_issuer() said. token_inactive, introspection_unavailable, and the reasons of
// claims::validate().
tl::expected<Verified, VerifyFailure> accept_opaque(const Introspected& answer, std::size_t issuer,
                                                    const Snapshot& snapshot, WallTime now,
                                                    Trace& trace);

// Runs anew what time and the key set may have changed for a token that verify() accepted before:
// expiry, not-before, age, and that the issuer is still configured the same way and still holds its
// key. Where it fails, the token is forgotten and verified from the start: that gives the answer
// and its reason, this one only says that it may differ.
tl::expected<void, Error> recheck(const Verified& verified, const Snapshot& snapshot, WallTime now,
                                  Trace& trace);

// Stations 8 to 11 for a token that was just verified; `issuer` is its index into config->issuers.
// In this order, the first failure wins:
//
// - revocation of the token, its subject, and the user that it names: revoked_token,
//   revoked_subject, revoked_user;
// - the token's status list, where it refers to one: status_list_unknown, status_unknown,
//   status_revoked, status_suspended; Decision::status_list where a list could change the answer;
// - introspection, where the issuer's section wants it or the token is opaque: what
//   check_introspection() says. `introspected` is the issuer's answer about this very token; null
//   where nobody was asked;
// - name: the token names PAM_USER. Before anything about the account, so that a token learns
//   nothing about a name that is not its own: name_unusable, user_mismatch;
// - managed, or opened by a rule that names the user under `users`: not_managed;
// - account: it exists, or can be made where `accounts.make` says so (then Decision::names_change
//   asks for it): user_unknown, account_conflict; of those that were made here, it is not closed:
//   account_locked, account_changed; with a uid below 1000 (or nobody) only where a rule for this
//   service names it: system_account;
// - binding: to this subject, or to none yet (then Decision::binding asks for one):
//   subject_conflict;
// - access: access_denied, acr_insufficient, authentication_too_old, system_account.
//
// A shared account (`access[].accounts`) is named by no token: a rule grants it (user_mismatch,
// acr_insufficient, authentication_too_old). Then each name that counts as the person's
// (own_names.h) is asked for: one that is another's, or a subject that is called otherwise than it
// was bound (subject_conflict); one that is revoked, or the account (revoked_user); user_unknown.
// It binds nothing.
Decision judge(const claims::ValidatedClaims& claims, std::size_t issuer,
               const LoginRequest& request, const Snapshot& snapshot, WallTime now, Trace trace,
               const Introspected* introspected = nullptr);

// The session that a login opened, as the module told it at open_session.
struct LoginPlace {
  std::int32_t pid = 0;  // of the host process: sshd's monitor, sudo
  std::string tty;       // PAM_TTY; sshd has none then, and says "ssh"
  std::string session;   // XDG_SESSION_ID; empty where there is no logind
  WallTime opened_at{};
};

// What the service remembers of a login that it allowed (id, who, from which token).
struct Login {
  std::string id;  // 32 hex digits
  std::string service;
  std::string user;  // the person: PAM_USER at authenticate (sudo: the invoking user)
  claims::ClaimsRecord claims;
  WallTime started_at{};
  std::string rule = {};                 // the access rule that let it in
  std::string rhost = {};                // PAM_RHOST
  std::optional<LoginPlace> place = {};  // none before open_session
};

// The claims with which a name last signed in.
struct LastSeen {
  claims::ClaimsRecord claims;
  WallTime seen_at{};
};

// account, setcred, open_session and close_session. `login` and `last_seen` are what the service
// knows under request.login and the person's name; either may be null. Nothing prompts here.
//
// With a login: request.login is heeded only together with the person and the service that it was
// given to. The login's claims are judged as a token's are (revocation, name, account, binding),
// with these differences: the call is ours even where the name is unmanaged; a binding that was
// removed since is no failure; the token's lifetime counts in account alone, and there only when
// authenticate is more than five minutes past (token_expired, token_too_old), because account
// follows it at once and a session outlives its token. Access rules are asked in account alone:
// setcred never decides access.
//
// Without one (public key, sudo's timestamp, NOPASSWD, cron, or an id that is not heeded, which the
// trace shows as a failed check: DESIGN section 5): not_managed, revoked_user, binding_missing,
// claims_too_old (the last sign-in is older than `max_claims_age`, or was by another subject than
// the bound one), issuer_unknown; then the claims of the last sign-in as above, their expiry aside.
// A shared account refuses with live_login_required, but for PAM_DELETE_CRED, which opens nothing.
// A rule with `acr`, `amr` or `max_auth_age` refuses with live_login_required.
//
// In sudo's setcred and session calls the person is PAM_RUSER, the target is not judged, and the
// identity has no groups, because the process is the target's. A close is judged like an open; that
// it goes on all the same is for the caller.
Decision judge_later_call(const LoginRequest& request, const Login* login,
                          const LastSeen* last_seen, const Snapshot& snapshot, WallTime now);

// The name of the person of a request: PAM_RUSER for the configured sudo services in setcred and
// session calls (there PAM_USER is the target), else PAM_USER.
std::string_view person(const LoginRequest& request, const config::Config& config);

// Whether the name is ours to judge (DESIGN section 5 "Managed"): it is under `managed`, has a
// binding, is a shared account that a rule of this host grants, or is a regular local user where
// `managed` is not set; never where it is under `unmanaged`. A name that no local file has and an
// account was made for, or would be, is ours whatever those say. Any bytes.
bool managed(std::string_view name, const Snapshot& snapshot);

// verify, then judge: for callers without a memory of verified tokens (tests, tools).
// `introspected` answers the need for it, if there was one.
std::variant<Decision, NeedKeys, NeedIntrospection> decide(
    std::string_view token, const LoginRequest& request, const Snapshot& snapshot, WallTime now,
    jose::Scratch& scratch, const Introspected* introspected = nullptr);

}  // namespace latchkey
