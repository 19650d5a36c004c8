// SPDX-License-Identifier: Apache-2.0
//
// Internal to the names file: what its page demands of single records and of all together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "core/accounts/names_file.h"

namespace latchkey::accounts::names_rules {

// Where a record stands.
enum class Table : std::uint8_t { settings, users, groups, members };

struct Objection {
  Table table = Table::settings;
  std::size_t place = 0;  // in the table; in `settings`: 0 ids, 1 home, 2 shell
  std::string what;
};

// Of sorted tables; that they are is looked at, too, for a name that stands there twice. The first
// record with something wrong about it by itself, else the first that another one contradicts.
std::optional<Objection> objection(const NamesContent& content);

}  // namespace latchkey::accounts::names_rules
