// SPDX-License-Identifier: Apache-2.0
//
// Reads one node into the slot of its key: the types, forms and ranges of the key table. Used by
// the reader only.
#pragma once

#include "core/config/reader.h"

namespace latchkey::config {

struct ValueReader {
  Reader& reader;
  const Key& key;
  const YamlNode& node;
  const Target& target;
  Seen& seen;

  void operator()(VersionSlot) const;
  void operator()(SectionSlot slot) const;
  void operator()(SectionListSlot slot) const;
  void operator()(const ChoiceSlot& slot) const;
  void operator()(Slot<bool> slot) const;
  void operator()(Slot<std::string> slot) const;
  void operator()(Slot<std::vector<std::string>> slot) const;
  void operator()(Slot<std::size_t> slot) const;
  void operator()(Slot<std::chrono::seconds> slot) const;
  void operator()(Slot<std::chrono::milliseconds> slot) const;
  void operator()(Slot<std::optional<std::chrono::seconds>> slot) const;
  void operator()(Slot<std::vector<jose::Algorithm>> slot) const;
  void operator()(Slot<std::optional<jose::SymmetricAlgorithm>> slot) const;
  void operator()(Slot<std::vector<claims::TokenKind>> slot) const;
  void operator()(Slot<std::vector<claims::RequiredClaim>> slot) const;
  void operator()(Slot<GroupMapValue> slot) const;
  void operator()(Slot<issuer::InlineKeys> slot) const;

 private:
  void expected(const YamlNode& at, std::string_view what) const;
  const std::string* text(const YamlNode& at) const;
  std::optional<std::chrono::milliseconds> duration(std::chrono::milliseconds unit) const;
  std::vector<const YamlNode*> members() const;
  std::vector<std::string> texts(const YamlNode& list) const;
};

}  // namespace latchkey::config
