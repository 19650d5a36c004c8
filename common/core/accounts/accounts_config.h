// SPDX-License-Identifier: Apache-2.0
//
// Whether and how accounts are made for people who are known nowhere (`accounts:`). Filled by
// config/ only.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/accounts/names_file.h"

namespace latchkey::accounts {

struct AccountsConfig {
  bool make = false;                          // at a first sign-in
  std::string ids = "1879048192-2147352575";  // parse_range() reads it
  std::string home = "/home/%u";
  std::string shell = "/bin/bash";
  std::vector<std::string> groups;    // of the file, besides those that the host has
  std::vector<std::string> reserved;  // names of which no account is made, besides the usual ones
  bool enumerate = false;
  std::optional<std::chrono::seconds> lock_unseen_after;

  // `shown`: sshd is shown names that are nowhere.
  NamesSettings settings(bool shown) const;
};

// "LOWEST-HIGHEST" of a usable range.
std::optional<IdRange> parse_range(std::string_view text);

}  // namespace latchkey::accounts
