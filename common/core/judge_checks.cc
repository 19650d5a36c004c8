// SPDX-License-Identifier: Apache-2.0
//
// The single checks of stations 8 to 11; their order is judge.cc's.
#include <algorithm>
#include <utility>

#include "core/accounts/ledger.h"
#include "core/accounts/mapping.h"
#include "core/accounts/new_account.h"
#include "core/base/mutation.h"
#include "core/base/text.h"
#include "core/claims/lifetime.h"
#include "core/judge_steps.h"
#include "core/own_names.h"
#include "core/policy/access.h"
#include "core/revocation/current_claims.h"
#include "core/status.h"

namespace latchkey {
namespace {

// Account follows authenticate at once, so a token that expires between the two does not end the
// login that it just opened. A host process that asks again later than this is told that the token
// has expired.
constexpr std::chrono::minutes kLoginGrace{5};

// For so long nobody signs in with an id that was another one a moment ago: a connection of sshd
// keeps the record that it was shown first. Its LoginGraceTime is 2 minutes.
constexpr std::chrono::minutes kIdSettles{10};

// How long ago; a clock that went back makes nothing younger.
std::chrono::milliseconds distance(WallTime then, WallTime now) {
  return now >= then ? now - then : then - now;
}

template <typename Claims>
bool is_of(const Claims& claims, const accounts::Subject& subject) {
  return claims.issuer == subject.issuer && claims.bound_subject() == subject.subject;
}

bool is_system(const Snapshot& snapshot, std::string_view name) {
  const auto* user = snapshot.accounts->find_user(name);
  return user != nullptr && user->is_system();
}

// Whether this configuration gives that name to a group, on this host or another, or to nobody.
bool names_group(const config::Config& config, std::string_view name) {
  const auto has = [&](const std::vector<std::string>& names) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  const auto& accounts = config.accounts;
  return has(accounts.groups) || has(accounts.reserved) ||
         std::any_of(config.access.begin(), config.access.end(),
                     [&](const policy::AccessRule& rule) { return has(rule.groups); }) ||
         std::any_of(config.issuers.begin(), config.issuers.end(), [&](const auto& issuer) {
           return std::any_of(issuer.groups.groups.begin(), issuer.groups.groups.end(),
                              [&](const auto& mapped) { return has(mapped.second); });
         });
}

}  // namespace

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

bool Judge::is_newcomer(std::string_view who) const {
  return config().accounts.make && snapshot_.accounts->find_user(who) == nullptr;
}

Expected<accounts::LocalIdentity> Judge::newcomer(const revocation::CurrentClaims& claims,
                                                  std::size_t issuer, std::string_view who) {
  // Where the file says that names are not shown, latchkeyd does not know whose this one is.
  if (LATCHKEY_FAILS(newcomer_names_unknown,
                     !snapshot_.names || !snapshot_.names->names().content().settings.provisional))
    return fail(Reason::user_unknown,
                "no local user " + quoted(who) +
                    ", and no account can be made now: 'latchkeyctl status' says why");
  auto made = accounts::new_account(who, *snapshot_.names);
  if (LATCHKEY_FAILS(account_conflict, !made))
    return fail(Reason::account_conflict, "user " + quoted(who) + ": " + made.error());
  // Whoever is called as a group is would have it: a user's own group has the user's name.
  if (LATCHKEY_FAILS(name_of_group, names_group(config(), who)))
    return fail(
        Reason::account_conflict,
        "user " + quoted(who) + ": the configuration names a group so, or reserves the name");
  if (LATCHKEY_FAILS(account_loosened, distance(snapshot_.names_loosened_at, now_) < kIdSettles))
    return fail(Reason::account_changed,
                "user " + quoted(who) + ": ids of names became free a moment ago");
  made_ = std::move(made).value_or(accounts::NamesUser{});
  made_->since = std::chrono::floor<std::chrono::seconds>(now_).time_since_epoch().count();
  return accounts::newcomer(claims, config().issuers[issuer].groups, *made_, *snapshot_.accounts);
}

// A session of sshd has the record that it was shown first, perhaps before an import brought
// another id (kIdSettles).
Expected<void> Judge::check_open(std::string_view who) const {
  // What the local files have is not the file's, whatever that says.
  if (!snapshot_.names || snapshot_.names->taken().has_user(who)) return {};
  const auto* user = snapshot_.names->names().find_user(who);
  if (user == nullptr) return {};
  if (LATCHKEY_FAILS(account_removed, user->state == accounts::AccountState::removed))
    return fail(Reason::account_locked, "account " + quoted(who) + " was removed");
  const WallTime since{std::chrono::seconds(user->since)};
  const bool locked = user->state == accounts::AccountState::locked;
  if (LATCHKEY_FAILS(account_locked, locked || user->state == accounts::AccountState::unseen)) {
    return fail(Reason::account_locked, "account " + quoted(who) +
                                            (locked ? " was locked by an administrator"
                                                    : ": nobody has signed in for too long"));
  }
  const auto computed = accounts::id_of(who, snapshot_.names->names().content().settings.ids);
  if (LATCHKEY_FAILS(account_changed,
                     is_gate() && computed != user->uid && distance(since, now_) < kIdSettles)) {
    return fail(Reason::account_changed, "account " + quoted(who) + " came with the uid " +
                                             std::to_string(user->uid) + " a moment ago");
  }
  return {};
}

void Judge::note_names(const accounts::LocalIdentity& identity) {
  const auto& names = snapshot_.names;
  if (!names || (!made_ && names->find_user(identity.user) == nullptr)) return;
  accounts::NamesChange change{.user = identity.user,
                               .made = made_,
                               .groups = accounts::file_groups(identity.groups, *names)};
  if (!accounts::holds(names->names(), change)) decision_.names_change = std::move(change);
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
    return fail(Reason::subject_conflict,
                "user " + quoted(who) + " is bound to subject " + quoted(bound->subject) + " of " +
                    quoted(bound->issuer) + ", the token's is " + quoted(claims.bound_subject()));
  }
  if (bound == nullptr && standing == Standing::token) {
    decision_.binding = NewBinding{std::string(who), std::string(claims.issuer),
                                   std::string(claims.bound_subject())};
  }
  return {};
}

