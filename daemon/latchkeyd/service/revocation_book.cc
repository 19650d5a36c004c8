// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/revocation_book.h"

#include <sys/random.h>

#include <algorithm>
#include <cstdlib>
#include <tuple>
#include <utility>

#include "core/base/mutation.h"
#include "daemon/latchkeyd/service/page_memory.h"

namespace latchkey::latchkeyd {

using revocation::Entry;

namespace {

// By what they name, whatever they say of it.
bool comes_first(const Entry& one, const Entry& other) {
  return std::tie(one.kind, one.digest) < std::tie(other.kind, other.digest);
}

}  // namespace

RevocationBook::RevocationBook(std::span<const revocation::Revocation> stored)
    : names_(std::make_shared<const revocation::Names>()) {
  // Never short and never failing for so few bytes; a key that can be guessed would let collisions
  // be aimed.
  if (::getrandom(secret_.data(), secret_.size(), 0) != static_cast<ssize_t>(secret_.size()))
    std::abort();
  rows_.reserve(stored.size());
  for (const auto& each : stored) rows_.push_back({each.id, entry_of(each, *names_)});
  build();
}

bool RevocationBook::over(const Row& row, WallTime at) {
  return row.entry && row.entry->end && LATCHKEY_FAILS(local_end_passed, *row.entry->end <= at);
}

void RevocationBook::build() {
  const auto many = std::count_if(rows_.begin(), rows_.end(), [](const Row& row) {
    return row.entry && revocation::is_many(row.entry->kind);
  });
  revocation::SourceBuilder builder(secret_, static_cast<std::size_t>(many), WallTime{},
                                    std::make_shared<PageMemory>());
  for (const Row& row : rows_) {
    if (row.entry) builder.add(*row.entry);
    note_end(row);
  }
  source_ = std::make_shared<const revocation::Source>(builder.finish());
}

void RevocationBook::note_end(const Row& row) {
  if (!row.entry || !row.entry->end) return;
  const WallTime end = *row.entry->end;
  if (over(row, settled_))
    last_ended_ = std::max(last_ended_.value_or(end), end);
  else
    first_end_ = std::min(first_end_.value_or(end), end);
}

std::vector<RevocationBook::Row>::iterator RevocationBook::at(std::int64_t id) {
  return std::lower_bound(rows_.begin(), rows_.end(), id,
                          [](const Row& row, std::int64_t wanted) { return row.id < wanted; });
}

void RevocationBook::change(std::span<const Entry> removed, std::span<const Entry> added) {
  source_ = std::make_shared<const revocation::Source>(source_->with(removed, added));
}

// Nothing is forgotten by that: settle() lets go of what has ended.
void RevocationBook::merge_in(Executor& builder, Executor& control, SourceMerger::Publish publish) {
  merger_.consider(builder, control, source_, WallTime{}, std::move(publish));
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
    const Row row{each.id, entry};
    note_end(row);
    if (entry && !over(row, settled_)) added.push_back(*entry);
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
  replace({*gone}, {});
}

bool RevocationBook::settle(WallTime now) {
  const bool ended = first_end_ && *first_end_ <= now;
  const bool again = last_ended_ && *last_ended_ > now;
  const WallTime before = std::exchange(settled_, now);
  if (!ended && !again) return false;
  std::vector<Entry> gone;
  std::vector<Entry> said;
  first_end_.reset();
  last_ended_.reset();
  for (const Row& row : rows_) {
    note_end(row);
    if (over(row, before) == over(row, now)) continue;
    (over(row, now) ? gone : said).push_back(*row.entry);
  }
  replace(std::move(gone), std::move(said));
  return true;
}

// Whoever of the others names the same as one that goes is said again.
void RevocationBook::replace(std::vector<Entry> gone, std::vector<Entry> said) {
  if (gone.empty() && said.empty()) return;
  std::sort(gone.begin(), gone.end(), comes_first);
  for (const Row& row : rows_) {
    if (row.entry && !over(row, settled_) &&
        std::binary_search(gone.begin(), gone.end(), *row.entry, comes_first))
      said.push_back(*row.entry);
  }
  change(gone, said);
}

// Most have ended before, and the source says nothing of them; not where the clock was set back.
bool RevocationBook::forget(WallTime ended) {
  std::vector<Entry> gone;
  std::erase_if(rows_, [&](const Row& row) {
    if (!row.entry || !row.entry->end || *row.entry->end > ended) return false;
    if (!over(row, settled_)) gone.push_back(*row.entry);
    return true;
  });
  first_end_.reset();
  last_ended_.reset();
  for (const Row& row : rows_) note_end(row);
  const bool changed = !gone.empty();
  replace(std::move(gone), {});
  return changed;
}

std::shared_ptr<const revocation::RevocationSet> RevocationBook::set(
    revocation::RevocationSet::Sources others, revocation::RevocationSet::Called called) const {
  others.insert(others.begin(), source_);
  called.emplace(source_.get(), "the local store");
  return std::make_shared<const revocation::RevocationSet>(secret_, names_, std::move(others),
                                                           std::move(called));
}

}  // namespace latchkey::latchkeyd
