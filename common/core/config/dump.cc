// SPDX-License-Identifier: Apache-2.0
#include "core/config/dump.h"

#include <algorithm>
#include <cstdint>

#include "core/config/keys.h"

namespace latchkey::config {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

bool is_plain(std::string_view text) {
  const auto word = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  if (text.empty() || (!word(text.front()) && text.front() != '/')) return false;
  if (text == "null" || text == "Null" || text == "NULL") return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (word(text[i]) || std::string_view("/._+@-").find(text[i]) != std::string_view::npos)
      continue;
    if (text[i] == ':' && i + 1 < text.size() && text[i + 1] == '/') continue;  // a URL's
    return false;
  }
  return true;
}

// Configured text has no control characters (forms.h), so quotes and backslashes are all that needs
// an escape.
std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string scalar(std::string_view text) {
  return is_plain(text) ? std::string(text) : in_quotes(text);
}

std::string scalar(jose::Algorithm algorithm) {
  return std::string(jose::algorithm_name(algorithm));
}

std::string scalar(claims::TokenKind kind) {
  return kind == claims::TokenKind::id ? "id" : "access";
}

std::string scalar(const claims::RequiredValue& value) {
  switch (value.kind) {
    case claims::RequiredValue::Kind::boolean:
      return value.boolean ? "true" : "false";
    case claims::RequiredValue::Kind::integer:
      return std::to_string(value.integer);
    case claims::RequiredValue::Kind::text:
      return in_quotes(value.text);
  }
  return "";
}

template <typename Values>
std::string list(const Values& values) {
  std::string out = "[";
  for (const auto& value : values) {
    if (out.size() > 1) out += ", ";
    out += scalar(value);
  }
  return out + ']';
}

std::string bound(std::string_view name, const std::optional<std::int64_t>& number) {
  return number ? std::string(name) + ": " + std::to_string(*number) : "";
}

// As requirement_reader.h has it.
std::string scalar(const claims::RequiredClaim& claim) {
  using Match = claims::RequiredClaim::Match;
  switch (claim.match) {
    case Match::equals:
      return scalar(claim.values.front());
    case Match::one_of:
      return "{one_of: " + list(claim.values) + '}';
    case Match::contains:
      return "{contains: " + scalar(claim.values.front()) + '}';
    case Match::present:
      return "{present: true}";
    case Match::range:
      return '{' + bound("min", claim.least) + (claim.least && claim.most ? ", " : "") +
             bound("max", claim.most) + '}';
  }
  return "";
}

enum class Marks : std::uint8_t { none, presets };

std::string section_text(Section section, const Target& target, const std::string& indent,
                         Marks marks);

// The value of one key behind its colon; empty where it is unset.
struct ValueWriter {
  const Key& key;
  const Target& target;
  const std::string& indent;
  Marks marks;

  std::string operator()(VersionSlot) const { return " 1\n"; }
  std::string operator()(SectionSlot slot) const {
    if (target.rule != nullptr && (slot.section == Section::deny) != target.rule->denies) return "";
    const auto text = section_text(slot.section, target, indent + "  ", marks);
    return text.empty() ? "" : '\n' + text;
  }
  std::string operator()(SectionListSlot slot) const {
    std::string out;
    const auto add = [&](const Target& member) {
      auto text = section_text(slot.section, member, indent + "    ", marks);
      text.replace(indent.size(), 4, "  - ");
      out += text;
    };
    if (slot.section == Section::issuer) {
      for (auto& issuer : target.config->issuers) add({.issuer = &issuer});
    } else if (slot.section == Section::rule) {
      for (auto& rule : target.config->access) add({.rule = &rule});
    } else if (slot.section == Section::revocation_list) {
      for (auto& list : target.config->revocation.lists) add({.list = &list});
    } else if (slot.section == Section::revocation_status_list) {
      for (auto& list : target.config->revocation.status_lists) add({.status_list = &list});
    } else if (slot.section == Section::revocation_events) {
      for (auto& events : target.config->revocation.events) add({.events = &events});
    } else {
      for (auto& stream : target.config->revocation.streams) add({.stream = &stream});
    }
    return out.empty() ? "" : '\n' + out;
  }
  std::string operator()(const ChoiceSlot& slot) const {
    return line(std::string(slot.names[slot.get(target)]));
  }
  std::string operator()(Slot<bool> slot) const { return slot(target) ? " true\n" : ""; }
  std::string operator()(Slot<std::string> slot) const {
    return line(slot(target).empty() ? "" : scalar(slot(target)));
  }
  std::string operator()(Slot<std::size_t> slot) const {
    return line(std::to_string(slot(target)));
  }
  std::string operator()(Slot<seconds> slot) const { return line(format_duration(slot(target))); }
  std::string operator()(Slot<milliseconds> slot) const {
    return line(format_duration(slot(target)));
  }
  std::string operator()(Slot<std::optional<jose::SymmetricAlgorithm>> slot) const {
    const auto& algorithm = slot(target);
    return line(algorithm ? std::string(jose::algorithm_name(*algorithm)) : "");
  }
  std::string operator()(Slot<std::optional<seconds>> slot) const {
    const auto& duration = slot(target);
    return line(duration ? format_duration(*duration) : "");
  }
  std::string operator()(Slot<std::vector<claims::RequiredClaim>> slot) const {
    std::string out;
    for (const auto& claim : slot(target))
      out += indent + "  " + in_quotes(claim.name) + ": " + scalar(claim) + '\n';
    return out.empty() ? "" : '\n' + out;
  }
  std::string operator()(Slot<issuer::InlineKeys> slot) const {
    const auto& keys = slot(target);
    return line(keys.document.empty() ? "" : in_quotes(keys.document));
  }
  std::string operator()(Slot<GroupMapValue> slot) const {
    std::string out;
    for (const auto& [value, groups] : slot(target))
      out += indent + "  " + in_quotes(value) + ": " + list(groups) + '\n';
    return out.empty() ? "" : '\n' + out;
  }
  template <typename Member>
  std::string operator()(Slot<std::vector<Member>> slot) const {
    // An empty 'managed' says something: that no regular user is managed by being one. So does an
    // empty list of the services that refuse.
    const bool said = (key.name == "managed" && !target.config->managed.regular_users) ||
                      key.name.ends_with("_refuses");
    const auto& values = slot(target);
    if (values.size() == 1 && has(key.rule, Rule::alone)) return line(scalar(values.front()));
    return values.empty() && !said ? "" : line(list(values));
  }

