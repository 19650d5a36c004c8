// SPDX-License-Identifier: Apache-2.0
#include "core/revocation/source.h"

#include <algorithm>
#include <utility>

#include "core/base/mutation.h"
#include "core/revocation/siphash.h"

namespace latchkey::revocation {
namespace {

// A change is merged when it holds more than both of these: a copy of it is made for each new
// entry, which has to be in force within a millisecond.
constexpr std::size_t kChangesLeast = 4'096;
constexpr std::size_t kBaseOverChanges = 64;

}  // namespace

// Digest and kind have one length, so no two of them are written alike.
std::uint64_t name_hash(const HashSecret& secret, EntryKind kind, const NameDigest& digest) {
  std::array<char, sizeof(NameDigest) + 1> name{};
  std::copy(digest.begin(), digest.end(), name.begin());
  name.back() = static_cast<char>(kind);
  return siphash({name.data(), name.size()}, secret);
}

Source::Source(const HashSecret& secret, WallTime now, TableMemory memory)
    : secret_(secret),
      base_(std::make_shared<const HashTable>(0, step_of(now), std::move(memory))),
      removed_(0, step_of(now)),
      added_(0, step_of(now)) {}

bool Source::contains(std::uint64_t hash) const {
  return LATCHKEY_FAILS(revoked_added, added_.contains(hash)) ||
         (LATCHKEY_FAILS(revoked_base, base_->contains(hash)) && !removed_.contains(hash));
}

void Source::prefetch(std::uint64_t hash) const {
  base_->prefetch(hash);
  added_.prefetch(hash);
}

Source Source::with(std::span<const Entry> removed, std::span<const Entry> added) const {
  Source next = *this;
  for (const Entry& entry : removed) next.remove(entry);
  for (const Entry& entry : added) next.add(entry);
  return next;
}

void Source::add(const Entry& entry) {
  kinds_ |= bit(entry.kind);
  if (!is_many(entry.kind)) return few_.add(entry);
  add_hash(name_hash(secret_, entry.kind, entry.digest), end_step(entry.end));
}

// An entry of the base whose end moves is taken out of it and added, so that the later one holds.
void Source::add_hash(std::uint64_t hash, EndStep end) {
  if (!added_.contains(hash) && !removed_.contains(hash)) {
    if (const auto there = base_->find(hash)) {
      if (*there >= end) return;
      removed_.insert(hash);
    }
  }
  added_.insert(hash, end);
}

void Source::remove(const Entry& entry) {
  if (!is_many(entry.kind)) return few_.remove(entry.kind, entry.digest);
  const std::uint64_t hash = name_hash(secret_, entry.kind, entry.digest);
  added_.erase(hash);
  if (base_->contains(hash)) removed_.insert(hash);
}

bool Source::wants_merge() const {
  return std::max(added_.size() + removed_.size(), few_.changes()) >
         std::max(kChangesLeast, base_->size() / kBaseOverChanges);
}

Source Source::merged(WallTime now) const {
  Source next(secret_, now);
  next.base_ =
      std::make_shared<const HashTable>(HashTable::merged(*base_, removed_, added_, step_of(now)));
  next.few_ = few_.merged(now);
  next.kinds_ = kinds_;
  return next;
}

// What of the new base this has not: what it removed since, from the old base or from the additions
// that went into the new one.
Source Source::following(const Source& merged, const Source& from) const {
  if (base_ != from.base_) return *this;
  Source next = merged;
  const auto gone = [&](std::uint64_t hash, EndStep) {
    if (!contains(hash) && next.base_->contains(hash)) next.removed_.insert(hash);
  };
  removed_.each(gone);
  from.added_.each(gone);
  added_.each([&](std::uint64_t hash, EndStep end) {
    const auto there = next.base_->find(hash);
    if (there == end) return;
    if (!there && from.added_.find(hash) == end)
      return;  // the merge has let go of it: it has ended
    if (there) next.removed_.insert(hash);
    next.added_.insert(hash, end);
  });
  next.few_ = few_.following(merged.few_, from.few_);
  next.kinds_ = kinds_;
  return next;
}

std::size_t Source::size() const {
  return base_->size() - removed_.size() + added_.size() + few_.size();
}

std::size_t Source::base_size() const { return base_->size() + few_.settled(); }

std::size_t Source::delta_size() const { return added_.size() + removed_.size() + few_.changes(); }

std::size_t Source::bytes() const {
  return base_->bytes() + removed_.bytes() + added_.bytes() + few_.bytes();
}

SourceBuilder::SourceBuilder(const HashSecret& secret, std::size_t many, WallTime now,
                             TableMemory memory)
    : source_(secret, now), table_(many, step_of(now), std::move(memory)), now_(now) {}

void SourceBuilder::add(const Entry& entry) {
  if (entry.end && *entry.end <= now_) return;
  source_.kinds_ |= Source::bit(entry.kind);
  if (!is_many(entry.kind)) return source_.few_.add(entry);
  insert_later({name_hash(source_.secret_, entry.kind, entry.digest), end_step(entry.end)});
}

// A place is asked for when its hash comes and written when so many others have come, so that the
// reads from memory run beside each other.
void SourceBuilder::insert_later(Pending next) {
  table_.prefetch_to_insert(next.hash);
  std::swap(pending_[seen_ % pending_.size()], next);
  if (seen_ >= pending_.size()) table_.insert(next.hash, next.end);
  ++seen_;
}

Source SourceBuilder::finish() {
  const std::size_t waiting = std::min(seen_, pending_.size());
  for (std::size_t i = 0; i < waiting; ++i) table_.insert(pending_[i].hash, pending_[i].end);
  source_.base_ = std::make_shared<const HashTable>(std::move(table_));
  source_.few_ = source_.few_.merged(now_);
  return std::move(source_);
}

}  // namespace latchkey::revocation
