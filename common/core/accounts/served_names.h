// SPDX-License-Identifier: Apache-2.0
//
// What may be served: the names file, less everything that the local files have given away. One
// value a state of the files; immutable. latchkeyd, which writes the names file, sees by it what
// latchkey-namesd shows to the host.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/accounts/names_file.h"
#include "core/accounts/taken_names.h"

namespace latchkey::accounts {

class ServedNames {
 public:
  ServedNames(std::shared_ptr<const Names> names, std::shared_ptr<const TakenNames> taken)
      : names_(std::move(names)), taken_(std::move(taken)) {}

  // All that the file says; most of it is to be asked for through what follows.
  const Names& names() const { return *names_; }
  const TakenNames& taken() const { return *taken_; }

  // Nothing where there is none, or where it is not ours to serve.
  const NamesUser* find_user(std::string_view name) const;
  const NamesUser* find_uid(std::uint32_t uid) const;
  std::optional<Names::Group> find_group(std::string_view name) const;
  std::optional<Names::Group> find_gid(std::uint32_t gid) const;

  // Whether a record or membership of the file may be served.
  bool serves(const NamesUser& user) const;
  bool serves(const Names::Group& group) const;
  bool serves(const NamesMember& member) const;

  // The id that a name would have that is nowhere yet; nothing where the name is none that an
  // account is made for, or where name or id are anybody's, here or in the local files, as user or
  // as group.
  std::optional<std::uint32_t> free_id(std::string_view name) const;

  // Names of users and groups of the file that are not served, at most so many, and how many there
  // are.
  std::pair<std::vector<std::string>, std::size_t> withheld(std::size_t most) const;

 private:
  std::shared_ptr<const Names> names_;
  std::shared_ptr<const TakenNames> taken_;
};

}  // namespace latchkey::accounts
