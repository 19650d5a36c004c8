// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/revocation_book.h"

#include <sys/random.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "core/base/mutation.h"
#include "daemon/latchkeyd/service/page_memory.h"

namespace latchkey::latchkeyd {

using revocation::Entry;

RevocationBook::RevocationBook(std::span<const revocation::Revocation> stored)
    : names_(std::make_shared<const revocation::Names>()) {
  // Never short and never failing for so few bytes; a key that can be guessed would let collisions
  // be aimed.
  if (::getrandom(secret_.data(), secret_.size(), 0) != static_cast<ssize_t>(secret_.size()))
    std::abort();
  rows_.reserve(stored.size());
  for (const auto& each : stored) rows_.push_back({each.id, entry_of(each, *names_)});
  rebuild();
}

bool RevocationBook::over(const Row& row) const {
  return row.entry && row.entry->end &&
         LATCHKEY_FAILS(local_end_passed, *row.entry->end <= settled_);
}

void RevocationBook::rebuild() {
  const auto many = std::count_if(rows_.begin(), rows_.end(), [](const Row& row) {
    return row.entry && revocation::is_many(row.entry->kind);
  });
  revocation::SourceBuilder builder(secret_, static_cast<std::size_t>(many), WallTime{},
                                    std::make_shared<PageMemory>());
  first_end_.reset();
  last_ended_.reset();
  for (const Row& row : rows_) {
    if (!row.entry) continue;
    const auto& end = row.entry->end;
    if (over(row)) {
      last_ended_ = std::max(last_ended_.value_or(*end), *end);
      continue;
    }
    builder.add(*row.entry);
    if (end) first_end_ = std::min(first_end_.value_or(*end), *end);
  }
  source_ = std::make_shared<const revocation::Source>(builder.finish());
}

std::vector<RevocationBook::Row>::iterator RevocationBook::at(std::int64_t id) {
  return std::lower_bound(rows_.begin(), rows_.end(), id,
                          [](const Row& row, std::int64_t wanted) { return row.id < wanted; });
}

void RevocationBook::change(std::span<const Entry> removed, std::span<const Entry> added) {
  revocation::Source next = source_->with(removed, added);
  // Nothing is forgotten by that: settle() lets go of what has ended.
  if (next.wants_merge()) next = next.merged(WallTime{});
  source_ = std::make_shared<const revocation::Source>(std::move(next));
}

void RevocationBook::add(std::span<const revocation::Revocation> revocations) {
  std::vector<Entry> added;
  for (const auto& each : revocations) {
    auto entry = entry_of(each, *names_);
    const auto place = at(each.id);
    const bool known = place != rows_.end() && place->id == each.id;
    if (!known) {
      rows_.insert(place, {each.id, entry});
    } else if (place->entry && entry && place->entry->digest == entry->digest &&
               place->entry->end && (!entry->end || *entry->end > *place->entry->end)) {
      place->entry->end = entry->end;
    } else {
      continue;
    }
    if (!entry) continue;
    added.push_back(*entry);
    if (entry->end) first_end_ = std::min(first_end_.value_or(*entry->end), *entry->end);
  }
  if (!added.empty()) change({}, added);
}

// Whoever of the others names the same is said again, with what it says of the moment.
void RevocationBook::remove(std::int64_t id) {
  const auto place = at(id);
  if (place == rows_.end() || place->id != id) return;
  const auto gone = place->entry;
  rows_.erase(place);
  if (!gone) return;
  std::vector<Entry> stay;
  for (const Row& other : rows_) {
    if (other.entry && other.entry->kind == gone->kind && other.entry->digest == gone->digest &&
        !over(other))
      stay.push_back(*other.entry);
  }
  change({&*gone, 1}, stay);
}

bool RevocationBook::settle(WallTime now) {
  const bool ended = first_end_ && *first_end_ <= now;
  const bool again = last_ended_ && *last_ended_ > now;
  settled_ = now;
  if (!ended && !again) return false;
  rebuild();
  return true;
}

void RevocationBook::forget(WallTime ended) {
  std::erase_if(rows_, [&](const Row& row) {
    return row.entry && row.entry->end && *row.entry->end <= ended;
  });
  rebuild();
}

std::shared_ptr<const revocation::RevocationSet> RevocationBook::set(
    revocation::RevocationSet::Sources others, revocation::RevocationSet::Called called) const {
  others.insert(others.begin(), source_);
  called.emplace(source_.get(), "the local store");
  return std::make_shared<const revocation::RevocationSet>(secret_, names_, std::move(others),
                                                           std::move(called));
}

}  // namespace latchkey::latchkeyd
