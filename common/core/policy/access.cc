// SPDX-License-Identifier: Apache-2.0
#include "core/policy/access.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/mutation.h"
#include "core/base/text.h"

namespace latchkey::policy {
namespace {

// A rule's conditions in the order in which they are tried; how far a rule got says how near it
// came.
enum class Step : std::uint8_t { somebody, user, issuer, groups, live, acr, amr, auth_age };

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

// OpenID Connect Core section 2: 'auth_time' is when the user authenticated; without it nothing is
// known of that.
bool recent(const AccessRule& rule, const AccessQuestion& question) {
  const auto& at = question.claims->auth_time;
  if (LATCHKEY_FAILS(auth_time_absent, !at)) return false;
  const WallTime then = at.value_or(question.now);
  return !LATCHKEY_FAILS(auth_time_ahead, then > question.now + question.leeway) &&
         !LATCHKEY_FAILS(auth_time_old, question.now - then > *rule.max_auth_age);
}

// The first condition that does not hold, or nothing.
std::optional<Step> miss(const AccessRule& rule, const AccessQuestion& question) {
  const auto& identity = question.identity;
  const auto& claims = *question.claims;
  if (LATCHKEY_FAILS(access_nobody, !rule.anyone && !rule.has_condition())) return Step::somebody;
  const bool by_name = question.system_account || !rule.users.empty();
  if (LATCHKEY_FAILS(access_user, by_name && !contains(rule.users, identity.user)))
    return Step::user;
  if (LATCHKEY_FAILS(access_issuer,
                     !rule.issuers.empty() && !contains(rule.issuers, question.issuer_name)))
    return Step::issuer;
  if (LATCHKEY_FAILS(access_groups, !rule.groups.empty() && !share(rule.groups, identity.groups)))
    return Step::groups;
  if (LATCHKEY_FAILS(access_live, rule.needs_live_login() && !question.live)) return Step::live;
  if (LATCHKEY_FAILS(access_acr, !rule.acr.empty() && !contains(rule.acr, claims.acr)))
    return Step::acr;
  if (LATCHKEY_FAILS(access_amr, !rule.amr.empty() && !share(rule.amr, claims.amr)))
    return Step::amr;
  if (LATCHKEY_FAILS(access_auth_age, rule.max_auth_age && !recent(rule, question)))
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
      return Reason::access_denied;
  }
  return Reason::access_denied;
}

template <typename Texts>
std::string or_none(const Texts& values) {
  return values.empty() ? "none" : joined(values);
}

std::string describe_age(const AccessRule& rule, const AccessQuestion& question) {
  const auto& at = question.claims->auth_time;
  if (at && *at > question.now + question.leeway)
    return "the token's 'auth_time' lies in the future";
  const auto wanted =
      "it wants an authentication within " + std::to_string(rule.max_auth_age->count()) + " s, ";
  if (!at) return wanted + "the token has no 'auth_time'";
  const auto age = std::chrono::floor<std::chrono::seconds>(question.now - *at);
  return wanted + "the last one was " + std::to_string(age.count()) + " s ago";
}

// What would have to be different. Made only for the answer that is given.
std::string describe(Step step, const AccessRule& rule, const AccessQuestion& question) {
  const auto& user = question.identity.user;
  const auto& claims = *question.claims;
  switch (step) {
    case Step::somebody:
      return "it allows nobody";
    case Step::user:
      return question.system_account
                 ? "it does not name the system account " + quoted(user) + " under 'users'"
                 : "it does not name the user " + quoted(user);
    case Step::issuer:
      return "it is not for issuer " + quoted(question.issuer_name);
    case Step::groups:
      return "it wants one of the groups " + joined(rule.groups) + ", the map gave " +
             or_none(question.identity.groups);
    case Step::live:
      return "it asks for 'acr', 'amr' or 'max_auth_age'";
    case Step::acr:
      return "it wants 'acr' " + joined(rule.acr) + ", the token has " +
             (claims.acr.empty() ? "none" : quoted(claims.acr));
    case Step::amr:
      return "it wants 'amr' " + joined(rule.amr) + ", the token has " + or_none(claims.amr);
    case Step::auth_age:
      return describe_age(rule, question);
  }
  return "";
}

}  // namespace

AccessAnswer evaluate(std::span<const AccessRule> rules, const AccessQuestion& question) {
  const AccessRule* nearest = nullptr;
  Step furthest{};
  for (const auto& rule : rules) {
    if (LATCHKEY_FAILS(access_service, !for_service(rule, question.service))) continue;
    const auto step = miss(rule, question);
    if (!step) return {Reason::allowed, &rule, {}};
    if (nearest != nullptr && *step <= furthest) continue;
    nearest = &rule;
    furthest = *step;
  }
  if (nearest == nullptr) {
    return {Reason::access_denied, nullptr,
            "no rule is for the service " + quoted(question.service)};
  }
  return {reason_of(furthest, question), nearest,
          "rule " + quoted(nearest->name) + " (" + nearest->source +
              "): " + describe(furthest, *nearest, question)};
}

bool names_user(std::span<const AccessRule> rules, std::string_view service,
                std::string_view user) {
  return std::any_of(rules.begin(), rules.end(), [&](const AccessRule& rule) {
    return !LATCHKEY_FAILS(names_user_service, !for_service(rule, service)) &&
           !LATCHKEY_FAILS(names_user_other, !contains(rule.users, user));
  });
}

}  // namespace latchkey::policy
