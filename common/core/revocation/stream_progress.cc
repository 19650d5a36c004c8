// SPDX-License-Identifier: Apache-2.0
#include "core/revocation/stream_progress.h"

#include <algorithm>

#include "core/base/mutation.h"

namespace latchkey::revocation {

StreamProgress::Writer& StreamProgress::writer(std::string_view key_id) {
  const auto found = std::find_if(writers_.begin(), writers_.end(),
                                  [&](const Writer& each) { return each.key_id == key_id; });
  if (found != writers_.end()) return *found;
  return writers_.emplace_back(Writer{std::string(key_id)});
}

// Where there is no room for all, the least and the greatest stay.
void StreamProgress::Writer::hear(std::uint64_t seq) {
  if (seq <= sure) return;
  const auto place = std::lower_bound(spoken_of.begin(), spoken_of.end(), seq);
  if (place != spoken_of.end() && *place == seq) return;
  spoken_of.insert(place, seq);
  if (spoken_of.size() > stream_limits::kSpokenOf) spoken_of.erase(spoken_of.end() - 2);
}

// Whether it leads on from what was heard, and from nothing less: a writer that lost its notes does
// not know what it sent, and whoever holds that back must not have it forgotten. Nor does it pass
// over one that somebody else has heard. Behind one number comes none before the next.
bool StreamProgress::Writer::is_next(const Link& link) const {
  const bool follows = link.prev < sure && link.seq == sure + 1;
  if (LATCHKEY_FAILS(stream_gap, link.prev != sure && !follows)) return false;
  const std::uint64_t least = spoken_of.empty() ? link.seq : spoken_of.front();
  return !LATCHKEY_FAILS(stream_passed_over, least < link.seq);
}

// Where there is no room for all, the least stay: the others are heard again.
void StreamProgress::Writer::keep(Link link) {
  const auto place = std::lower_bound(links.begin(), links.end(), link,
                                      [](const Link& x, const Link& y) { return x.seq < y.seq; });
  if (place != links.end() && place->seq == link.seq) return;
  links.insert(place, link);
  if (links.size() > stream_limits::kLinks) links.pop_back();
}

// And what came after the gap that this closes.
void StreamProgress::Writer::reach(std::uint64_t seq) {
  auto link = links.begin();
  for (sure = std::max(sure, seq);; sure = link++->seq) {
    std::erase_if(spoken_of, [this](std::uint64_t each) { return each <= sure; });
    while (link != links.end() && link->seq <= sure) ++link;
    if (link == links.end() || !is_next(*link)) break;
  }
  links.erase(links.begin(), link);
}

// Of the gap behind `sure`: no item that is there lies before it, so that each is missed still
// where somebody hides it.
std::uint64_t StreamProgress::Writer::end_of_gap() const {
  if (links.empty()) return spoken_of.back();
  const Link& first = links.front();
  const bool between = std::any_of(spoken_of.begin(), spoken_of.end(), [&](std::uint64_t each) {
    return each > first.prev && each < first.seq;
  });
  return between || first.prev <= sure ? first.seq - 1 : first.prev;
}

StreamPlace StreamProgress::take(const StreamItem& item) {
  hear(item.seen);
  give_up(item.lost);
  Writer& own = writer(item.key_id);
  if (item.entries.empty()) {
    // A beat is no link of the chain: where one is lost, nothing is.
    own.hear(item.prev);
    return StreamPlace::beat;
  }
  if (LATCHKEY_FAILS(stream_known, item.seq <= own.sure)) return StreamPlace::known;
  own.hear(item.seq);
  const Link link{item.prev, item.seq};
  if (!own.is_next(link)) {
    own.keep(link);
    return StreamPlace::after_gap;
  }
  own.reach(item.seq);
  return StreamPlace::next;
}

void StreamProgress::hear(std::span<const StreamSeen> seen) {
  for (const StreamSeen& each : seen) writer(each.key_id).hear(each.seq);
}

void StreamProgress::cover(std::span<const StreamSeen> seen) {
  for (const StreamSeen& each : seen) writer(each.key_id).reach(each.seq);
}

// One who has not heard what came before, a new host, does not learn from it that there was
// nothing.
void StreamProgress::give_up(std::span<const StreamLost> lost) {
  for (const StreamLost& each : lost) {
    Writer& own = writer(each.key_id);
    if (LATCHKEY_FAILS(stream_lost_early, own.sure < each.from))
      own.hear(each.to);
    else
      own.reach(each.to);
  }
}

bool StreamProgress::complete() const {
  return std::none_of(writers_.begin(), writers_.end(), [](const Writer& each) {
    return LATCHKEY_FAILS(stream_incomplete, !each.spoken_of.empty());
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
    if (const auto most = each.spoken_of.empty() ? each.sure : each.spoken_of.back(); most != 0)
      out.push_back({each.key_id, most});
  return out;
}

std::vector<StreamSeen> StreamProgress::missing() const {
  std::vector<StreamSeen> out;
  for (const Writer& each : writers_)
    for (const std::uint64_t seq : each.spoken_of) out.push_back({each.key_id, seq});
  return out;
}

std::vector<StreamLost> StreamProgress::gaps() const {
  std::vector<StreamLost> out;
  for (Writer writer : writers_) {
    for (std::size_t i = 0; i < stream_limits::kLost && !writer.spoken_of.empty(); ++i) {
      out.push_back({writer.key_id, writer.sure, writer.end_of_gap()});
      writer.reach(out.back().to);
    }
  }
  return out;
}

std::uint64_t StreamProgress::sure(std::string_view key_id) const {
  const auto found = std::find_if(writers_.begin(), writers_.end(),
                                  [&](const Writer& each) { return each.key_id == key_id; });
  return found == writers_.end() ? 0 : found->sure;
}

}  // namespace latchkey::revocation
