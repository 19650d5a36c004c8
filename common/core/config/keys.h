// SPDX-License-Identifier: Apache-2.0
//
// The table of configuration keys: section, type, range, default, meaning, and where the value
// goes. The parser, the effective dump, the commented example and the manual page are all read off
// this one table; a key that is not in it does not exist.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/config/config.h"
#include "core/config/forms.h"

namespace latchkey::config {

enum class Section : std::uint8_t {
  root,
  budgets,
  sessions,
  accounts,
  issuer,
  user,
  groups,
  introspection_client,
  opaque_tokens,
  rule,
  allow,
  deny,
  revocation,
  revocation_list,
  revocation_stream,
  revocation_status_list,
  revocation_events,
};

// The values that a section's keys fill. Each pointer is set where the section (or one around it)
// is of that kind.
struct Target {
  Config* config = nullptr;
  Issuer* issuer = nullptr;
  policy::AccessRule* rule = nullptr;
  ListSource* list = nullptr;
  StreamSource* stream = nullptr;
  StatusListSource* status_list = nullptr;
  EventSource* events = nullptr;
};

// Where a key's value lives, which is also its type.
template <typename Value>
using Slot = Value& (*)(const Target&);
struct VersionSlot {};
struct SectionSlot {  // a map with keys of its own
  Section section;
};
struct SectionListSlot {  // a list of such maps
  Section section;
};
struct ChoiceSlot {  // an enumerator, by its place among the names
  std::span<const std::string_view> names;
  std::size_t (*get)(const Target&);
  void (*set)(const Target&, std::size_t);
};
using GroupMapValue = std::map<std::string, std::vector<std::string>, std::less<>>;
using AnySlot =
    std::variant<VersionSlot, SectionSlot, SectionListSlot, ChoiceSlot, Slot<bool>,
                 Slot<std::string>, Slot<std::vector<std::string>>, Slot<std::size_t>,
                 Slot<std::chrono::seconds>, Slot<std::chrono::milliseconds>,
                 Slot<std::optional<std::chrono::seconds>>, Slot<std::vector<jose::Algorithm>>,
                 Slot<std::optional<jose::SymmetricAlgorithm>>,
                 Slot<std::vector<claims::TokenKind>>, Slot<std::vector<claims::RequiredClaim>>,
                 Slot<GroupMapValue>, Slot<issuer::InlineKeys>>;

enum class Rule : std::uint8_t {
  none = 0,
  required = 1,  // must be there
  nonempty = 2,  // a list with at least one member
  append = 4,    // of the root: every file may add to it
  shown = 8,     // stands in the commented example, though it is optional
  alone = 16,    // of a list of texts: a member may stand without its brackets
};
constexpr Rule operator|(Rule a, Rule b) {
  return static_cast<Rule>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
constexpr bool has(Rule set, Rule one) {
  return (static_cast<unsigned>(set) & static_cast<unsigned>(one)) != 0;
}

// Durations in milliseconds, counts as they are.
struct Range {
  std::int64_t least = 0;
  std::int64_t most = 0;
};

struct Key {
  Section section;
  std::string_view name;
  AnySlot slot;
  const Form* form = nullptr;  // of a text or of a list's members
  Range range;                 // of a duration or a count
  Rule rule = Rule::none;
  std::string_view standard;  // the default as YAML; empty: unset
  std::string_view example;   // as YAML, for the commented example
  std::string_view meaning;   // for the administrator, in whole sentences
};

// The whole table, section by section, in the order in which dump and manual show it.
std::span<const Key> keys();

// The keys of one section, in the same order.
std::vector<const Key*> keys_of(Section section);

const Key* find_key(Section section, std::string_view name);

// "issuers[].user.claim"
std::string path(const Key& key);

// What kind of value the key takes, in words: "duration", "list of https origins", …
std::string type_text(const Key& key);

// The range in words ("1s to 5m"), or nothing.
std::string range_text(const Key& key);

}  // namespace latchkey::config
