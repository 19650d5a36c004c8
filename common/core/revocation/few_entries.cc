// SPDX-License-Identifier: Apache-2.0
#include "core/revocation/few_entries.h"

#include <algorithm>
#include <span>

namespace latchkey::revocation {
namespace {

// No end is the latest.
std::optional<WallTime> later(std::optional<WallTime> one, std::optional<WallTime> other) {
  if (!one || !other) return std::nullopt;
  return std::max(*one, *other);
}

}  // namespace

const FewEntries::Mark* FewEntries::find_settled(const Name& name) const {
  if (!settled_) return nullptr;
  const auto row =
      std::lower_bound(settled_->begin(), settled_->end(), name,
                       [](const Row& each, const Name& wanted) { return each.first < wanted; });
  return row != settled_->end() && row->first == name ? &row->second : nullptr;
}

const FewEntries::Mark* FewEntries::find(EntryKind kind, const NameDigest& digest) const {
  const Name name{kind, digest};
  const auto changed = changed_.find(name);
  if (changed == changed_.end()) return find_settled(name);
  return changed->second ? &*changed->second : nullptr;
}

void FewEntries::set(const Name& name, std::optional<Mark> mark) {
  const bool was = find(name.first, name.second) != nullptr;
  size_ = size_ + (mark ? 1 : 0) - (was ? 1 : 0);
  changed_.insert_or_assign(name, mark);
}

void FewEntries::add(const Entry& entry) {
  Mark mark{entry.before, entry.end};
  if (const Mark* there = find(entry.kind, entry.digest)) {
    mark = {std::max(there->before, mark.before), later(there->end, mark.end)};
    if (mark == *there) return;
  }
  set({entry.kind, entry.digest}, mark);
}

void FewEntries::remove(EntryKind kind, const NameDigest& digest) {
  if (find(kind, digest) != nullptr) set({kind, digest}, std::nullopt);
}

FewEntries FewEntries::merged(WallTime now) const {
  auto rows = std::make_shared<std::vector<Row>>();
  rows->reserve(size_);
  const auto keep = [&](const Name& name, const Mark& mark) {
    if (!mark.end || *mark.end > now) rows->emplace_back(name, mark);
  };
  auto changed = changed_.begin();
  const auto take_changed = [&] {
    if (changed->second) keep(changed->first, *changed->second);
    ++changed;
  };
  const std::span<const Row> settled = settled_ ? *settled_ : std::span<const Row>();
  for (const auto& [name, mark] : settled) {
    while (changed != changed_.end() && changed->first < name) take_changed();
    if (changed != changed_.end() && changed->first == name) continue;
    keep(name, mark);
  }
  while (changed != changed_.end()) take_changed();
  FewEntries out;
  out.size_ = rows->size();
  out.settled_ = std::move(rows);
  return out;
}

// A name that was changed before the merge is still among the changes: set() never takes one out.
FewEntries FewEntries::following(const FewEntries& merged, const FewEntries& from) const {
  FewEntries out = merged;
  for (const auto& [name, mark] : changed_) {
    const Mark* there = out.find(name.first, name.second);
    const Mark* had = from.find(name.first, name.second);
    if (mark && there == nullptr && had != nullptr && *had == *mark) continue;  // it has ended
    if (mark ? there == nullptr || *there != *mark : there != nullptr) out.set(name, mark);
  }
  return out;
}

std::size_t FewEntries::bytes() const {
  constexpr std::size_t kNodeBytes = 4 * sizeof(void*);
  return (settled_ ? settled_->capacity() * sizeof(Row) : 0) +
         changed_.size() * (sizeof(Row) + kNodeBytes);
}

}  // namespace latchkey::revocation
