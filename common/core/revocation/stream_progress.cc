// SPDX-License-Identifier: Apache-2.0
#include "core/revocation/stream_progress.h"

#include <algorithm>
#include <utility>

#include "core/base/mutation.h"

namespace latchkey::revocation {

StreamProgress::Writer& StreamProgress::writer(std::string_view key_id) {
  const auto found = std::find_if(writers_.begin(), writers_.end(),
                                  [&](const Writer& each) { return each.key_id == key_id; });
  if (found != writers_.end()) return *found;
  return writers_.emplace_back(Writer{std::string(key_id)});
}

StreamPlace StreamProgress::take(const StreamItem& item) {
  hear(item.seen);
  cover(item.lost);
  Writer& own = writer(item.key_id);
  if (item.entries.empty()) {
    // A beat is no link of the chain: where one is lost, nothing is.
    own.heard_of = std::max(own.heard_of, item.prev);
    return StreamPlace::beat;
  }
  const std::uint64_t heard_of = std::exchange(own.heard_of, std::max(own.heard_of, item.seq));
  if (LATCHKEY_FAILS(stream_known, item.seq <= own.sure)) return StreamPlace::known;
  // It leads on from what was heard, and from nothing less: a writer that lost its notes does not
  // know what it sent, and whoever holds that back must not have it forgotten.
  if (LATCHKEY_FAILS(stream_gap, item.prev != own.sure)) return StreamPlace::after_gap;
  // Nor does it pass over one that somebody else has heard.
  if (LATCHKEY_FAILS(stream_passed_over, own.sure < heard_of && heard_of < item.seq))
    return StreamPlace::after_gap;
  own.sure = item.seq;
  return StreamPlace::next;
}

void StreamProgress::hear(std::span<const StreamSeen> seen) {
  for (const StreamSeen& each : seen) {
    Writer& other = writer(each.key_id);
    other.heard_of = std::max(other.heard_of, each.seq);
  }
}

void StreamProgress::cover(std::span<const StreamSeen> seen) {
  for (const StreamSeen& each : seen) {
    Writer& covered = writer(each.key_id);
    covered.sure = std::max(covered.sure, each.seq);
  }
}

bool StreamProgress::complete() const {
  return std::none_of(writers_.begin(), writers_.end(), [](const Writer& each) {
    return LATCHKEY_FAILS(stream_incomplete, each.heard_of > each.sure);
  });
}

std::vector<StreamSeen> StreamProgress::sure() const {
  std::vector<StreamSeen> out;
  for (const Writer& each : writers_)
    if (each.sure != 0) out.push_back({each.key_id, each.sure});
  return out;
}

std::vector<StreamSeen> StreamProgress::heard_of() const {
  std::vector<StreamSeen> out;
  for (const Writer& each : writers_)
    if (const auto most = std::max(each.sure, each.heard_of); most != 0)
      out.push_back({each.key_id, most});
  return out;
}

std::uint64_t StreamProgress::sure(std::string_view key_id) const {
  const auto found = std::find_if(writers_.begin(), writers_.end(),
                                  [&](const Writer& each) { return each.key_id == key_id; });
  return found == writers_.end() ? 0 : found->sure;
}

}  // namespace latchkey::revocation
