// SPDX-License-Identifier: Apache-2.0
//
// Which names and ids the local files have given away, for whoever gives out others. Here a line
// counts by what any reader could make of it, where LocalAccounts asks who an account is: too much
// that is taken harms nobody. Immutable.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace latchkey::accounts {

class TakenNames {
 public:
  // The texts of /etc/passwd and /etc/group, whatever bytes they are. Every line that has a name
  // counts, the first of that name or not. Numbers are read as libc's strtoul(3) does.
  static TakenNames parse(std::string_view passwd, std::string_view group);

  // These, and what the texts of /etc/subuid and /etc/subgid (subuid(5)) give to users for their
  // containers: ids that nobody else may be given, though a record that has one is served.
  TakenNames with_subordinate(std::string_view subuid, std::string_view subgid) const;

  bool has_user(std::string_view name) const;
  // Whether all users of the other are there still.
  bool has_users_of(const TakenNames& other) const;
  bool has_group(std::string_view name) const;
  bool has_uid(std::uint32_t uid) const;
  // Of a group, or of a user as its own.
  bool has_gid(std::uint32_t gid) const;
  bool is_subordinate(std::uint32_t id) const;
  // Whether a line gives ids to that user, by name or number: they would be the next one's of it.
  bool has_subordinate(std::string_view name, std::uint32_t uid) const;
  // A group of that name, none of whose lines has the gid 0 or one that cannot be read.
  bool has_plain_group(std::string_view name) const;

 private:
  // All sorted.
  std::vector<std::string> users_;
  std::vector<std::string> groups_;
  std::vector<std::string> roots_;  // groups with such a line
  std::vector<std::uint32_t> uids_;
  std::vector<std::uint32_t> gids_;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> subordinate_;  // the first and the last
  std::vector<std::string> owners_;                                   // of those; sorted
};

}  // namespace latchkey::accounts
