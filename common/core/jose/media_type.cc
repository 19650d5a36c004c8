// SPDX-License-Identifier: Apache-2.0
#include "core/jose/media_type.h"

#include <algorithm>

namespace latchkey::jose {
namespace {

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equals_lower(std::string_view value, std::string_view lower_case) {
  return value.size() == lower_case.size() &&
         std::equal(value.begin(), value.end(), lower_case.begin(),
                    [](char a, char b) { return lower(a) == b; });
}

}  // namespace

bool is_media_type(std::string_view value, std::string_view name) {
  constexpr std::string_view kPrefix = "application/";
  if (value.size() > kPrefix.size() && equals_lower(value.substr(0, kPrefix.size()), kPrefix)) {
    value.remove_prefix(kPrefix.size());
  }
  return equals_lower(value, name);
}

}  // namespace latchkey::jose
