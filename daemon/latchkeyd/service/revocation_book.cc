// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/revocation_book.h"

#include <sys/random.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "daemon/latchkeyd/service/page_memory.h"

namespace latchkey::latchkeyd {
namespace {

// What is stored here has no end, so no moment is needed to forget anything by.
constexpr WallTime kNever{};

}  // namespace

RevocationBook::RevocationBook(std::vector<revocation::Revocation> stored)
    : revocations_(std::move(stored)), names_(std::make_shared<const revocation::Names>()) {
  // Never short and never failing for so few bytes; a key that can be guessed would let collisions
  // be aimed.
  if (::getrandom(secret_.data(), secret_.size(), 0) != static_cast<ssize_t>(secret_.size()))
    std::abort();
  const auto tokens = std::count_if(
      revocations_.begin(), revocations_.end(),
      [](const auto& revocation) { return revocation.kind == revocation::Kind::token; });
  revocation::SourceBuilder builder(secret_, static_cast<std::size_t>(tokens), kNever,
                                    std::make_shared<PageMemory>());
  for (const auto& revocation : revocations_)
    if (const auto entry = entry_of(revocation, *names_)) builder.add(*entry);
  source_ = std::make_shared<const revocation::Source>(builder.finish());
}

std::vector<revocation::Revocation>::iterator RevocationBook::at(std::int64_t id) {
  return std::lower_bound(
      revocations_.begin(), revocations_.end(), id,
      [](const auto& revocation, std::int64_t wanted) { return revocation.id < wanted; });
}

void RevocationBook::change(std::span<const revocation::Entry> removed,
                            std::span<const revocation::Entry> added) {
  revocation::Source next = source_->with(removed, added);
  if (next.wants_merge()) next = next.merged(kNever);
  source_ = std::make_shared<const revocation::Source>(std::move(next));
}

void RevocationBook::add(revocation::Revocation revocation) {
  const auto place = at(revocation.id);
  if (place != revocations_.end() && place->id == revocation.id) return;
  if (const auto entry = entry_of(revocation, *names_)) change({}, {&*entry, 1});
  revocations_.insert(place, std::move(revocation));
}

// Whoever of the others names the same is said again, with what it says of the moment.
void RevocationBook::remove(std::int64_t id) {
  const auto place = at(id);
  if (place == revocations_.end() || place->id != id) return;
  const revocation::Revocation gone = std::move(*place);
  revocations_.erase(place);
  const auto entry = entry_of(gone, *names_);
  if (!entry) return;
  std::vector<revocation::Entry> stay;
  for (const auto& other : revocations_) {
    if (other.kind != gone.kind || other.value != gone.value) continue;
    const auto same = entry_of(other, *names_);
    if (same && same->digest == entry->digest) stay.push_back(*same);
  }
  change({&*entry, 1}, stay);
}

std::shared_ptr<const revocation::RevocationSet> RevocationBook::set(
    revocation::RevocationSet::Sources others) const {
  others.insert(others.begin(), source_);
  return std::make_shared<const revocation::RevocationSet>(secret_, names_, std::move(others));
}

}  // namespace latchkey::latchkeyd
