// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/tag_table.h"

#include <cstdlib>

namespace latchkey::latchkeyd {

std::size_t TagTable::insert(std::uint64_t hash) {
  if (size_ >= places_) std::abort();  // the caller's promise; the search below would not end
  for (std::size_t at = home(hash);; at = next(at)) {
    Chunk& chunk = chunks_[at];
    for (std::size_t i = 0; i < kTags && at * kTags + i < places_; ++i) {
      if (chunk.tags[i] != 0) continue;
      chunk.tags[i] = tag_of(hash);
      ++size_;
      return at * kTags + i;
    }
    ++chunk.sent_on;
  }
}

void TagTable::erase(std::size_t place, std::uint64_t hash) {
  tag(place) = 0;
  --size_;
  for (std::size_t at = home(hash); at != place / kTags; at = next(at)) --chunks_[at].sent_on;
}

}  // namespace latchkey::latchkeyd
