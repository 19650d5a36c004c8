// SPDX-License-Identifier: Apache-2.0
#include "core/accounts/accounts_config.h"

#include <charconv>

namespace latchkey::accounts {
namespace {

bool read_number(std::string_view text, std::uint32_t& number) {
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  return error == std::errc{} && stopped == end;
}

}  // namespace

std::optional<IdRange> parse_range(std::string_view text) {
  const auto dash = text.find('-');
  IdRange range;
  if (dash == std::string_view::npos || !read_number(text.substr(0, dash), range.low) ||
      !read_number(text.substr(dash + 1), range.high) || !usable_range(range))
    return std::nullopt;
  return range;
}

NamesSettings AccountsConfig::settings(bool shown) const {
  return {.enumerate = enumerate,
          .provisional = shown,
          .ids = parse_range(ids).value_or(IdRange{}),
          .home = home,
          .shell = shell};
}

}  // namespace latchkey::accounts
