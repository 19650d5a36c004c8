// SPDX-License-Identifier: Apache-2.0
//
// What a key is, in words: for messages, the manual and the dump.
#include "core/config/keys.h"

namespace latchkey::config {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using MaybeSeconds = std::optional<seconds>;

std::string_view prefix(Section section) {
  switch (section) {
    case Section::root:
      return "";
    case Section::budgets:
      return "budgets.";
    case Section::sessions:
      return "sessions.";
    case Section::accounts:
      return "accounts.";
    case Section::issuer:
      return "issuers[].";
    case Section::user:
      return "issuers[].user.";
    case Section::groups:
      return "issuers[].groups.";
    case Section::introspection_client:
      return "issuers[].introspection_client.";
    case Section::opaque_tokens:
      return "issuers[].opaque_tokens.";
    case Section::rule:
      return "access[].";
    case Section::allow:
      return "access[].allow.";
    case Section::deny:
      return "access[].deny.";
    case Section::revocation:
      return "revocation.";
    case Section::revocation_list:
      return "revocation.lists[].";
    case Section::revocation_stream:
      return "revocation.streams[].";
    case Section::revocation_status_list:
      return "revocation.status_lists[].";
    case Section::revocation_events:
      return "revocation.events[].";
  }
  return "";
}

// The type of a value in words, by the slot that takes it.
struct TypeName {
  const Form* form;

  std::string operator()(VersionSlot) const { return "1"; }
  std::string operator()(SectionSlot) const { return "section"; }
  std::string operator()(SectionListSlot) const { return "list of sections"; }
  // "a, b or c"
  std::string operator()(const ChoiceSlot& slot) const {
    std::string out;
    for (const auto name : slot.names) {
      if (!out.empty()) out += name == slot.names.back() ? " or " : ", ";
      out += name;
    }
    return out;
  }
  std::string operator()(Slot<bool>) const { return "true"; }
  std::string operator()(Slot<std::string>) const { return std::string(form->expects); }
  std::string operator()(Slot<std::optional<jose::SymmetricAlgorithm>>) const {
    return std::string(form->expects);
  }
  std::string operator()(Slot<std::size_t>) const { return "number"; }
  std::string operator()(Slot<seconds>) const { return "duration"; }
  std::string operator()(Slot<milliseconds>) const { return "duration"; }
  std::string operator()(Slot<MaybeSeconds>) const { return "duration"; }
  std::string operator()(Slot<std::vector<claims::RequiredClaim>>) const {
    return "map of names and what is required";
  }
  std::string operator()(Slot<issuer::InlineKeys>) const { return "JWK set"; }
  std::string operator()(Slot<GroupMapValue>) const {
    return "map of claim values and lists of local names";
  }
  template <typename Members>
  std::string operator()(Slot<std::vector<Members>>) const {
    return "list, each " + std::string(form->expects);
  }
};

bool is_duration(const Key& key) {
  return std::holds_alternative<Slot<seconds>>(key.slot) ||
         std::holds_alternative<Slot<milliseconds>>(key.slot) ||
         std::holds_alternative<Slot<MaybeSeconds>>(key.slot);
}

}  // namespace

std::string path(const Key& key) {
  return std::string(prefix(key.section)) + std::string(key.name);
}

std::string type_text(const Key& key) {
  if (has(key.rule, Rule::alone)) return std::string(key.form->expects) + " or a list";
  return std::visit(TypeName{key.form}, key.slot);
}

std::string range_text(const Key& key) {
  if (is_duration(key)) {
    return format_duration(milliseconds(key.range.least)) + " to " +
           format_duration(milliseconds(key.range.most));
  }
  if (std::holds_alternative<Slot<std::size_t>>(key.slot)) {
    return std::to_string(key.range.least) + " to " + std::to_string(key.range.most);
  }
  return "";
}

}  // namespace latchkey::config
