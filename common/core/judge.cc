// SPDX-License-Identifier: Apache-2.0
//
// Stations 8 to 11: what the claims of a verified token, of a live login or of the last sign-in
// mean for this request. Each check leaves its outcome in the decision's trace; the first one that
// fails is the answer.
#include <algorithm>
#include <utility>

#include "core/accounts/mapping.h"
#include "core/base/mutation.h"
#include "core/base/text.h"
#include "core/decide.h"
#include "core/judge_steps.h"
#include "core/own_names.h"
#include "core/policy/access.h"

namespace latchkey {
namespace {

template <typename Text>
bool contains(const std::vector<std::string>& values, const Text& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

bool is_sudo(const LoginRequest& request, const config::Config& config) {
  return contains(config.sudo_services, request.service);
}

// A snapshot without one of its parts can answer nothing.
bool whole(const Snapshot& snapshot) {
  return !LATCHKEY_FAILS(snapshot_lacks_config, !snapshot.config) &&
         !LATCHKEY_FAILS(snapshot_lacks_revocations, !snapshot.revocations) &&
         !LATCHKEY_FAILS(snapshot_lacks_feeds,
                         snapshot.feeds.size() != snapshot.config->revocation.feed_count()) &&
         !LATCHKEY_FAILS(snapshot_lacks_statuses, !snapshot.statuses) &&
         !LATCHKEY_FAILS(snapshot_lacks_accounts, !snapshot.accounts) &&
         !LATCHKEY_FAILS(snapshot_lacks_bindings, !snapshot.bindings);
}

Decision refused(Reason reason, std::string detail, const Trace& trace) {
  Decision decision;
  decision.reason = reason;
  decision.detail = std::move(detail);
  decision.trace = trace;
  return decision;
}

}  // namespace

Decision Judge::finish(Expected<void> outcome) {
  if (outcome) {
    decision_.reason = Reason::allowed;
    add_detail(status_note_);
    add_detail(is_gate() ? revocation::describe_feeds(snapshot_.feeds, now_) : std::string());
    return std::move(decision_);
  }
  decision_.reason = outcome.error().reason;
  decision_.detail = std::move(outcome.error().detail);
  decision_.identity.reset();
  decision_.binding.reset();
  decision_.names_change.reset();
  decision_.valid_until = {};
  return std::move(decision_);
}

void Judge::remember(const claims::Claims& claims) {
  decision_.issuer = claims.issuer;
  decision_.subject = claims.subject;
  decision_.key_id = claims.key_id;
  decision_.valid_until = claims.expires_at;
}

Decision Judge::with_token(const claims::ValidatedClaims& claims, std::size_t issuer,
                           const Introspected* introspected) {
  introspected_ = introspected;
  Decision decision = finish(token_steps(claims, issuer));
  if (decision.allowed() && by_signature_alone())
    decision.detail += std::string(decision.detail.empty() ? "" : "; ") +
                       "the issuer could not be asked, so the signature decided alone";
  return decision;
}

Decision Judge::with_login(const Login& login, std::string_view who) {
  return finish(login_steps(login, who));
}

Decision Judge::with_last_seen(const LastSeen* last_seen, std::string_view who) {
  return finish(last_seen_steps(last_seen, who));
}

Expected<void> Judge::token_steps(const claims::ValidatedClaims& claims, std::size_t issuer) {
  remember(*claims);
  if (LATCHKEY_FAILS(judge_issuer_absent, issuer >= config().issuers.size()) ||
      LATCHKEY_FAILS(judge_issuer_other,
                     config().issuers[issuer].config.issuer != claims->issuer)) {
    return checked<void>(Check::issuer, fail(Reason::issuer_unknown, quoted(claims->issuer)));
  }
  return person_steps(claims, issuer, request_.user, Standing::token);
}

Expected<void> Judge::login_steps(const Login& login, std::string_view who) {
  const auto claims = claims::ValidatedClaims::recall(login.claims);
  remember(*claims);
  decision_.trace.pass(Check::managed);  // a live login of ours is ours to judge
  decision_.trace.pass(Check::login);
  LATCHKEY_TRY(const std::size_t issuer, checked(Check::issuer, configured_issuer(*claims)));
  if (request_.operation == Operation::account) {
    LATCHKEY_TRY_VOID(checked(Check::lifetime, check_lifetime(login, issuer)));
  }
  return person_steps(claims, issuer, who, Standing::login);
}

Expected<void> Judge::last_seen_steps(const LastSeen* last_seen, std::string_view who) {
  // First of all: a name that was revoked is shut out, whoever else would vouch for it.
  if (auto revoked = check_revoked(who); LATCHKEY_FAILS(revoked_last_seen, !revoked))
    return checked(Check::revocation, std::move(revoked));
  LATCHKEY_TRY_VOID(checked(Check::managed, check_managed(who)));
  if (LATCHKEY_FAILS(shared_untokened, config().shares(who))) return shared_untokened(who);
  const auto* bound = snapshot_.bindings->find(who);
  if (LATCHKEY_FAILS(unknown_last_seen,
                     bound == nullptr && snapshot_.accounts->find_user(who) == nullptr)) {
    return checked<void>(
        Check::account,
        fail(Reason::user_unknown,
             "user " + quoted(who) +
                 (config().accounts.make
                      ? " has no account on this host: the first sign-in needs a token"
                      : " is in no local file (LDAP and SSSD are not asked); list the name under "
                        "'unmanaged' to leave it to the rest of the stack")));
  }
  if (LATCHKEY_FAILS(binding_missing, bound == nullptr)) {
    return checked<void>(Check::binding, fail(Reason::binding_missing, "user " + quoted(who)));
  }
  LATCHKEY_TRY_VOID(checked(Check::claims_age, check_claims_age(last_seen, *bound)));
  const auto claims = claims::ValidatedClaims::recall(last_seen->claims);
  remember(*claims);
  LATCHKEY_TRY(const std::size_t issuer, checked(Check::issuer, configured_issuer(*claims)));
  return person_steps(claims, issuer, who, Standing::last_seen);
}

// Revocation, mapping, account, binding, access: the same for all standings.
Expected<void> Judge::person_steps(const claims::ValidatedClaims& claims, std::size_t issuer,
                                   std::string_view who, Standing standing) {
  const auto& section = config().issuers[issuer];
  LATCHKEY_TRY(
      const auto current,
      checked(Check::revocation, revocation::current(claims, who, *snapshot_.revocations)));
  LATCHKEY_TRY_VOID(checked(Check::revocation, check_feeds()));
  LATCHKEY_TRY_VOID(check_status(*claims));
  // A token that is shown stands on its issuer's word where the configuration wants that; later
  // calls stand on the login that it opened (docs/INTROSPECTION.md).
  if (standing == Standing::token) LATCHKEY_TRY_VOID(check_introspection(claims, section));
  if (LATCHKEY_FAILS(shared_account, config().shares(who)))
    return shared_steps(current, issuer, who);
  // The name comes before anything about the account: a token that is not for a name learns nothing
  // about it.
  LATCHKEY_TRY_VOID(checked(Check::name, accounts::check_name(*claims, who)));
  if (standing == Standing::token) {
    LATCHKEY_TRY_VOID(checked(Check::managed, check_managed(who)));
  }
  const bool is_new = standing == Standing::token && is_newcomer(who);
  LATCHKEY_TRY(auto identity,
               checked(Check::account, is_new ? newcomer(current, issuer, who)
                                              : accounts::identify(current, section.groups, who,
                                                                   *snapshot_.accounts)));
  LATCHKEY_TRY_VOID(checked(Check::account, check_system_account(identity)));
  LATCHKEY_TRY_VOID(checked(Check::account, check_open(who)));
  LATCHKEY_TRY_VOID(checked(Check::binding, check_binding(*claims, who, standing)));
  if (is_gate()) {
    LATCHKEY_TRY_VOID(checked(
        Check::access, check_access(current, identity, issuer, standing != Standing::last_seen)));
  } else if (is_sudo(request_, config())) {
    identity.drop_groups();  // the process that sudo prepares is the target's
  }
  if (standing == Standing::token) note_names(identity);
  decision_.identity = std::move(identity);
  return {};
}

// A shared account is granted by a rule. Until one does, the token is told what it is told of every
// name that is not its own, and nothing of who is bound or revoked.
Expected<void> Judge::shared_steps(const revocation::CurrentClaims& claims, std::size_t issuer,
                                   std::string_view account) {
  const OwnNames own = own_names(*claims, snapshot_);
  const std::string_view known = own.bound.empty() ? std::string_view() : own.bound.front();
  if (is_gate()) {
    const auto& map = config().issuers[issuer].groups;
    const auto who = accounts::person_of(claims, map, known, *snapshot_.accounts);
    auto granted = check_access(claims, who, issuer, true, {account, own.all, own.bound});
    if (!granted && granted.error().reason == Reason::access_denied) {
      const auto as_other = accounts::check_name(*claims, account);
      granted =
          fail(as_other ? Reason::user_mismatch : as_other.error().reason,
               quoted(account) + " is a shared account: " + std::move(granted).error().detail);
    }
    LATCHKEY_TRY_VOID(checked(Check::access, std::move(granted)));
  }
  decision_.trace.pass(Check::name);
  LATCHKEY_TRY_VOID(checked(Check::binding, check_own_names(own, *claims)));
  for (const std::string& name : own.all) {
    if (auto revoked = check_revoked(name); LATCHKEY_FAILS(revoked_own_name, !revoked))
      return checked(Check::revocation, std::move(revoked));
  }
  if (auto revoked = check_revoked(account); LATCHKEY_FAILS(shared_account_revoked, !revoked))
    return checked(Check::revocation, std::move(revoked));
  LATCHKEY_TRY_VOID(checked(Check::account, check_open(account)));
  for (const std::string& name : own.all)
    LATCHKEY_TRY_VOID(checked(Check::account, check_open(name)));
  LATCHKEY_TRY(auto identity,
               checked(Check::account, accounts::shared_account(account, *snapshot_.accounts)));
  add_detail("a shared account, for " +
             (!known.empty()
                  ? quoted(known)
                  : "somebody to whom no name is bound" +
                        (own.all.empty() ? std::string() : ", called " + quoted(own.all.front()))));
  decision_.identity = std::move(identity);
  return {};
}

std::string_view person(const LoginRequest& request, const config::Config& config) {
  const bool prepares = request.operation == Operation::setcred ||
                        request.operation == Operation::open_session ||
                        request.operation == Operation::close_session;
  return prepares && is_sudo(request, config) ? request.ruser : request.user;
}

Decision judge(const claims::ValidatedClaims& claims, std::size_t issuer,
               const LoginRequest& request, const Snapshot& snapshot, WallTime now, Trace trace,
               const Introspected* introspected) {
  if (!whole(snapshot)) return refused(Reason::internal_error, "the snapshot lacks a part", trace);
  return Judge(request, snapshot, now, trace).with_token(claims, issuer, introspected);
}

Decision judge_later_call(const LoginRequest& request, const Login* login,
                          const LastSeen* last_seen, const Snapshot& snapshot, WallTime now) {
  if (!whole(snapshot)) return refused(Reason::internal_error, "the snapshot lacks a part", {});
  if (LATCHKEY_FAILS(authenticate_untokened, request.operation == Operation::authenticate)) {
    return refused(Reason::request_invalid, "authenticate is judged by a token", {});
  }
  const auto who = person(request, *snapshot.config);
  Trace trace;
  if (!request.login.empty()) {
    if (login != nullptr && !LATCHKEY_FAILS(login_id_other, login->id != request.login) &&
        !LATCHKEY_FAILS(login_user_other, login->user != who) &&
        !LATCHKEY_FAILS(login_service_other, login->service != request.service)) {
      return Judge(request, snapshot, now, trace).with_login(*login, who);
    }
    trace.fail(Check::login);
  }
  return Judge(request, snapshot, now, trace).with_last_seen(last_seen, who);
}

}  // namespace latchkey
