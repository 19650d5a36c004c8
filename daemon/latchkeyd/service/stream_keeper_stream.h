// SPDX-License-Identifier: Apache-2.0
//
// What the stream keeper knows of one stream; seen by its own sources only.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/revocation/stream_item.h"
#include "core/revocation/stream_progress.h"
#include "daemon/latchkeyd/service/stream_keeper.h"

namespace latchkey::latchkeyd {

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
  std::vector<Held> held;
  std::vector<revocation::StreamSeen> kept_sure;  // from disk: of items that are not held any more
  revocation::StreamProgress progress;
  bool trimmed = false;     // since all of it was read, perhaps over a snapshot
  bool rereading = false;   // from its beginning; trimmed until its end
  bool reread = false;      // that was done, and nothing was trimmed beyond it since
  std::uint64_t based = 0;  // the version of the snapshot that all this stands on; 0: on none
  WallTime based_at{};      // when that was signed
  unsigned resyncs = 0;     // in a row
  SteadyTime next_resync{};
  bool damaged = false;  // something that was kept is lost, until the stream was read to its end
  std::vector<std::string> keys;  // thumbprints that the above was read with
  std::shared_ptr<const revocation::Source> source;
  revocation::Feed feed;
  SteadyTime dated{};       // when the newest beat was signed, by the steady clock
  std::size_t lines = 0;    // on disk
  bool stored = false;      // there is a file that lines can be added to
  bool unsaved = false;     // what is on disk has to be written anew
  bool changed = false;     // what gather() gives, since it was published
  bool busy = false;        // something was asked for, or is being stored
  std::uint64_t round = 0;  // answers of an earlier one are nobody's
  unsigned failures = 0;    // in a row
  SteadyTime next_ask{};
  std::optional<WallTime> attempted_at;
  std::optional<std::string> trouble;  // of fetchd, Redis or the disk, while it stands
  std::optional<std::string> refused;  // the last item that was, since something good came
  revocation::FeedState said = revocation::FeedState::fresh;  // in the journal

  const std::string& name() const { return config.feed.name; }
  bool incomplete() const { return trimmed || damaged || rereading || !progress.complete(); }
};

template <typename Do>
void StreamKeeper::on_control(const StreamPtr& stream, Do action) {
  if (std::find(streams_.begin(), streams_.end(), stream) != streams_.end()) action();
}

}  // namespace latchkey::latchkeyd
