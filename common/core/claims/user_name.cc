// SPDX-License-Identifier: Apache-2.0
#include "core/claims/user_name.h"

#include <algorithm>
#include <utility>

#include "core/base/mutation.h"
#include "core/base/text.h"
#include "core/claims/claim_reader.h"

namespace latchkey::claims {
namespace {

using jose::JsonValue;
using Names = Expected<std::vector<std::string>>;

// A claim that must be there.
Expected<std::string_view> read_needed(const JsonValue& payload, std::string_view name) {
  LATCHKEY_TRY(const std::optional<std::string_view> value, read_string(payload, name));
  if (LATCHKEY_FAILS(user_claim_absent, !value)) return fail(Reason::claim_missing, quoted(name));
  return LATCHKEY_CHECKED(value, "somebody");
}

Names by_table(const JsonValue& payload, const ClaimsPolicy& policy) {
  LATCHKEY_TRY(const std::string_view value, read_needed(payload, policy.user_table_claim));
  const auto entry = policy.user_table.find(value);
  if (LATCHKEY_FAILS(user_table_lacks, entry == policy.user_table.end())) {
    return fail(Reason::name_unusable, "claim " + quoted(policy.user_table_claim) + " is " +
                                           quoted(value) + ", which is not in 'user.table'");
  }
  return entry == policy.user_table.end() ? std::vector<std::string>{"somebody"} : entry->second;
}

Names by_template(const JsonValue& payload, const ClaimsPolicy& policy) {
  const auto parts = parse_template(policy.user_template);
  if (!parts) return fail(Reason::internal_error, parts.error());  // config/ has read it
  std::string name;
  for (const TemplatePart& part : *parts) {
    if (!part.claim) {
      name += part.text;
      continue;
    }
    LATCHKEY_TRY(const std::string_view value, read_needed(payload, part.text));
    if (LATCHKEY_FAILS(user_template_empty, value.empty()))
      return fail(Reason::name_unusable, "claim " + quoted(part.text) + " is empty");
    name += value;
  }
  return std::vector<std::string>{std::move(name)};
}

// An array is refused like everything else that is no string: a provider that suddenly sends one
// has changed what the claim says.
Names by_claims(const JsonValue& payload, const ClaimsPolicy& policy) {
  const auto& claims = policy.user_claims;
  const auto first = std::find_if(claims.begin(), claims.end(), [&](const std::string& name) {
    return find_claim(payload, name).has_value();
  });
  const std::string& claim = first == claims.end() ? claims.front() : *first;
  LATCHKEY_TRY(const std::string_view user, read_needed(payload, claim));
  const auto name = strip_suffix(user, policy);
  if (LATCHKEY_FAILS(user_none, !name))
    return fail(Reason::name_unusable, "claim " + quoted(claim));
  return std::vector<std::string>{std::string(LATCHKEY_CHECKED(name, "somebody"))};
}

}  // namespace

std::optional<std::string_view> strip_suffix(std::string_view user, const ClaimsPolicy& policy) {
  if (policy.user_strip_suffix.empty()) return user;
  std::size_t longest = 0;
  for (const std::string& suffix : policy.user_strip_suffix) {
    if (user.ends_with(suffix)) longest = std::max(longest, suffix.size());
  }
  if (LATCHKEY_FAILS(user_suffix, longest == 0)) return std::nullopt;
  if (LATCHKEY_FAILS(user_suffix_alone, longest == user.size())) return std::nullopt;
  user.remove_suffix(longest);
  return user;
}

tl::expected<std::vector<TemplatePart>, std::string> parse_template(std::string_view text) {
  std::vector<TemplatePart> parts;
  bool claims = false;
  while (!text.empty()) {
    const bool claim = text.front() == '{';
    const std::size_t end = text.find_first_of(claim ? "}" : "{}");
    if (claim && (end == std::string_view::npos || end == 1))
      return tl::unexpected<std::string>("a '{' needs the name of a claim and a '}' behind it");
    if (!claim && end != std::string_view::npos && text[end] == '}')
      return tl::unexpected<std::string>("a '}' has no '{' before it");
    if (claim) {
      parts.push_back({std::string(text.substr(1, end - 1)), true});
      claims = true;
      text.remove_prefix(end + 1);
    } else {
      parts.push_back({std::string(text.substr(0, end))});
      text.remove_prefix(parts.back().text.size());
    }
  }
  if (!claims) return tl::unexpected<std::string>("it names no claim");
  return parts;
}

std::vector<std::string> ClaimsPolicy::naming_claims() const {
  if (!user_table.empty()) return {user_table_claim};
  if (user_template.empty()) return user_claims;
  std::vector<std::string> names;
  for (TemplatePart& part : parse_template(user_template).value_or(std::vector<TemplatePart>()))
    if (part.claim) names.push_back(std::move(part.text));
  return names;
}

Names read_user_names(const JsonValue& payload, const ClaimsPolicy& policy) {
  if (!policy.user_table.empty()) return by_table(payload, policy);
  if (!policy.user_template.empty()) return by_template(payload, policy);
  return by_claims(payload, policy);
}

}  // namespace latchkey::claims
