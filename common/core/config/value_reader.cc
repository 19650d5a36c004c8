// SPDX-License-Identifier: Apache-2.0
#include "core/config/value_reader.h"

#include <algorithm>
#include <charconv>

#include "core/base/text.h"
#include "core/config/inline_keys.h"
#include "core/config/parse.h"
#include "core/config/requirement_reader.h"

namespace latchkey::config {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

template <typename Number>
std::optional<Number> whole_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// What the node holds, for a message: a short value or its kind.
std::string found(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::null:
      return "nothing";
    case YamlNode::Kind::scalar:
      return quoted(node.text, 64);
    case YamlNode::Kind::list:
      return "a list";
    case YamlNode::Kind::map:
      return "keys and values";
  }
  return "";
}

// RFC 8725 section 3.11, RFC 7515 section 4.1.9: media types are compared without case, "application/" may be left out.
std::string plain_typ(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  constexpr std::string_view kPrefix = "application/";
  return out.starts_with(kPrefix) ? out.substr(kPrefix.size()) : out;
}

}  // namespace

void ValueReader::expected(const YamlNode& at, std::string_view what) const {
  reader.error(at, "'" + path(key) + "': expected " + std::string(what) + ", found " + found(at));
}

// A text of the key's form, or null after an error.
const std::string* ValueReader::text(const YamlNode& at) const {
  if (at.kind != YamlNode::Kind::scalar) {
    expected(at, key.form->expects);
    return nullptr;
  }
  if (const auto fault = key.form->fault(at.text)) {
    expected(at, std::string(key.form->expects) + " (" + *fault + ")");
    return nullptr;
  }
  return &at.text;
}

// A duration of whole `unit`s within the key's range.
std::optional<milliseconds> ValueReader::duration(milliseconds unit) const {
  const auto value = node.kind == YamlNode::Kind::scalar ? parse_duration(node.text) : std::nullopt;
  if (!value || value->count() % unit.count() != 0) {
    expected(node, "a duration such as " +
                       std::string(unit.count() == 1 ? "50ms or 1s" : "60s, 5m, 12h or 1d"));
    return std::nullopt;
  }
  if (value->count() < key.range.least || value->count() > key.range.most) {
    expected(node, range_text(key));
    return std::nullopt;
  }
  return value;
}

// The members of the key's list; empty after an error.
std::vector<const YamlNode*> ValueReader::members() const {
  std::vector<const YamlNode*> out;
  if (node.kind == YamlNode::Kind::scalar && has(key.rule, Rule::alone)) {
    out.push_back(&node);
  } else if (node.kind != YamlNode::Kind::list) {
    expected(node, has(key.rule, Rule::alone) ? type_text(key) : "a list such as [ a, b ]");
  } else if (node.items.empty() && has(key.rule, Rule::nonempty)) {
    reader.error(node, "'" + path(key) + "' must not be an empty list");
  } else if (node.items.size() > kListMost) {
    reader.error(node,
                 "'" + path(key) + "' has more than " + std::to_string(kListMost) + " members");
  } else {
    for (const auto& item : node.items) out.push_back(&item);
  }
  return out;
}

std::vector<std::string> ValueReader::texts(const YamlNode& list) const {
  std::vector<std::string> out;
  for (const auto& item : list.items) {
    if (const auto* value = text(item)) out.push_back(*value);
  }
  return out;
}

void ValueReader::operator()(VersionSlot) const {
  if (node.kind != YamlNode::Kind::scalar || node.text != "1") {
    expected(node, "1, the only version of the format that this program reads");
  }
}

void ValueReader::operator()(SectionSlot slot) const {
  reader.read_section(slot.section, node, target, seen);
}

void ValueReader::operator()(SectionListSlot) const {
  if (node.kind != YamlNode::Kind::list) return expected(node, "a list");
  if (node.items.empty() && has(key.rule, Rule::nonempty)) {
    return reader.error(node, "'" + path(key) + "' must not be an empty list");
  }
  reader.read_list_of_sections(key, node);
}

void ValueReader::operator()(const ChoiceSlot& slot) const {
  const auto at = node.kind == YamlNode::Kind::scalar
                      ? std::find(slot.names.begin(), slot.names.end(), node.text)
                      : slot.names.end();
  if (at == slot.names.end()) return expected(node, type_text(key));
  slot.set(target, static_cast<std::size_t>(at - slot.names.begin()));
}

// There is nothing that false could mean: whoever does not want the key leaves it out.
void ValueReader::operator()(Slot<bool> slot) const {
  if (node.kind != YamlNode::Kind::scalar || !node.plain || node.text != "true")
    return expected(node, "true");
  slot(target) = true;
}

void ValueReader::operator()(Slot<std::string> slot) const {
  if (const auto* value = text(node)) slot(target) = *value;
}

