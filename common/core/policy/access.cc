// SPDX-License-Identifier: Apache-2.0
#include "core/policy/access.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/text.h"

namespace latchkey::policy {
namespace {

// A rule's conditions in the order in which they are tried; how far a rule got says how near it
// came.
enum class Step : std::uint8_t { user, issuer, groups, live, acr, amr, auth_age };

struct Miss {
  Step step;
  Reason reason;
  std::string detail;
};

template <typename Text>
bool contains(const std::vector<std::string>& values, const Text& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

bool share(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::any_of(a.begin(), a.end(),
                     [&](const std::string& each) { return contains(b, each); });
}

// At most so many are written out: a token may bring a thousand.
constexpr std::size_t kShown = 8;

std::string joined(const std::vector<std::string>& values) {
  std::string out;
  for (std::size_t i = 0; i < std::min(values.size(), kShown); ++i) {
    if (i > 0) out += ", ";
    out += quoted(values[i], 64);
  }
  return values.size() > kShown ? out + ", ..." : out;
}

bool for_service(const AccessRule& rule, std::string_view service) {
  return contains(rule.services, service) || contains(rule.services, std::string_view("*"));
}

std::optional<Miss> who(const AccessRule& rule, const AccessQuestion& question) {
  const auto& user = question.identity.user;
  if (!rule.anyone && !rule.has_condition())
    return Miss{Step::user, Reason::access_denied, "it allows nobody"};
  if (question.system_account && !contains(rule.users, user)) {
    return Miss{Step::user, Reason::system_account,
                "it does not name the system account " + quoted(user) + " under 'users'"};
  }
  if (!rule.users.empty() && !contains(rule.users, user)) {
    return Miss{Step::user, Reason::access_denied, "it does not name the user " + quoted(user)};
  }
  if (!rule.issuers.empty() && !contains(rule.issuers, question.issuer_name)) {
    return Miss{Step::issuer, Reason::access_denied,
                "it is not for issuer " + quoted(question.issuer_name)};
  }
  if (!rule.groups.empty() && !share(rule.groups, question.identity.groups)) {
    return Miss{Step::groups, Reason::access_denied,
                "it wants one of the groups " + joined(rule.groups) + ", the map gave " +
                    (question.identity.groups.empty() ? "none" : joined(question.identity.groups))};
  }
  return std::nullopt;
}

// OpenID Connect Core section 2: 'auth_time' is when the user authenticated; without it nothing is
// known of that.
std::optional<Miss> auth_age(const AccessRule& rule, const AccessQuestion& question) {
  if (!rule.max_auth_age) return std::nullopt;
  const auto miss = [](std::string detail) {
    return Miss{Step::auth_age, Reason::authentication_too_old, std::move(detail)};
  };
  const auto& at = question.claims->auth_time;
  const auto most = std::to_string(rule.max_auth_age->count());
  if (!at)
    return miss("it wants an authentication within " + most + " s, the token has no 'auth_time'");
  if (*at > question.now + question.leeway)
    return miss("the token's 'auth_time' lies in the future");
  const auto age = std::chrono::floor<std::chrono::seconds>(question.now - *at);
  if (question.now - *at <= *rule.max_auth_age) return std::nullopt;
  return miss("it wants an authentication within " + most + " s, the last one was " +
              std::to_string(age.count()) + " s ago");
}

std::optional<Miss> how(const AccessRule& rule, const AccessQuestion& question) {
  if (rule.needs_live_login() && !question.live) {
    return Miss{Step::live, Reason::live_login_required,
                "it asks for 'acr', 'amr' or 'max_auth_age'"};
  }
  const auto& claims = *question.claims;
  if (!rule.acr.empty() && !contains(rule.acr, claims.acr)) {
    return Miss{Step::acr, Reason::acr_insufficient,
                "it wants 'acr' " + joined(rule.acr) + ", the token has " +
                    (claims.acr.empty() ? "none" : quoted(claims.acr))};
  }
  if (!rule.amr.empty() && !share(rule.amr, claims.amr)) {
    return Miss{Step::amr, Reason::acr_insufficient,
                "it wants 'amr' " + joined(rule.amr) + ", the token has " +
                    (claims.amr.empty() ? "none" : joined(claims.amr))};
  }
  return auth_age(rule, question);
}

std::optional<Miss> miss(const AccessRule& rule, const AccessQuestion& question) {
  if (auto found = who(rule, question)) return found;
  return how(rule, question);
}

}  // namespace

AccessAnswer evaluate(std::span<const AccessRule> rules, const AccessQuestion& question) {
  AccessAnswer answer;
  std::optional<Step> nearest;
  answer.detail = "no rule is for the service " + quoted(question.service);
  for (const auto& rule : rules) {
    if (!for_service(rule, question.service)) continue;
    auto found = miss(rule, question);
    if (!found) return {Reason::allowed, &rule, {}};
    if (nearest && found->step <= *nearest) continue;
    nearest = found->step;
    answer = {found->reason, &rule,
              "rule " + quoted(rule.name) + " (" + rule.source + "): " + found->detail};
  }
  return answer;
}

bool names_user(std::span<const AccessRule> rules, std::string_view service,
                std::string_view user) {
  return std::any_of(rules.begin(), rules.end(), [&](const AccessRule& rule) {
    return for_service(rule, service) && contains(rule.users, user);
  });
}

}  // namespace latchkey::policy
