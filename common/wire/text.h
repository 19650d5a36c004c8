// SPDX-License-Identifier: Apache-2.0
//
// What wire and the module need of strings. The likes of string_view::substr and
// starts_with(string_view) may call into libstdc++ to throw, which neither links.
#pragma once

#include <cstring>
#include <string_view>

namespace latchkey::wire {

// Takes `start` off the front of `text`; false, with nothing changed, where it does not start so.
inline bool take(std::string_view& text, std::string_view start) noexcept {
  if (text.size() < start.size() || start.empty()) return start.empty();
  if (std::memcmp(text.data(), start.data(), start.size()) != 0) return false;
  text.remove_prefix(start.size());
  return true;
}

constexpr bool lower_hex(std::string_view text) noexcept {
  for (const char c : text) {
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
  }
  return true;
}

inline bool has_nul(std::string_view text) noexcept {
  return !text.empty() && std::memchr(text.data(), '\0', text.size()) != nullptr;
}

}  // namespace latchkey::wire
