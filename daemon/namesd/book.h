// SPDX-License-Identifier: Apache-2.0
//
// What may be served: the names file, less everything that the local files have given away. One
// value a state of the files; immutable.
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

namespace latchkey::namesd {

class Book {
 public:
  using Names = accounts::Names;
  using Taken = accounts::TakenNames;

  Book(std::shared_ptr<const Names> names, std::shared_ptr<const Taken> taken)
      : names_(std::move(names)), taken_(std::move(taken)) {}

  // All that the file says; most of it is to be asked for through what follows.
  const Names& names() const { return *names_; }

  // Nothing where there is none, or where it is not ours to serve.
  const accounts::NamesUser* find_user(std::string_view name) const;
  const accounts::NamesUser* find_uid(std::uint32_t uid) const;
  std::optional<Names::Group> find_group(std::string_view name) const;
  std::optional<Names::Group> find_gid(std::uint32_t gid) const;

  // Whether a record or membership of the file may be served.
  bool serves(const accounts::NamesUser& user) const;
  bool serves(const Names::Group& group) const;
  bool serves(const accounts::NamesMember& member) const;

  // Whether neither name nor id is anybody's, here or in the local files, as user or as group.
  bool is_free(std::string_view name, std::uint32_t id) const;

  // Names of users and groups of the file that are not served, at most so many, and how many there
  // are.
  std::pair<std::vector<std::string>, std::size_t> withheld(std::size_t most) const;

 private:
  std::shared_ptr<const Names> names_;
  std::shared_ptr<const Taken> taken_;
};

}  // namespace latchkey::namesd
