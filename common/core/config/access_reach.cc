// SPDX-License-Identifier: Apache-2.0
#include "core/config/access_reach.h"

#include <algorithm>
#include <bitset>
#include <optional>

#include "core/policy/network.h"
#include "core/policy/time_span.h"

namespace latchkey::config {
namespace {

using claims::RequiredClaim;
using claims::RequiredValue;
using policy::AccessRule;
using Match = RequiredClaim::Match;

constexpr unsigned kMinutesOfDay = 1'440;
using Week = std::bitset<std::size_t{7} * kMinutesOfDay>;

template <typename Value>
bool includes(const std::vector<Value>& values, const std::vector<Value>& part) {
  return std::all_of(part.begin(), part.end(), [&](const auto& each) {
    return std::find(values.begin(), values.end(), each) != values.end();
  });
}

// Whoever meets the condition `narrow` (one of its members) meets `wide`.
template <typename Value>
bool covers(const std::vector<Value>& wide, const std::vector<Value>& narrow) {
  return wide.empty() || (!narrow.empty() && includes(wide, narrow));
}

bool covers_services(const AccessRule& wide, const AccessRule& narrow) {
  return std::find(wide.services.begin(), wide.services.end(), "*") != wide.services.end() ||
         includes(wide.services, narrow.services);
}

// What one is about, the other is: rules of people's own names, of shared accounts, and (those that
// deny and list none) of both.
bool covers_accounts(const AccessRule& wide, const AccessRule& narrow, bool any_shared) {
  if (!wide.accounts.empty())
    return !narrow.accounts.empty() && includes(wide.accounts, narrow.accounts);
  return wide.denies || (narrow.accounts.empty() && (!narrow.denies || !any_shared));
}

bool covers_networks(const AccessRule& wide, const AccessRule& narrow) {
  const auto within_one = [&](const std::string& text) {
    const auto part = policy::Network::parse(text);
    return std::any_of(wide.networks.begin(), wide.networks.end(), [&](const auto& other) {
      const auto network = policy::Network::parse(other);
      return part && network && network->contains(*part);
    });
  };
  return wide.networks.empty() ||
         (!narrow.networks.empty() &&
          std::all_of(narrow.networks.begin(), narrow.networks.end(), within_one));
}

Week week_of(const AccessRule& rule) {
  Week week;
  if (rule.times.empty()) return week.set();
  for (const std::string& text : rule.times) {
    const auto span = policy::TimeSpan::parse(text);
    for (unsigned minute = 0; span && minute < week.size(); ++minute)
      if (span->contains({minute / kMinutesOfDay, minute % kMinutesOfDay})) week.set(minute);
  }
  return week;
}

bool is_list(const RequiredClaim& claim) {
  return claim.match == Match::equals || claim.match == Match::one_of;
}

bool within(const RequiredClaim& range, const RequiredValue& value) {
  return value.kind == RequiredValue::Kind::integer &&
         (!range.least || value.integer >= *range.least) &&
         (!range.most || value.integer <= *range.most);
}

bool within(const RequiredClaim& wide, const RequiredClaim& narrow) {
  return (!wide.least || (narrow.least && *narrow.least >= *wide.least)) &&
         (!wide.most || (narrow.most && *narrow.most <= *wide.most));
}

// Where `narrow` holds, `wide` does.
bool implies(const RequiredClaim& narrow, const RequiredClaim& wide) {
  if (narrow.name != wide.name) return false;
  switch (wide.match) {
    case Match::present:
      return true;
    case Match::equals:
    case Match::one_of:
      return is_list(narrow) && includes(wide.values, narrow.values);
    case Match::contains:
      return narrow.match == Match::contains && narrow.values == wide.values;
    case Match::range:
      return narrow.match == Match::range
                 ? within(wide, narrow)
                 : is_list(narrow) &&
                       std::all_of(narrow.values.begin(), narrow.values.end(),
                                   [&](const auto& value) { return within(wide, value); });
  }
  return false;
}

bool covers_claims(const AccessRule& wide, const AccessRule& narrow) {
  return std::all_of(wide.claims.begin(), wide.claims.end(), [&](const RequiredClaim& claim) {
    return std::any_of(narrow.claims.begin(), narrow.claims.end(),
                       [&](const RequiredClaim& other) { return implies(other, claim); });
  });
}

bool covers_auth_age(const AccessRule& wide, const AccessRule& narrow) {
  return !wide.max_auth_age || (narrow.max_auth_age && *narrow.max_auth_age <= *wide.max_auth_age);
}

// Whether each request for which `later` decides is one for which `earlier` does.
std::optional<Left> shadowed(const AccessRule& earlier, const AccessRule& later, bool any_shared) {
  if (!covers_services(earlier, later) || !covers_accounts(earlier, later, any_shared) ||
      !covers(earlier.hosts, later.hosts) || !covers(earlier.users, later.users) ||
      !covers(earlier.groups, later.groups) || !covers(earlier.issuers, later.issuers) ||
      !covers_claims(earlier, later) || !covers_networks(earlier, later) ||
      !covers(earlier.acr, later.acr) || !covers(earlier.amr, later.amr) ||
      !covers_auth_age(earlier, later))
    return std::nullopt;
  // A claim may be known not to be what the earlier one denies, and unknown to the later one.
  if (earlier.denies && later.denies && !includes(later.claims, earlier.claims))
    return std::nullopt;
  if (earlier.denies) return Left::nothing;
  // What nobody knows passes one that allows and stays with one that denies; and so does a group
  // that a host does not have.
  if (later.denies &&
      (!earlier.groups.empty() || !earlier.claims.empty() || !earlier.networks.empty() ||
       (!earlier.accounts.empty() && !earlier.users.empty())))
    return std::nullopt;
  // A rule that allows and names no user opens no system account. One behind it that allows may, if
  // it names users; one that denies does not need to.
  const bool left =
      earlier.users.empty() && earlier.accounts.empty() && (later.denies || !later.users.empty());
  return left ? Left::system_accounts : Left::nothing;
}

}  // namespace

std::vector<Shadow> find_shadows(std::span<const policy::AccessRule> rules) {
  std::vector<Week> weeks;
  for (const AccessRule& rule : rules) weeks.push_back(week_of(rule));
  const bool any_shared = std::any_of(
      rules.begin(), rules.end(), [](const AccessRule& rule) { return !rule.accounts.empty(); });
  std::vector<Shadow> found;
  for (std::size_t later = 0; later < rules.size(); ++later) {
    for (std::size_t earlier = 0; earlier < later; ++earlier) {
      if ((weeks[later] & ~weeks[earlier]).any()) continue;
      const auto left = shadowed(rules[earlier], rules[later], any_shared);
      // That is what such a rule is for.
      if (!left || (*left == Left::system_accounts && !rules[later].denies)) continue;
      found.push_back({earlier, later, *left});
      break;
    }
  }
  return found;
}

}  // namespace latchkey::config
