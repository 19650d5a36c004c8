// SPDX-License-Identifier: Apache-2.0
//
// The YAML of a configuration file as a plain tree. It takes a small YAML: maps, lists and scalars.
// Anchors, aliases, merge keys, tags and several documents are refused: they let a small text mean
// a large or a surprising one. Nothing is dropped, a duplicate key least of all, and every node
// knows where it stands. yaml-cpp is behind it and nowhere else.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

#include "core/config/source.h"

namespace latchkey::config {

inline constexpr std::size_t kYamlDepth = 16;
inline constexpr std::size_t kYamlNodes = 65'536;

struct YamlMember;

struct YamlNode {
  enum class Kind : std::uint8_t { null, scalar, list, map };
  Kind kind = Kind::null;
  bool plain = false;               // a scalar without quotes
  std::string text;                 // of a scalar
  std::vector<YamlNode> items;      // of a list
  std::vector<YamlMember> members;  // of a map, in order, duplicates included
  int line = 0;
  int column = 0;
};

struct YamlMember {
  YamlNode first;  // the key, a scalar
  YamlNode second;
};

// A whole file (any bytes, up to limits::kConfigBytes). An empty one is an empty map; anything but
// a map at the top is an error. Gives the first error of the file.
tl::expected<YamlNode, ConfigError> parse_yaml(const SourceText& source);

// A single value without a file around it, such as a default of the key table.
tl::expected<YamlNode, ConfigError> parse_yaml_value(std::string_view text);

}  // namespace latchkey::config
