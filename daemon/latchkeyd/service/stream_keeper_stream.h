// SPDX-License-Identifier: Apache-2.0
//
// What the stream keeper knows of one stream; seen by its own sources only.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/revocation/stream_item.h"
#include "core/revocation/stream_progress.h"
#include "daemon/latchkeyd/service/source_merger.h"
#include "daemon/latchkeyd/service/stream_keeper.h"

namespace latchkey::latchkeyd {

// An item is taken whatever the clock says: only its date needs one that is right.
inline constexpr WallTime kAnyTime{std::chrono::hours(24) * 365 * 8'000};

// An item that was taken: as it was signed, for whoever looks at it under other keys, and as it was
// read.
struct StreamKeeper::Held {
  std::string id;
  std::string text;
  revocation::StreamItem item;
};

struct StreamKeeper::Stream {
  config::StreamSource config;
  std::string after = "0-0";  // up to there everything is read, and durable
  std::vector<Held> unread;   // from disk, until there are keys to read it with
  // By writer and number. A number is there twice where its writer lost count.
  std::multimap<std::pair<std::string, std::uint64_t>, Held> held;
  std::size_t held_bytes = 0;
  std::optional<Held> beat;                        // the newest of those that say nothing else
  std::vector<revocation::StreamSeen> kept_sure;   // from disk: of items that are not held any more
  std::vector<revocation::StreamSeen> kept_heard;  // what was spoken of, whoever spoke is gone
  revocation::StreamProgress progress;
  bool trimmed = false;     // since all of it was read, perhaps over a snapshot
  WallTime trimmed_at{};    // when that was seen
  bool rereading = false;   // from its beginning; trimmed until its end
  bool reread = false;      // that was done, and nothing was trimmed beyond it since
  std::uint64_t based = 0;  // the version of the snapshot that all this stands on; 0: on none
  WallTime based_at{};      // when that was signed
  std::vector<revocation::StreamSeen> covered;  // by that
  unsigned resyncs = 0;                         // in a row
  SteadyTime next_resync{};
  bool resync_waits = false;  // for what the snapshot's server says
  std::optional<SteadyTime> whole_since;
  std::vector<std::string> keys;  // thumbprints that the above was read with
  std::shared_ptr<const revocation::Source> source;
  SourceMerger merger;
  revocation::Feed feed;
  SteadyTime dated{};       // when the newest beat was signed, by the steady clock
  std::size_t lines = 0;    // on disk
  bool stored = false;      // there is a file that lines can be added to
  bool unsaved = false;     // what is on disk has to be written anew
  bool works = false;       // the items of a batch have entries
  bool changed = false;     // what gather() gives, since it was published
  bool busy = false;        // something was asked for, or is being stored
  std::uint64_t round = 0;  // answers of an earlier one are nobody's
  unsigned failures = 0;    // in a row
  SteadyTime next_ask{};
  std::optional<WallTime> attempted_at;
  std::optional<std::string> trouble;  // of fetchd, Redis or the disk, while it stands
  std::optional<std::string> refused;  // the last item that was, since something good came
  std::size_t refusals = 0;            // that the journal does not know of
  std::size_t refused_ever = 0;
  bool junk = false;  // the last round brought little, and nothing that is an item
  std::optional<SteadyTime> refusal_said;
  revocation::FeedState said = revocation::FeedState::fresh;  // in the journal

  const std::string& name() const { return config.feed.name; }
  // By when something has to have ended to be forgotten: by this host's clock, but by no later
  // moment than one who signs has seen (as of lists, list_work.h).
  WallTime ends_by(WallTime now) const;
  void hold(Held item);
  bool is_newest(const revocation::StreamItem& of_beats) const;  // of those without entries
  bool is_held(std::string_view text, const revocation::StreamItem& item) const;
  bool is_covered(const revocation::StreamItem& item) const;
  bool is_dated_by(const revocation::StreamItem& item) const;
  bool incomplete() const { return trimmed || rereading || !progress.complete(); }
};

template <typename Do>
void StreamKeeper::on_control(const StreamPtr& stream, Do action) {
  if (std::find(streams_.begin(), streams_.end(), stream) != streams_.end()) action();
}

}  // namespace latchkey::latchkeyd
