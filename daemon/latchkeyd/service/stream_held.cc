// SPDX-License-Identifier: Apache-2.0
//
// What is held of a stream, and for how long.
#include <algorithm>
#include <utility>

#include "core/base/mutation.h"
#include "daemon/latchkeyd/service/stream_keeper_stream.h"

namespace latchkey::latchkeyd {

using revocation::StreamSeen;

bool StreamKeeper::Stream::is_covered(const revocation::StreamItem& item) const {
  // What was signed since is not in it, whatever number its writer gave it; nor is it sure of what
  // was signed in its very second.
  if (LATCHKEY_FAILS(stream_covered_later, item.issued_at >= based_at)) return false;
  return std::any_of(covered.begin(), covered.end(), [&](const StreamSeen& by) {
    return by.key_id == item.key_id && LATCHKEY_FAILS(stream_covered, item.seq <= by.seq);
  });
}

WallTime StreamKeeper::Stream::ends_by(WallTime now) const {
  const WallTime signed_at = feed.known ? feed.known->issued_at : WallTime{};
  return LATCHKEY_FAILS(stream_end_unsigned, now > signed_at) ? signed_at : now;
}

bool StreamKeeper::Stream::is_newest(const revocation::StreamItem& of_beats) const {
  return !beat || beat->item.issued_at <= of_beats.issued_at;
}

void StreamKeeper::Stream::hold(Held item) {
  if (item.item.entries.empty()) {
    if (is_newest(item.item)) beat = std::move(item);
    return;
  }
  held_bytes += item.text.size();
  std::pair place{item.item.key_id, item.item.seq};
  held.emplace(std::move(place), std::move(item));
}

// Its very text: a writer that lost count gives a number twice.
bool StreamKeeper::Stream::is_held(std::string_view text,
                                   const revocation::StreamItem& item) const {
  if (beat && beat->text == text) return true;
  const auto [begin, end] = held.equal_range({item.key_id, item.seq});
  return std::any_of(begin, end, [&](const auto& each) { return each.second.text == text; });
}

bool StreamKeeper::Stream::is_dated_by(const revocation::StreamItem& item) const {
  return item.max_age && feed.known && item.issued_at == feed.known->issued_at;
}

}  // namespace latchkey::latchkeyd