 private:
  static std::string line(const std::string& text) { return text.empty() ? "" : ' ' + text + '\n'; }
};

// Of the ways to name somebody one is in force.
bool names_by(std::string_view name, const claims::ClaimsPolicy& claims) {
  if (name == "table_claim") return !claims.user_table.empty();
  if (name == "template") return claims.user_table.empty();
  if (name == "claim" || name == "strip_suffix")
    return claims.user_table.empty() && claims.user_template.empty();
  return true;
}

// How an issuer is asked about tokens means nothing where it is not.
bool in_force(const Key& key, const Target& target) {
  if (target.issuer == nullptr) return true;
  const auto& config = target.issuer->config;
  if (key.section == Section::user) return names_by(key.name, config.claims);
  if (key.section == Section::groups) return !config.claims.group_claim.empty();
  return config.introspection.on() || key.section != Section::issuer ||
         (!key.name.starts_with("introspection_") && key.name != "opaque_tokens");
}

bool from_preset(const Key* key, const Target& target) {
  if (target.issuer == nullptr) return false;
  const auto& keys = target.issuer->from_preset;
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

std::string section_text(Section section, const Target& target, const std::string& indent,
                         Marks marks) {
  std::string out;
  for (const auto* key : keys_of(section)) {
    if (!in_force(*key, target)) continue;
    auto value = std::visit(ValueWriter{*key, target, indent, marks}, key->slot);
    if (value.empty()) continue;
    if (marks == Marks::presets && from_preset(key, target))
      value.insert(value.size() - 1, "  # by provider: " + target.issuer->config.provider);
    out += indent;
    out += key->name;
    out += ':';
    out += value;
  }
  return out;
}

}  // namespace

// The table's functions give references to change; a copy keeps the promise of const.
std::string dump(const Config& config) {
  Config copy = config;
  return section_text(Section::root, {.config = &copy}, "", Marks::none);
}

std::string marked_dump(const Config& config) {
  Config copy = config;
  return section_text(Section::root, {.config = &copy}, "", Marks::presets);
}

std::string dump(const ListSource& list) {
  ListSource copy = list;
  return section_text(Section::revocation_list, {.list = &copy}, "", Marks::none);
}

std::string dump(const StreamSource& stream) {
  StreamSource copy = stream;
  return section_text(Section::revocation_stream, {.stream = &copy}, "", Marks::none);
}

std::string dump(const StatusListSource& list) {
  StatusListSource copy = list;
  return section_text(Section::revocation_status_list, {.status_list = &copy}, "", Marks::none);
}

std::string dump(const EventSource& events) {
  EventSource copy = events;
  return section_text(Section::revocation_events, {.events = &copy}, "", Marks::none);
}

std::string dump(const claims::RequiredClaim& claim) { return scalar(claim); }

std::string dump(const Issuer& issuer) {
  Issuer copy = issuer;
  return section_text(Section::issuer, {.issuer = &copy}, "", Marks::none);
}

}  // namespace latchkey::config
