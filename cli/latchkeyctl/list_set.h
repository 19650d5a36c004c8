// SPDX-License-Identifier: Apache-2.0
//
// A revocation list as who makes it sees it: all entries of one version, each with its end and the
// reason that was given for it, by rising kind and digest. 56 bytes an entry.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/revocation/entry.h"
#include "core/revocation/list_chunk.h"

namespace latchkey::cli {

// Texts that many rows share; 0 is none.
class Reasons {
 public:
  std::uint32_t keep(const std::string& text);
  const std::string& text(std::uint32_t number) const { return texts_[number]; }

 private:
  std::vector<std::string> texts_{""};
  std::unordered_map<std::string, std::uint32_t> numbers_;
};

struct ListRow {
  revocation::Entry entry;
  std::uint32_t reason = 0;
};

using ListRows = std::vector<ListRow>;

// Sorts; of rows of one name the later moment and the later end stay, and the last reason.
void settle(ListRows& rows);

// Leaves out what has ended.
void drop_ended(ListRows& rows, WallTime now);

// What a step says: what it removes comes first.
struct ListChange {
  ListRows removed;
  ListRows added;
  ListRows reasons;  // of which only name and reason count

  bool empty() const { return removed.empty() && added.empty() && reasons.empty(); }
};

// Settled rows, and so the outcome.
ListRows apply(const ListRows& rows, ListChange change);

// What leads from the one to the other, both settled.
ListChange difference(const ListRows& from, const ListRows& to);

}  // namespace latchkey::cli