void ValueReader::operator()(Slot<std::vector<std::string>> slot) const {
  std::vector<std::string> out;
  for (const auto* member : members()) {
    const auto* value = text(*member);
    if (value == nullptr) continue;
    out.push_back(key.form == &kTyp ? plain_typ(*value) : *value);
  }
  auto& values = slot(target);
  if (!has(key.rule, Rule::append)) values.clear();
  for (auto& value : out) {
    if (std::find(values.begin(), values.end(), value) == values.end())
      values.push_back(std::move(value));
  }
}

void ValueReader::operator()(Slot<std::size_t> slot) const {
  const auto value =
      node.kind == YamlNode::Kind::scalar ? whole_number<std::int64_t>(node.text) : std::nullopt;
  if (!value || *value < key.range.least || *value > key.range.most) {
    return expected(node, "a whole number, " + range_text(key));
  }
  slot(target) = static_cast<std::size_t>(*value);
}

void ValueReader::operator()(Slot<seconds> slot) const {
  if (const auto value = duration(seconds(1)))
    slot(target) = std::chrono::duration_cast<seconds>(*value);
}

void ValueReader::operator()(Slot<milliseconds> slot) const {
  if (const auto value = duration(milliseconds(1))) slot(target) = *value;
}

void ValueReader::operator()(Slot<std::optional<seconds>> slot) const {
  if (const auto value = duration(seconds(1)))
    slot(target) = std::chrono::duration_cast<seconds>(*value);
}

void ValueReader::operator()(Slot<std::vector<jose::Algorithm>> slot) const {
  std::vector<jose::Algorithm> out;
  for (const auto* member : members()) {
    const auto* value = text(*member);
    const auto algorithm = value == nullptr ? std::nullopt : jose::find_algorithm(*value);
    if (algorithm && std::find(out.begin(), out.end(), *algorithm) == out.end())
      out.push_back(*algorithm);
  }
  slot(target) = std::move(out);
}

void ValueReader::operator()(Slot<std::optional<jose::SymmetricAlgorithm>> slot) const {
  if (const auto* value = text(node)) slot(target) = jose::find_symmetric_algorithm(*value);
}

void ValueReader::operator()(Slot<std::vector<claims::TokenKind>> slot) const {
  std::vector<claims::TokenKind> out;
  for (const auto* member : members()) {
    const auto* value = text(*member);
    if (value == nullptr) continue;
    const auto kind = *value == "id" ? claims::TokenKind::id : claims::TokenKind::access;
    if (std::find(out.begin(), out.end(), kind) == out.end()) out.push_back(kind);
  }
  slot(target) = std::move(out);
}

void ValueReader::operator()(Slot<std::vector<claims::RequiredClaim>> slot) const {
  if (node.kind != YamlNode::Kind::map)
    return expected(node, "names with what is required, such as { email_verified: true }");
  if (node.members.empty() && has(key.rule, Rule::nonempty))
    return reader.error(node, "'" + path(key) + "' must not be empty");
  if (node.members.size() > kListMost) return expected(node, "fewer names");
  std::map<std::string_view, int> lines;
  for (const auto& [name, value] : node.members) {
    const auto [it, fresh] = lines.try_emplace(name.text, name.line);
    if (!fresh) {
      reader.error(name, quoted(name.text) + " is required twice, first in line " +
                             std::to_string(it->second));
    } else if (const auto fault = key.form->fault(name.text)) {
      expected(name, std::string(key.form->expects) + " (" + *fault + ")");
    } else if (auto claim = read_requirement(name, value)) {
      slot(target).push_back(*std::move(claim));
    } else {
      expected(*claim.error().at, claim.error().expected);
    }
  }
}

void ValueReader::operator()(Slot<GroupMapValue> slot) const {
  if (node.kind != YamlNode::Kind::map)
    return expected(node, "claim values with their lists of local names");
  if (node.members.empty() && has(key.rule, Rule::nonempty))
    return reader.error(node, "'" + path(key) + "' must not be empty");
  if (node.members.size() > kListMost) return expected(node, "fewer claim values");
  std::map<std::string_view, int> lines;
  for (const auto& [name, value] : node.members) {
    const auto [it, fresh] = lines.try_emplace(name.text, name.line);
    if (!fresh) {
      reader.error(name, "the value " + quoted(name.text) + " is mapped twice, first in line " +
                             std::to_string(it->second));
    } else if (const auto fault = kAnyText.fault(name.text)) {
      expected(name, "a claim value (" + *fault + ")");
    } else if (value.kind != YamlNode::Kind::list || value.items.empty() ||
               value.items.size() > kListMost) {
      expected(value, "a list of 1 to " + std::to_string(kListMost) + " local names");
    } else {
      slot(target)[name.text] = texts(value);
    }
  }
}

// What is no such set may be a private key, so the message repeats nothing of it.
void ValueReader::operator()(Slot<issuer::InlineKeys> slot) const {
  auto keys = read_inline_keys(node);
  if (!keys) return reader.error(node, "'" + path(key) + "': expected " + std::move(keys).error());
  slot(target) = *std::move(keys);
}

}  // namespace latchkey::config