// Nothing is bound by coming into a shared account: that is for the rules about own names.
Expected<void> Judge::check_own_names(const OwnNames& own, const claims::Claims& claims) const {
  if (!LATCHKEY_FAILS(shared_conflict, own.conflict())) return {};
  const std::string subject = quoted(claims.bound_subject());
  return fail(Reason::subject_conflict,
              own.bound.empty() ? "user " + quoted(own.others) +
                                      " is bound to another subject than the token's, " + subject
                                : "the token's subject, " + subject + ", has the name " +
                                      quoted(own.bound.front()) + ", which the token does not say");
}

// What comes after the end of a session (setcred with PAM_DELETE_CRED) opens nothing.
Expected<void> Judge::shared_untokened(std::string_view account) {
  constexpr std::uint32_t kDeleteCred = 0x4;
  constexpr std::uint32_t kSilent = 0x8000;
  if (request_.operation != Operation::setcred || (request_.flags & ~kSilent) != kDeleteCred) {
    return checked<void>(Check::login, fail(Reason::live_login_required,
                                            quoted(account) + " is a shared account, which is "
                                                              "opened by a token and by nothing "
                                                              "else"));
  }
  LATCHKEY_TRY(auto identity,
               checked(Check::account, accounts::shared_account(account, *snapshot_.accounts)));
  decision_.identity = std::move(identity);
  return {};
}

Expected<void> Judge::check_revoked(std::string_view user) const {
  if (!snapshot_.revocations->user_revoked(user)) return {};
  const std::string by = snapshot_.revocations->revoked_by(user);
  return fail(Reason::revoked_user,
              "user " + quoted(user) + (by.empty() ? by : "; revoked by " + by));
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
                                   bool live, const SharedRequest& shared) {
  const auto& section = config().issuers[issuer];
  const bool system = shared.account.empty() && is_system(snapshot_, identity.user);
  const auto answer =
      policy::evaluate(config().access, {.service = request_.service,
                                         .identity = identity,
                                         .account = shared.account,
                                         .names = shared.names,
                                         .bound = shared.bound,
                                         .system_account = system,
                                         .claims = claims,
                                         .issuer_name = section.config.name,
                                         .groups_known = section.config.claims.groups_known,
                                         .live = live,
                                         .rhost = request_.rhost,
                                         .now = now_,
                                         .utc_offset = request_.utc_offset,
                                         .leeway = section.config.claims.leeway});
  if (answer.rule != nullptr) {
    decision_.rule = answer.rule->name;
    decision_.rule_place = answer.rule->source;
  }
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

}  // namespace latchkey
