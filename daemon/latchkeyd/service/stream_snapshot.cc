// SPDX-License-Identifier: Apache-2.0
//
// How a stream stands on its snapshot (docs/REVOCATION-STREAM.md sections 3 and 4): what the
// snapshot covers is dropped from what is held, and a stream of which something was not heard is
// read again from its beginning, above the snapshot. Until its end is reached it stays incomplete.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/base/mutation.h"
#include "daemon/latchkeyd/service/stream_keeper_stream.h"

namespace latchkey::latchkeyd {

using revocation::StreamSeen;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr milliseconds kResyncPause{1'000};  // after the first resync; then doubled
constexpr milliseconds kResyncPauseMost{300'000};
constexpr unsigned kDoublingsMost = 9;

}  // namespace

void StreamKeeper::snapshots_changed() {
  for (const StreamPtr& stream : streams_) follow(*stream);
}

// What is held is what the snapshot at hand does not cover. Where that one is gone (its key is not
// the stream's any more, its files are lost), so is what it stood for.
void StreamKeeper::follow(Stream& stream) {
  const auto* standing = snapshots_->standing(stream.name());
  const std::uint64_t version = standing == nullptr ? 0 : standing->manifest().version;
  if (LATCHKEY_FAILS(stream_snapshot_lost, version < stream.based)) unbase(stream);
  if (standing == nullptr) return;
  const auto& manifest = standing->manifest();
  if (stream.based == version && stream.based_at == manifest.issued_at) return;
  cover(stream, manifest);
  parts_.journal.log(LogLevel::notice, "a revocation stream stands on a snapshot",
                     {{"stream", stream.name()},
                      {"version", fmt::format("{}", version)},
                      {"items_above", fmt::format("{}", stream.held.size())}});
}

void StreamKeeper::cover(Stream& stream, const revocation::ListManifest& manifest) {
  std::vector<StreamSeen> seen;
  for (const StreamSeen& each : manifest.seen) {
    // Of a key that is not the stream's any more nobody hears any more.
    if (std::find(stream.keys.begin(), stream.keys.end(), each.key_id) != stream.keys.end())
      seen.push_back(each);
  }
  stream.progress.cover(seen);
  stream.covered = std::move(seen);
  stream.based_at = manifest.issued_at;
  for (auto& [place, held] : std::exchange(stream.held, {})) {
    stream.held_bytes -= held.text.size();
    if (!stream.is_covered(held.item)) stream.hold(std::move(held));
  }
  revocation::Source::Editor editor{revocation::Source(parts_.secret)};
  for (const auto& [place, each] : stream.held) {
    stream.progress.take(each.item);  // what came after a gap may be the next one now
    for (const revocation::StreamEntry& entry : each.item.entries) editor.add(entry.entry);
  }
  stream.source = std::make_shared<const revocation::Source>(editor.finish());
  take_date(stream, manifest.issued_at, manifest.max_age);
  stream.based = manifest.version;
  stream.unsaved = true;
  stream.feed.incomplete = stream.incomplete();
  stream.changed = true;
}

void StreamKeeper::unbase(Stream& stream) {
  parts_.journal.log(LogLevel::error,
                     "a revocation stream has lost its snapshot; it is read from its beginning",
                     {{"stream", stream.name()}, {"version", fmt::format("{}", stream.based)}});
  stream.based = 0;
  stream.kept_sure.clear();
  const auto before = std::exchange(stream.progress, {});
  stream.progress.hear(before.heard_of());
  stream.progress.hear(before.missing());
  stream.trimmed = true;
  stream.trimmed_at = {};  // nothing was seen to be gone
  stream.covered.clear();
  for (const auto& [place, each] : stream.held) stream.progress.take(each.item);
  if (stream.beat) stream.progress.take(stream.beat->item);
  read_anew(stream);
}

// Whatever is being waited for.
void StreamKeeper::read_anew(Stream& stream) {
  stream.after = "0-0";
  stream.rereading = true;
  stream.resync_waits = false;
  stream.reread = false;
  stream.unsaved = true;
  ++stream.round;
  stream.busy = false;
  stream.next_ask = parts_.clock.steady();
  stream.feed.incomplete = true;
  stream.changed = true;
}

// A server that is down, or has no snapshot yet, keeps nobody from what Redis has by now.
void StreamKeeper::snapshot_asked(const std::string& name, bool well) {
  for (const StreamPtr& stream : streams_) {
    if (stream->name() != name) continue;
    follow(*stream);
    // What a resync under way will say, it says at its end.
    if (stream->incomplete() && !stream->rereading && (well || stream->resync_waits))
      read_anew(*stream);
  }
  if (parts_.hooks.rescheduled) parts_.hooks.rescheduled();
}

void StreamKeeper::resync_where_due(Stream& stream) {
  const SteadyTime now = parts_.clock.steady();
  if (!stream.incomplete()) {
    // Whole for a moment is no reason to begin anew with short pauses: Redis decides how often.
    if (!stream.whole_since) stream.whole_since = now;
    if (now - *stream.whole_since >= kResyncPauseMost) stream.resyncs = 0;
    return;
  }
  stream.whole_since.reset();
  if (stream.rereading || now < stream.next_resync) return;
  milliseconds pause =
      std::min(kResyncPause * (1 << std::min(stream.resyncs++, kDoublingsMost)), kResyncPauseMost);
  pause += milliseconds(parts_.hooks.random() % static_cast<std::uint32_t>(pause.count() / 4));
  stream.next_resync = now + pause;
  if (stream.config.snapshot_url.empty()) {
    read_anew(stream);
  } else {
    stream.resync_waits = true;
    snapshots_->hurry(stream.name());
  }
  if (parts_.hooks.rescheduled) parts_.hooks.rescheduled();
}

}  // namespace latchkey::latchkeyd
