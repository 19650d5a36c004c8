// SPDX-License-Identifier: Apache-2.0
//
// Internal to accounts: passwd(5) and group(5) line by line, cut as libc cuts them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace latchkey::accounts {

// Splits off what stands before `separator`; the last field takes all the rest.
inline std::string_view next_field(std::string_view& rest, char separator) {
  const auto end = std::min(rest.find(separator), rest.size());
  const auto field = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return field;
}

// A name that a passwd(5) or group(5) line can hold; NIS lines ("+", "-name") and comments are
// none.
inline bool entry_name(std::string_view name) {
  return !name.empty() && name.front() != '+' && name.front() != '-' && name.front() != '#' &&
         name.find('\0') == std::string_view::npos;
}

// The first `N` fields of a line; those that it lacks are empty. As in libc, blanks before the name
// count for nothing.
template <std::size_t N>
std::array<std::string_view, N> entry_fields(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of(" \t\v\f\r"), line.size()));
  std::array<std::string_view, N> out;
  for (auto& field : out) field = next_field(line, ':');
  return out;
}

}  // namespace latchkey::accounts
