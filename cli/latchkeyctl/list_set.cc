// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkeyctl/list_set.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace latchkey::cli {
namespace {

auto name_of(const ListRow& row) { return std::tie(row.entry.kind, row.entry.digest); }
bool before(const ListRow& one, const ListRow& other) { return name_of(one) < name_of(other); }
bool same(const ListRow& one, const ListRow& other) { return name_of(one) == name_of(other); }

// No end is the latest.
std::optional<WallTime> later(std::optional<WallTime> one, std::optional<WallTime> other) {
  if (!one || !other) return std::nullopt;
  return std::max(*one, *other);
}

// Goes over two settled lists at once: rows of the first alone, of both, of the second alone.
template <typename First, typename Both, typename Second>
void beside(const ListRows& first, const ListRows& second, First of_first, Both of_both,
            Second of_second) {
  auto one = first.begin();
  auto other = second.begin();
  while (one != first.end() || other != second.end()) {
    if (other == second.end() || (one != first.end() && before(*one, *other))) {
      of_first(*one++);
    } else if (one == first.end() || before(*other, *one)) {
      of_second(*other++);
    } else {
      of_both(*one++, *other++);
    }
  }
}

constexpr auto kNothing = [](const auto&...) {};

}  // namespace

std::uint32_t Reasons::keep(const std::string& text) {
  if (text.empty()) return 0;
  const auto [known, fresh] = numbers_.try_emplace(text, static_cast<std::uint32_t>(texts_.size()));
  if (fresh) texts_.push_back(text);
  return known->second;
}

void settle(ListRows& rows) {
  std::stable_sort(rows.begin(), rows.end(), before);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (kept == 0 || !same(rows[kept - 1], rows[i])) {
      rows[kept++] = rows[i];
      continue;
    }
    ListRow& row = rows[kept - 1];
    row.entry.before = std::max(row.entry.before, rows[i].entry.before);
    row.entry.end = later(row.entry.end, rows[i].entry.end);
    if (rows[i].reason != 0) row.reason = rows[i].reason;
  }
  rows.resize(kept);
}

void drop_ended(ListRows& rows, WallTime now) {
  std::erase_if(rows, [now](const ListRow& row) { return row.entry.end && *row.entry.end <= now; });
}

ListRows apply(const ListRows& rows, ListChange change) {
  settle(change.removed);
  ListRows stay;
  stay.reserve(rows.size() + change.added.size());
  const auto keep = [&](const ListRow& row) { stay.push_back(row); };
  beside(rows, change.removed, keep, kNothing, kNothing);
  stay.insert(stay.end(), change.added.begin(), change.added.end());
  settle(stay);
  settle(change.reasons);
  ListRows out;
  out.reserve(stay.size());
  beside(
      stay, change.reasons, [&](const ListRow& row) { out.push_back(row); },
      [&](const ListRow& row, const ListRow& reason) {
        out.push_back(row);
        out.back().reason = reason.reason;
      },
      kNothing);
  return out;
}

// A row that says something else is removed and added, so that it may say less, too.
ListChange difference(const ListRows& from, const ListRows& to) {
  ListChange change;
  const auto add = [&](const ListRow& row) {
    change.added.push_back(row);
    if (row.reason != 0) change.reasons.push_back(row);
  };
  beside(
      from, to, [&](const ListRow& row) { change.removed.push_back(row); },
      [&](const ListRow& was, const ListRow& is) {
        if (was.entry == is.entry) {
          if (was.reason != is.reason && is.reason != 0) change.reasons.push_back(is);
          return;
        }
        change.removed.push_back(was);
        add(is);
      },
      add);
  return change;
}

}  // namespace latchkey::cli
