// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/revocation_book.h"

#include <sys/random.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace latchkey::latchkeyd {

RevocationBook::RevocationBook(std::vector<revocation::Revocation> stored)
    : revocations_(std::move(stored)) {
  // Never short and never failing for so few bytes; a key that can be guessed would let collisions
  // be aimed.
  if (::getrandom(key_.data(), key_.size(), 0) != static_cast<ssize_t>(key_.size())) std::abort();
}

std::vector<revocation::Revocation>::iterator RevocationBook::at(std::int64_t id) {
  return std::lower_bound(
      revocations_.begin(), revocations_.end(), id,
      [](const auto& revocation, std::int64_t wanted) { return revocation.id < wanted; });
}

void RevocationBook::add(revocation::Revocation revocation) {
  const auto place = at(revocation.id);
  if (place != revocations_.end() && place->id == revocation.id) return;
  revocations_.insert(place, std::move(revocation));
}

void RevocationBook::remove(std::int64_t id) {
  const auto place = at(id);
  if (place != revocations_.end() && place->id == id) revocations_.erase(place);
}

std::shared_ptr<const revocation::RevocationSet> RevocationBook::set() const {
  return std::make_shared<const revocation::RevocationSet>(
      revocation::RevocationSet::build(revocations_, key_));
}

}  // namespace latchkey::latchkeyd
