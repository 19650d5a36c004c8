// SPDX-License-Identifier: Apache-2.0
#include "core/config/requirement_reader.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/config/forms.h"
#include "core/config/parse.h"

namespace latchkey::config {
namespace {

using claims::RequiredClaim;
using claims::RequiredValue;
using Fault = RequirementFault;
using Match = RequiredClaim::Match;

constexpr std::string_view kForms =
    "a text, a whole number, true, false, or one of { one_of: [...] }, { contains: ... }, "
    "{ present: true }, { min: ..., max: ... }";

tl::unexpected<Fault> fault(const YamlNode& at, std::string_view expected) {
  return tl::unexpected<Fault>(Fault{&at, std::string(expected)});
}

std::optional<std::int64_t> whole_number(const YamlNode& node) {
  if (node.kind != YamlNode::Kind::scalar || !node.plain) return std::nullopt;
  std::int64_t number = 0;
  const std::string& text = node.text;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  // 010 is eight to some readers and ten to others.
  const std::string_view digits = std::string_view(text).substr(text.starts_with('-') ? 1 : 0);
  if (digits.size() > 1 && digits.starts_with('0')) return std::nullopt;
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// What a YAML reader somewhere would take for a number, true, false or nothing, and is none here.
// As a text it would refuse everybody in silence.
bool may_be_no_text(const YamlNode& node) {
  if (!node.plain) return false;
  std::string text = node.text;
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  constexpr std::array<std::string_view, 11> kWords{"true", "false", "yes", "no",   "on", "off",
                                                    "y",    "n",     "~",   "null", ""};
  if (std::find(kWords.begin(), kWords.end(), text) != kWords.end()) return true;
  if (text.starts_with("0o") || text.starts_with("0b")) text.erase(1, 1);
  char* end = nullptr;
  std::strtod(text.c_str(), &end);  // decimal, hexadecimal, inf and nan
  return end == text.c_str() + text.size() || text == ".inf" || text == "-.inf" || text == ".nan";
}

tl::expected<RequiredValue, Fault> read_value(const YamlNode& node) {
  if (node.kind != YamlNode::Kind::scalar || kAnyText.fault(node.text))
    return fault(node, "a text, a whole number, true or false");
  RequiredValue out;
  if (node.plain && (node.text == "true" || node.text == "false")) {
    out.kind = RequiredValue::Kind::boolean;
    out.boolean = node.text == "true";
  } else if (const auto number = whole_number(node)) {
    out.kind = RequiredValue::Kind::integer;
    out.integer = *number;
  } else if (may_be_no_text(node)) {
    return fault(node, "a whole number, true, false, or a text in quotes");
  } else {
    out.text = node.text;
  }
  return out;
}

tl::expected<RequiredClaim, Fault> read_values(RequiredClaim claim, Match match,
                                               std::span<const YamlNode> nodes) {
  claim.match = match;
  for (const YamlNode& node : nodes) {
    auto value = read_value(node);
    if (!value) return tl::unexpected(std::move(value).error());
    claim.values.push_back(*std::move(value));
  }
  return claim;
}

tl::expected<RequiredClaim, Fault> read_one_of(RequiredClaim claim, const YamlNode& node) {
  if (node.kind != YamlNode::Kind::list || node.items.empty() || node.items.size() > kListMost)
    return fault(node, "a list such as [ a, b ]");
  return read_values(std::move(claim), Match::one_of, node.items);
}

tl::expected<RequiredClaim, Fault> read_range(RequiredClaim claim, const YamlNode& node) {
  claim.match = Match::range;
  for (const auto& [key, value] : node.members) {
    auto& bound = key.text == "min" ? claim.least : claim.most;
    if ((key.text != "min" && key.text != "max") || bound) return fault(key, kForms);
    bound = whole_number(value);
    if (!bound) return fault(value, "a whole number");
  }
  if (claim.least && claim.most && *claim.least > *claim.most)
    return fault(node, "'min' not above 'max'");
  return claim;
}

}  // namespace

tl::expected<RequiredClaim, Fault> read_requirement(const YamlNode& name, const YamlNode& value) {
  RequiredClaim claim;
  claim.name = name.text;
  if (value.kind == YamlNode::Kind::scalar) {
    if (kAnyText.fault(value.text)) return fault(value, kForms);
    return read_values(std::move(claim), Match::equals, {&value, 1});
  }
  if (value.kind != YamlNode::Kind::map || value.members.empty()) return fault(value, kForms);
  const auto& [key, operand] = value.members.front();
  if (key.text == "min" || key.text == "max") return read_range(std::move(claim), value);
  if (value.members.size() != 1) return fault(value, kForms);
  if (key.text == "one_of") return read_one_of(std::move(claim), operand);
  if (key.text == "contains") return read_values(std::move(claim), Match::contains, {&operand, 1});
  if (key.text != "present") return fault(key, kForms);
  if (operand.kind != YamlNode::Kind::scalar || !operand.plain || operand.text != "true")
    return fault(operand, "true");
  claim.match = Match::present;
  return claim;
}

}  // namespace latchkey::config
