// SPDX-License-Identifier: Apache-2.0
#include "core/policy/access.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/mutation.h"
#include "core/base/text.h"
#include "core/policy/network.h"
#include "core/policy/time_span.h"

namespace latchkey::policy {
namespace {

// A rule's conditions in the order in which they are tried; how far a rule got says how near it
// came.
enum class Step : std::uint8_t {
  somebody,
  user,
  issuer,
  groups,
  claims,
  network,
  time,
  live,
  acr,
  amr,
  auth_age
};

// Whether a condition holds, as far as anybody knows.
enum class Truth : std::uint8_t { no, yes, unknown };
Truth truth(bool holds) { return holds ? Truth::yes : Truth::no; }

template <typename Text>
bool contains(const std::vector<std::string>& values, const Text& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

template <typename Texts>
bool share(const std::vector<std::string>& a, const Texts& b) {
  return std::any_of(b.begin(), b.end(), [&](const auto& each) { return contains(a, each); });
}

// At most so many are written out: a token may bring a thousand.
constexpr std::size_t kShown = 8;

template <typename Texts>
std::string joined(const Texts& values) {
  std::string out;
  std::size_t shown = 0;
  for (const std::string_view value : values) {
    if (shown == kShown) return out + ", ...";
    if (shown++ > 0) out += ", ";
    out += quoted(value, 64);
  }
  return out;
}

bool for_service(const AccessRule& rule, std::string_view service) {
  return contains(rule.services, service) || contains(rule.services, std::string_view("*"));
}

// A rule that allows is about people's own names or about the shared accounts that it lists; one
// that denies and lists none is about all of them.
bool for_account(const AccessRule& rule, std::string_view account) {
  if (rule.accounts.empty()) return account.empty() || rule.denies;
  return contains(rule.accounts, account);
}

// What the claims said of a rule's condition when they were validated.
Truth claim_holds(const std::string& id, const claims::Claims& claims) {
  for (const std::string_view judged : claims.conditions)
    if (judged.size() > 1 && judged.substr(1) == id) return truth(judged.front() == '+');
  return Truth::unknown;
}

Truth claims_hold(const AccessRule& rule, const claims::Claims& claims) {
  Truth all = Truth::yes;
  for (const std::string& id : rule.claim_ids) {
    const Truth one = claim_holds(id, claims);
    if (one == Truth::no) return Truth::no;
    if (one == Truth::unknown) all = Truth::unknown;
  }
  return all;
}

// Who has no address (a console, a sudo) is in no network; of a host's name nobody can tell.
Truth network_holds(const AccessRule& rule, const AccessQuestion& question) {
  if (rule.networks.empty()) return Truth::yes;
  const auto address = Address::parse(question.rhost);
  if (!address) return question.rhost.empty() ? Truth::no : Truth::unknown;
  return truth(std::any_of(rule.networks.begin(), rule.networks.end(), [&](const auto& text) {
    const auto network = Network::parse(text);
    return network && network->contains(*address);
  }));
}

Truth time_holds(const AccessRule& rule, const AccessQuestion& question) {
  if (rule.times.empty()) return Truth::yes;
  const LocalTime now = local_time(question.now, question.utc_offset);
  return truth(std::any_of(rule.times.begin(), rule.times.end(), [&](const auto& text) {
    const auto span = TimeSpan::parse(text);
    return span && span->contains(now);
  }));
}

// Of who wants to be a shared account a rule that allows wants a name that is bound to the token's
// subject. One that denies takes any name that counts as theirs; of a subject to which none is
// bound nobody knows whose it is, for a name can be chosen at many a provider.
Truth users_hold(const AccessRule& rule, const AccessQuestion& question) {
  if (rule.users.empty()) return truth(!question.system_account || rule.denies);
  if (question.account.empty()) return truth(contains(rule.users, question.identity.user));
  if (!rule.denies) return truth(share(rule.users, question.bound));
  if (share(rule.users, question.names)) return Truth::yes;
  return LATCHKEY_FAILS(access_user_unknown, question.bound.empty()) ? Truth::unknown : Truth::no;
}

// A group that this host does not have is no group to allow by; whoever the map gave it is denied
// by it all the same.
Truth groups_hold(const AccessRule& rule, const AccessQuestion& question) {
  const accounts::LocalIdentity& identity = question.identity;
  if (rule.groups.empty() || share(rule.groups, identity.groups) ||
      (rule.denies && share(rule.groups, identity.missing_groups)))
    return Truth::yes;
  const auto& judged = question.claims->conditions;
  const bool known = question.groups_known.empty() ||
                     std::find(judged.begin(), judged.end(), question.groups_known) != judged.end();
  return known ? Truth::no : Truth::unknown;
}

// Of a rule that denies: which of its conditions are not known to hold.
std::string unknown_of(const AccessRule& rule, const AccessQuestion& question) {
  std::string out;
  const auto add = [&](Truth truth, std::string_view what) {
    if (truth == Truth::unknown) out += (out.empty() ? "" : ", ") + std::string(what);
  };
  add(users_hold(rule, question), "no name is bound to the token's subject here");
  add(groups_hold(rule, question),
      "the token has no group claim, or was shown before that claim was asked for");
  add(claims_hold(rule, *question.claims),
      "the token has no such claim, or one of another kind, or was shown before the rule was made");
  add(network_holds(rule, question), "the peer has a name and no address");
  return out.empty() ? out : " (not known: " + out + ")";
}

// OpenID Connect Core section 2: 'auth_time' is when the user authenticated; without it nothing is
// known of that.
bool recent(std::chrono::seconds most, const AccessQuestion& question) {
  const auto& at = question.claims->auth_time;
  if (LATCHKEY_FAILS(auth_time_absent, !at)) return false;
  const WallTime then = at.value_or(question.now);
  return !LATCHKEY_FAILS(auth_time_ahead, then > question.now + question.leeway) &&
         !LATCHKEY_FAILS(auth_time_old, question.now - then > most);
}

// The first condition that does not hold, or nothing.
std::optional<Step> miss(const AccessRule& rule, const AccessQuestion& question) {
  const auto& claims = *question.claims;
  const auto fails = [&](Truth holds) {
    return rule.denies ? holds == Truth::no : holds != Truth::yes;
  };
  if (LATCHKEY_FAILS(access_nobody, !rule.anyone && !rule.has_condition())) return Step::somebody;
  if (LATCHKEY_FAILS(access_user, fails(users_hold(rule, question)))) return Step::user;
  if (LATCHKEY_FAILS(access_issuer,
                     !rule.issuers.empty() && !contains(rule.issuers, question.issuer_name)))
    return Step::issuer;
  if (LATCHKEY_FAILS(access_groups, fails(groups_hold(rule, question)))) return Step::groups;
  if (LATCHKEY_FAILS(access_claims, fails(claims_hold(rule, claims)))) return Step::claims;
  if (LATCHKEY_FAILS(access_network, fails(network_holds(rule, question)))) return Step::network;
  if (LATCHKEY_FAILS(access_time, fails(time_holds(rule, question)))) return Step::time;
  if (LATCHKEY_FAILS(access_live, rule.needs_live_login() && !question.live)) return Step::live;
  if (LATCHKEY_FAILS(access_acr, !rule.acr.empty() && !contains(rule.acr, claims.acr)))
    return Step::acr;
  if (LATCHKEY_FAILS(access_amr, !rule.amr.empty() && !share(rule.amr, claims.amr)))
    return Step::amr;
  if (LATCHKEY_FAILS(access_auth_age, rule.max_auth_age && !recent(*rule.max_auth_age, question)))
    return Step::auth_age;
  return std::nullopt;
}

Reason reason_of(Step step, const AccessQuestion& question) {
  switch (step) {
    case Step::user:
      return question.system_account ? Reason::system_account : Reason::access_denied;
    case Step::live:
      return Reason::live_login_required;
    case Step::acr:
    case Step::amr:
      return Reason::acr_insufficient;
    case Step::auth_age:
      return Reason::authentication_too_old;
    case Step::somebody:
    case Step::issuer:
    case Step::groups:
    case Step::claims:
    case Step::network:
    case Step::time:
      return Reason::access_denied;
  }
  return Reason::access_denied;
}

template <typename Texts>
std::string or_none(const Texts& values) {
  return values.empty() ? "none" : joined(values);
}

std::string describe_age(std::chrono::seconds most, const AccessQuestion& question) {
  const auto& at = question.claims->auth_time;
  if (at && *at > question.now + question.leeway)
    return "the token's 'auth_time' lies in the future";
  const auto wanted = "it wants an authentication within " + std::to_string(most.count()) + " s, ";
  if (!at) return wanted + "the token has no 'auth_time'";
  const auto age = std::chrono::floor<std::chrono::seconds>(question.now - *at);
  return wanted + "the last one was " + std::to_string(age.count()) + " s ago";
}

std::string describe_claims(const AccessRule& rule, const claims::Claims& claims) {
  for (std::size_t i = 0; i < rule.claims.size() && i < rule.claim_ids.size(); ++i) {
    const Truth holds = claim_holds(rule.claim_ids[i], claims);
    if (holds == Truth::yes) continue;
    return "it wants something of the claim " + quoted(rule.claims[i].name) +
           (holds == Truth::no
                ? " that does not hold for the token"
                : " of which nothing is known: the token has no such claim, or one of "
                  "another kind, or was shown before the rule was made");
  }
  return "it wants claims that the token has not";
}

std::string describe_peer(const AccessQuestion& question) {
  if (question.rhost.empty()) return "nobody from elsewhere asks";
  if (Address::parse(question.rhost)) return "the peer is " + quoted(question.rhost);
  return "the peer is known as " + quoted(question.rhost) +
         ", which is no address ('UseDNS no' in sshd_config)";
}

// The conditions of a rule that denies: one of them is what would have to be different.
std::string conditions_of(const AccessRule& rule) {
  std::string out;
  const auto add = [&](std::string_view name, const auto& values) {
    if (values.empty()) return;
    out += (out.empty() ? " by " : ", ") + std::string(name) + ' ' + joined(values);
  };
  std::vector<std::string> claims;
  claims.reserve(rule.claims.size());
  for (const auto& claim : rule.claims) claims.push_back(claim.name);
  add("user", rule.users);
  add("group", rule.groups);
  add("issuer", rule.issuers);
  add("claim", claims);
  add("network", rule.networks);
  add("time", rule.times);
  return out;
}

// What would have to be different. Made only for the answer that is given.
std::string describe(Step step, const AccessRule& rule, const AccessQuestion& question) {
  const auto& user = question.identity.user;
  const auto& claims = *question.claims;
  switch (step) {
    case Step::somebody:
      return "it allows nobody";
    case Step::user:
      if (!question.account.empty() && user.empty())
        return "it is for the users " + joined(rule.users) +
               ", and no name is bound to the token's subject (by a sign-in as themselves)";
      return question.system_account
                 ? "it does not name the system account " + quoted(user) + " under 'users'"
                 : "it does not name the user " + quoted(user);
    case Step::issuer:
      return "it is not for issuer " + quoted(question.issuer_name);
    case Step::groups:
      return "it wants one of the groups " + joined(rule.groups) + ", the map gave " +
             or_none(question.identity.groups);
    case Step::claims:
      return describe_claims(rule, claims);
    case Step::network:
      return "it wants a peer in " + joined(rule.networks) + ", " + describe_peer(question);
    case Step::time:
      return "it wants a time in " + joined(rule.times) + ", here it is " +
             describe(local_time(question.now, question.utc_offset));
    case Step::live:
      return "it asks for 'acr', 'amr' or 'max_auth_age'";
    case Step::acr:
      return "it wants 'acr' " + joined(rule.acr) + ", the token has " +
             (claims.acr.empty() ? "none" : quoted(claims.acr));
    case Step::amr:
      return "it wants 'amr' " + joined(rule.amr) + ", the token has " + or_none(claims.amr);
    case Step::auth_age:
      return describe_age(rule.max_auth_age.value_or(std::chrono::seconds(0)), question);
  }
  return "";
}

}  // namespace

AccessAnswer evaluate(std::span<const AccessRule> rules, const AccessQuestion& question) {
  const AccessRule* nearest = nullptr;
  Step furthest{};
  for (const auto& rule : rules) {
    if (LATCHKEY_FAILS(access_service, !for_service(rule, question.service))) continue;
    if (LATCHKEY_FAILS(access_elsewhere, !rule.here)) continue;
    if (LATCHKEY_FAILS(access_account, !for_account(rule, question.account))) continue;
    const auto step = miss(rule, question);
    if (!step && LATCHKEY_FAILS(access_denies, rule.denies)) {
      return {Reason::access_denied, &rule,
              "rule " + quoted(rule.name) + " (" + rule.source + ") denies it" +
                  conditions_of(rule) + unknown_of(rule, question)};
    }
    if (!step) return {Reason::allowed, &rule, {}};
    if (rule.denies || (nearest != nullptr && *step <= furthest)) continue;
    nearest = &rule;
    furthest = *step;
  }
  if (nearest == nullptr) {
    return {Reason::access_denied, nullptr,
            "no rule of this host allows anybody the service " + quoted(question.service) +
                (question.account.empty() ? "" : " as shared account " + quoted(question.account))};
  }
  return {reason_of(furthest, question), nearest,
          "rule " + quoted(nearest->name) + " (" + nearest->source +
              "): " + describe(furthest, *nearest, question)};
}

bool grants(std::span<const AccessRule> rules, std::string_view account) {
  return std::any_of(rules.begin(), rules.end(), [&](const AccessRule& rule) {
    return rule.here && !rule.denies && contains(rule.accounts, account);
  });
}

bool names_user(std::span<const AccessRule> rules, std::string_view service,
                std::string_view user) {
  return std::any_of(rules.begin(), rules.end(), [&](const AccessRule& rule) {
    return !LATCHKEY_FAILS(names_user_denies, rule.denies) &&
           !LATCHKEY_FAILS(names_user_account, !rule.accounts.empty()) &&
           !LATCHKEY_FAILS(names_user_elsewhere, !rule.here) &&
           !LATCHKEY_FAILS(names_user_service, !for_service(rule, service)) &&
           !LATCHKEY_FAILS(names_user_other, !contains(rule.users, user));
  });
}

}  // namespace latchkey::policy
