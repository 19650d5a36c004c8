// SPDX-License-Identifier: Apache-2.0
//
// Which names and ids the local files have given away, for whoever gives out others. Here a line
// counts by what any reader could make of it, where LocalAccounts asks who an account is: too much
// that is taken harms nobody. Immutable.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace latchkey::accounts {

class TakenNames {
 public:
  // The texts of /etc/passwd and /etc/group, whatever bytes they are. Every line that has a name
  // counts, the first of that name or not. Numbers are read as libc's strtoul(3) does.
  static TakenNames parse(std::string_view passwd, std::string_view group);

  bool has_user(std::string_view name) const;
  bool has_group(std::string_view name) const;
  bool has_uid(std::uint32_t uid) const;
  // Of a group, or of a user as its own.
  bool has_gid(std::uint32_t gid) const;
  // A group of that name, none of whose lines has the gid 0 or one that cannot be read.
  bool has_plain_group(std::string_view name) const;

 private:
  // All sorted.
  std::vector<std::string> users_;
  std::vector<std::string> groups_;
  std::vector<std::string> roots_;  // groups with such a line
  std::vector<std::uint32_t> uids_;
  std::vector<std::uint32_t> gids_;
};

}  // namespace latchkey::accounts
