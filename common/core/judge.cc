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
#include "core/claims/lifetime.h"
#include "core/decide.h"
#include "core/policy/access.h"
#include "core/revocation/current_claims.h"
#include "core/status.h"

namespace latchkey {
namespace {

// Account follows authenticate at once, so a token that expires between the two does not end the
// login that it just opened. A host process that asks again later than this is told that the token
// has expired.
constexpr std::chrono::minutes kLoginGrace{5};

template <typename Text>
bool contains(const std::vector<std::string>& values, const Text& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

bool is_sudo(const LoginRequest& request, const config::Config& config) {
  return contains(config.sudo_services, request.service);
}

// How long ago; a clock that went back makes nothing younger.
std::chrono::milliseconds distance(WallTime then, WallTime now) {
  return now >= then ? now - then : then - now;
}

// Where the claims of a request come from.
enum class Standing : std::uint8_t {
  token,      // shown and verified now
  login,      // of a live login that this call belongs to
  last_seen,  // of the last sign-in of that name
};

class Judge {
 public:
  Judge(const LoginRequest& request, const Snapshot& snapshot, WallTime now, Trace trace)
      : request_(request), snapshot_(snapshot), now_(now) {
    decision_.trace = trace;
  }

  Decision with_token(const claims::ValidatedClaims& claims, std::size_t issuer,
                      const Introspected* introspected);
  Decision with_login(const Login& login, std::string_view who);
  Decision with_last_seen(const LastSeen* last_seen, std::string_view who);

 private:
  const config::Config& config() const { return *snapshot_.config; }

  // Records the outcome of a check; the error, where there is one, goes on to the caller.
  template <typename T>
  Expected<T> checked(Check check, Expected<T> result) {
    result ? decision_.trace.pass(check) : decision_.trace.fail(check);
    return result;
  }

  Decision finish(Expected<void> outcome);
  void add_detail(std::string_view more) {
    if (more.empty()) return;
    decision_.detail += (decision_.detail.empty() ? "" : "; ") + std::string(more);
  }
  void remember(const claims::Claims& claims);

  Expected<void> token_steps(const claims::ValidatedClaims& claims, std::size_t issuer);
  Expected<void> check_introspection(const claims::ValidatedClaims& claims,
                                     const config::Issuer& section);
  Expected<void> check_status(const claims::Claims& claims);
  bool by_signature_alone() const {
    return introspected_ != nullptr && introspected_->state() == Introspected::State::unavailable;
  }
  Expected<void> login_steps(const Login& login, std::string_view who);
  Expected<void> last_seen_steps(const LastSeen* last_seen, std::string_view who);
  Expected<void> person_steps(const claims::ValidatedClaims& claims, std::size_t issuer,
                              std::string_view who, Standing standing);

  Expected<std::size_t> configured_issuer(const claims::Claims& claims) const;
  Expected<void> check_managed(std::string_view who) const;
  bool is_gate() const {
    return request_.operation == Operation::authenticate ||
           request_.operation == Operation::account;
  }
  Expected<void> check_feeds() const;
  Expected<void> check_system_account(const accounts::LocalIdentity& identity) const;
  Expected<void> check_binding(const claims::Claims& claims, std::string_view who,
                               Standing standing);
  Expected<void> check_lifetime(const Login& login, std::size_t issuer) const;
  Expected<void> check_claims_age(const LastSeen* last_seen, const accounts::Subject& bound) const;
  Expected<void> check_access(const revocation::CurrentClaims& claims,
                              const accounts::LocalIdentity& identity, std::size_t issuer,
                              bool live);

  const LoginRequest& request_;
  const Snapshot& snapshot_;
  WallTime now_;
  Decision decision_;
  const Introspected* introspected_ = nullptr;  // of a token shown now
  std::string status_note_;
};

template <typename Claims>
bool is_of(const Claims& claims, const accounts::Subject& subject) {
  return claims.issuer == subject.issuer && claims.subject == subject.subject;
}

bool is_system(const Snapshot& snapshot, std::string_view name) {
  const auto* user = snapshot.accounts->find_user(name);
  return user != nullptr && user->is_system();
}

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
  if (LATCHKEY_FAILS(revoked_last_seen, snapshot_.revocations->user_revoked(who))) {
    const std::string by = snapshot_.revocations->revoked_by(who);
    return checked<void>(Check::revocation,
                         fail(Reason::revoked_user,
                              "user " + quoted(who) + (by.empty() ? by : "; revoked by " + by)));
  }
  LATCHKEY_TRY_VOID(checked(Check::managed, check_managed(who)));
  const auto* bound = snapshot_.bindings->find(who);
  if (LATCHKEY_FAILS(unknown_last_seen,
                     bound == nullptr && snapshot_.accounts->find_user(who) == nullptr)) {
    return checked<void>(Check::account,
                         fail(Reason::user_unknown,
                              "user " + quoted(who) +
                                  " is in no local file (LDAP and SSSD are not asked); list the "
                                  "name under 'unmanaged' to leave it to the rest of the stack"));
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
  // The name comes before anything about the account: a token that is not for a name learns nothing
  // about it.
  LATCHKEY_TRY_VOID(checked(Check::name, accounts::check_name(*claims, who)));
  if (standing == Standing::token) {
    LATCHKEY_TRY_VOID(checked(Check::managed, check_managed(who)));
  }
  LATCHKEY_TRY(auto identity,
               checked(Check::account,
                       accounts::identify(current, section.groups, who, *snapshot_.accounts)));
  LATCHKEY_TRY_VOID(checked(Check::account, check_system_account(identity)));
  LATCHKEY_TRY_VOID(checked(Check::binding, check_binding(*claims, who, standing)));
  if (is_gate()) {
    LATCHKEY_TRY_VOID(checked(
        Check::access, check_access(current, identity, issuer, standing != Standing::last_seen)));
  } else if (is_sudo(request_, config())) {
    identity.drop_groups();  // the process that sudo prepares is the target's
  }
  decision_.identity = std::move(identity);
  return {};
}

// What is revoked was looked for already: that stays revoked, however old the source is. Whether
// somebody may come in is asked at the gate alone; a session that stands is not kept from closing.
Expected<void> Judge::check_feeds() const {
  if (!is_gate()) return {};
  auto why = revocation::refusal(snapshot_.feeds, request_.service, now_);
  if (LATCHKEY_FAILS(feed_refuses, why.has_value()))
    return fail(Reason::revocation_unknown, *std::move(why));
  return {};
}

// Of a token with a status list alone, so that a trace says which have one.
Expected<void> Judge::check_status(const claims::Claims& claims) {
  StatusAnswer answer =
      latchkey::check_status(claims, request_.service, is_gate(), snapshot_, now_);
  decision_.status_list = std::move(answer.need);
  status_note_ = std::move(answer.note);
  // Where it is not known nobody said that it is valid.
  if (claims.status_uri.empty() || (answer.outcome && decision_.status_list))
    return std::move(answer.outcome);
  return checked(Check::status, std::move(answer.outcome));
}

Expected<void> Judge::check_introspection(const claims::ValidatedClaims& claims,
                                          const config::Issuer& section) {
  auto result = latchkey::check_introspection(claims, section.config, introspected_, now_);
  if (!claims.opaque() && !section.config.introspection.required()) return result;
  // Nobody said that it is active: the configuration lets the signature do.
  if (result && by_signature_alone()) return result;
  return checked(Check::introspection, std::move(result));
}

Expected<std::size_t> Judge::configured_issuer(const claims::Claims& claims) const {
  const auto index = config().find_issuer(claims.issuer);
  if (LATCHKEY_FAILS(issuer_gone, index < 0)) {
    return fail(Reason::issuer_unknown, "the sign-in was by " + quoted(claims.issuer) +
                                            ", which is not configured any more");
  }
  return static_cast<std::size_t>(index);
}

// In authenticate a rule that names the user opens an account that is not managed, and a name that
// does not exist here goes on to be told so.
Expected<void> Judge::check_managed(std::string_view who) const {
  if (!LATCHKEY_FAILS(not_managed, !managed(who, snapshot_))) return {};
  if (request_.operation == Operation::authenticate &&
      (policy::names_user(config().access, request_.service, who) ||
       snapshot_.accounts->find_user(who) == nullptr)) {
    return {};
  }
  std::string detail = "user " + quoted(who);
  if (is_system(snapshot_, who))
    detail += " is a system account: only an access rule with 'users' opens it";
  return fail(Reason::not_managed, std::move(detail));
}

Expected<void> Judge::check_system_account(const accounts::LocalIdentity& identity) const {
  const bool opened = !is_system(snapshot_, identity.user) ||
                      policy::names_user(config().access, request_.service, identity.user);
  if (!LATCHKEY_FAILS(system_account, !opened)) return {};
  return fail(Reason::system_account,
              "user " + quoted(identity.user) + " has uid " + std::to_string(identity.uid));
}

// The first sign-in binds the name to the subject. A live login was bound before its verdict was
// sent, so a missing binding means that an administrator has removed it since, which is not for
// that login to suffer from.
Expected<void> Judge::check_binding(const claims::Claims& claims, std::string_view who,
                                    Standing standing) {
  const auto* bound = snapshot_.bindings->find(who);
  if (LATCHKEY_FAILS(subject_conflict, bound != nullptr && !is_of(claims, *bound))) {
    return fail(Reason::subject_conflict, "user " + quoted(who) + " is bound to subject " +
                                              quoted(bound->subject) + " of " +
                                              quoted(bound->issuer));
  }
  if (bound == nullptr && standing == Standing::token) {
    decision_.binding =
        NewBinding{std::string(who), std::string(claims.issuer), std::string(claims.subject)};
  }
  return {};
}

// RFC 7519 section 4.1.4.
Expected<void> Judge::check_lifetime(const Login& login, std::size_t issuer) const {
  if (!LATCHKEY_FAILS(login_expired, distance(login.started_at, now_) > kLoginGrace)) return {};
  return claims::check_lifetime(login.claims, config().issuers[issuer].config.claims, now_);
}

// The claims must be those of the subject that the name is bound to, else they say nothing about
// it.
Expected<void> Judge::check_claims_age(const LastSeen* last_seen,
                                       const accounts::Subject& bound) const {
  if (LATCHKEY_FAILS(last_seen_absent, last_seen == nullptr) ||
      LATCHKEY_FAILS(last_seen_other, !is_of(last_seen->claims, bound))) {
    return fail(Reason::claims_too_old, "no token sign-in of the bound subject is on record");
  }
  const auto age = distance(last_seen->seen_at, now_);
  if (!LATCHKEY_FAILS(last_seen_old, age > config().max_claims_age)) return {};
  return fail(Reason::claims_too_old,
              "the last token sign-in was " +
                  std::to_string(std::chrono::floor<std::chrono::seconds>(age).count()) +
                  " s ago, 'max_claims_age' is " + std::to_string(config().max_claims_age.count()) +
                  " s");
}

Expected<void> Judge::check_access(const revocation::CurrentClaims& claims,
                                   const accounts::LocalIdentity& identity, std::size_t issuer,
                                   bool live) {
  const auto& section = config().issuers[issuer];
  const auto answer =
      policy::evaluate(config().access, {.service = request_.service,
                                         .identity = identity,
                                         .system_account = is_system(snapshot_, identity.user),
                                         .claims = claims,
                                         .issuer_name = section.config.name,
                                         .live = live,
                                         .now = now_,
                                         .leeway = section.config.claims.leeway});
  if (answer.rule != nullptr) decision_.rule = answer.rule->name;
  const auto& missing = identity.missing_groups;
  std::string detail = answer.detail;
  if (!missing.empty()) {
    detail += (detail.empty() ? "" : "; ") + std::string("this host has no group ") +
              quoted(missing.front());
  }
  if (LATCHKEY_FAILS(access_denied, answer.reason != Reason::allowed))
    return fail(answer.reason, std::move(detail));
  decision_.detail = std::move(detail);
  return {};
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
