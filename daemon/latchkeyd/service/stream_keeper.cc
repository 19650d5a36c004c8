// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/stream_keeper.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "core/base/mutation.h"
#include "daemon/latchkeyd/service/stream_keeper_stream.h"

namespace latchkey::latchkeyd {

using revocation::Feed;
using revocation::FeedState;
using revocation::StreamItem;
using revocation::StreamSeen;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr seconds kSlewed{5};  // what two clocks differ by in good order
constexpr seconds kIdle{3'600};

std::string joined(const std::vector<std::string>& services) {
  std::string text;
  for (const std::string& each : services) text += (text.empty() ? "" : ", ") + each;
  return text.empty() ? "none" : text;
}

std::vector<std::string> thumbprints(const jose::JwkSet& keys) {
  std::vector<std::string> all;
  for (const jose::Jwk& key : keys.keys()) all.emplace_back(key.thumbprint());
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace

StreamKeeper::StreamKeeper(Parts parts)
    : parts_(std::move(parts)), scratch_(std::make_unique<jose::Scratch>()) {
  Hooks hooks = parts_.hooks;
  hooks.publish = [this](std::function<void()> done) {
    snapshots_changed();
    parts_.hooks.publish(std::move(done));
  };
  snapshots_ = std::make_unique<ListKeeper>(ListKeeper::Parts{
      .control = parts_.control,
      .builder = parts_.builder,
      .clock = parts_.clock,
      .journal = parts_.journal,
      .fetcher = parts_.list_fetcher,
      .store = parts_.list_store,
      .secret = parts_.secret,
      .hooks = std::move(hooks),
      .snapshots = true,
      .asked = [this](const std::string& name, bool well) { snapshot_asked(name, well); }});
}

StreamKeeper::~StreamKeeper() = default;

void StreamKeeper::configure(std::shared_ptr<const config::Config> config) {
  auto lists = std::make_shared<config::Config>();
  for (const config::StreamSource& section : config->revocation.streams) {
    if (auto snapshot = config::snapshot_of(section))
      lists->revocation.lists.push_back(*std::move(snapshot));
  }
  snapshots_->configure(std::move(lists));
  const std::vector<StreamPtr> old = std::exchange(streams_, {});
  for (const config::StreamSource& section : config->revocation.streams) {
    const auto kept = std::find_if(old.begin(), old.end(), [&](const StreamPtr& stream) {
      return stream->name() == section.feed.name && stream->config.issuer == section.issuer;
    });
    if (kept != old.end()) {
      streams_.push_back(*kept);
      adopt(*kept, section);
      continue;
    }
    auto stream = std::make_shared<Stream>();
    stream->config = section;
    stream->feed.policy = section.feed;
    stream->next_ask = parts_.clock.steady();
    streams_.push_back(stream);
    load(*stream);
  }
}

// What is on disk serves before anybody is let in.
void StreamKeeper::load(Stream& stream) {
  StreamRecord record = parts_.store.load(stream.name(), stream.config.issuer);
  for (StreamLine& line : record.lines) {
    switch (line.kind) {
      case StreamLine::Kind::item:
        stream.unread.push_back({line.name, std::move(line.text), {}});
        stream.after = std::move(line.name);
        break;
      case StreamLine::Kind::read:
        stream.after = std::move(line.name);
        break;
      case StreamLine::Kind::sure:
      case StreamLine::Kind::heard: {
        std::uint64_t seq = 0;
        std::from_chars(line.text.data(), line.text.data() + line.text.size(), seq);
        auto& kept = line.kind == StreamLine::Kind::sure ? stream.kept_sure : stream.kept_heard;
        kept.push_back({std::move(line.name), seq});
        break;
      }
      case StreamLine::Kind::trimmed:
        stream.trimmed = true;
        stream.trimmed_at = parts_.clock.wall();
        break;
      case StreamLine::Kind::based:
        std::from_chars(line.name.data(), line.name.data() + line.name.size(), stream.based);
        break;
    }
  }
  if (record.damaged || !ipc::fetch::is_entry_id(stream.after)) {
    stream.after = "0-0";
    stream.kept_sure.clear();
    // One of the lines that are lost may have said that something was missed.
    if (LATCHKEY_FAILS(stream_damaged, record.damaged)) stream.trimmed = true;
    stream.trimmed_at = parts_.clock.wall();
  }
  stream.source = std::make_shared<const revocation::Source>(parts_.secret);
  if (const auto keys = stream_keys(stream.config)) {
    replay(stream, *keys);
  } else {
    stream.trouble = "the keys of the stream: " + keys.error();
  }
  follow(stream);
  note_state(stream);
}

// The same stream, perhaps elsewhere, or under other keys.
void StreamKeeper::adopt(const StreamPtr& stream, const config::StreamSource& config) {
  const bool elsewhere = stream->config.digest != config.digest;
  stream->config = config;
  stream->feed.policy = config.feed;
  const bool same_keys = check_keys(*stream);
  follow(*stream);
  if (LATCHKEY_FAILS(stream_adopted, !elsewhere && same_keys)) return;
  ++stream->round;  // whatever was asked for: it is asked for anew
  stream->busy = false;
  stream->failures = 0;
  stream->next_ask = parts_.clock.steady();
}

// Whether the keys are those that everything was read with. Where others are there, all that is
// held is read again under them, and the stream from its beginning: what a new key signed was
// refused, and is there. Where the keys cannot be read, nobody said anything.
bool StreamKeeper::check_keys(Stream& stream) {
  const auto keys = stream_keys(stream.config);
  if (!keys || thumbprints(*keys) == stream.keys) return true;
  replay(stream, *keys);
  stream.after = "0-0";
  stream.changed = true;
  parts_.journal.log(LogLevel::notice, "a revocation stream has other keys; it is read again",
                     {{"stream", stream.name()}, {"items", fmt::format("{}", stream.held.size())}});
  return false;
}

// Everything from the items that are held: entries, places, the date.
void StreamKeeper::replay(Stream& stream, const jose::JwkSet& keys) {
  const auto before = std::exchange(stream.keys, thumbprints(keys));
  const auto has = [&](const std::string& key) {
    return std::find(stream.keys.begin(), stream.keys.end(), key) != stream.keys.end();
  };
  if (LATCHKEY_FAILS(stream_key_left, !std::all_of(before.begin(), before.end(), has))) {
    // What it spoke of nobody need have sent. Who did send something says so again.
    stream.kept_heard.clear();
    stream.trimmed = true;
    stream.trimmed_at = parts_.clock.wall();
  } else {
    for (const auto& heard : {stream.progress.heard_of(), stream.progress.missing()})
      stream.kept_heard.insert(stream.kept_heard.end(), heard.begin(), heard.end());
  }
  for (auto* kept : {&stream.kept_sure, &stream.kept_heard})
    std::erase_if(*kept, [&](const StreamSeen& each) { return !has(each.key_id); });
  stream.progress = revocation::StreamProgress(stream.kept_sure);
  stream.progress.hear(std::exchange(stream.kept_heard, {}));
  stream.feed.known.reset();
  revocation::Source::Editor editor{revocation::Source(parts_.secret)};
  std::vector<Held> all = std::exchange(stream.unread, {});
  for (auto& [place, held] : std::exchange(stream.held, {})) all.push_back(std::move(held));
  if (auto beat = std::exchange(stream.beat, std::nullopt)) all.push_back(*std::move(beat));
  stream.held_bytes = 0;
  for (Held& each : all) {
    auto item =
        revocation::read_stream_item(each.text, {stream.config.issuer, keys}, kAnyTime, *scratch_);
    if (!item) {
      parts_.journal.log(
          LogLevel::warning, "an item of a revocation stream is dropped",
          {{"stream", stream.name()}, {"id", each.id}, {"error", item.error().detail}});
      continue;
    }
    each.item = *std::move(item);
    stream.progress.take(each.item);
    // A beat that was ahead was not held; what revokes was, and dates nothing.
    const bool ahead = !each.item.entries.empty() &&
                       each.item.issued_at > parts_.clock.wall() + revocation::kItemAhead;
    if (each.item.max_age && !ahead) take_date(stream, each.item.issued_at, *each.item.max_age);
    for (const revocation::StreamEntry& entry : each.item.entries) editor.add(entry.entry);
    stream.hold(std::move(each));
  }
  stream.source = std::make_shared<const revocation::Source>(editor.finish());
  const auto* standing = snapshots_->standing(stream.name());
  if (standing != nullptr && standing->manifest().version >= stream.based)
    cover(stream, standing->manifest());
  stream.feed.incomplete = stream.incomplete();
}

// Of items with a max_age and snapshots the one that was signed last says how old all of it is.
void StreamKeeper::take_date(Stream& stream, WallTime issued_at, seconds max_age) {
  auto& known = stream.feed.known;
  if (known && known->issued_at >= issued_at) return;
  const WallTime now = parts_.clock.wall();
  known = Feed::Known{issued_at, issued_at, max_age};
  // One from the near future, by a clock that is behind, is of now.
  stream.dated = parts_.clock.steady() - std::max(now - issued_at, milliseconds(0));
  stream.changed = true;
}

// Whether the wall clock was set, so that the date of what is known had to follow.
bool StreamKeeper::never_younger(Stream& stream) {
  if (!stream.feed.known) return false;
  Feed::Known& known = *stream.feed.known;
  const auto age = std::chrono::duration_cast<milliseconds>(parts_.clock.steady() - stream.dated);
  const WallTime date = std::min(known.issued_at, parts_.clock.wall() - age);
  if (std::chrono::abs(date - known.as_of) < kSlewed) return false;
  known.as_of = date;
  return true;
}

// Loudly, but once for each turn.
void StreamKeeper::note_state(Stream& stream) {
  const FeedState state = revocation::feed_state(stream.feed, parts_.clock.wall());
  if (std::exchange(stream.said, state) == state) return;
  if (state == FeedState::fresh)
    return parts_.journal.log(LogLevel::notice, "a revocation stream is fresh",
                              {{"stream", stream.name()}});
  const bool stale = state == FeedState::stale;
  const std::string_view why =
      !stale                   ? "a revocation stream is absent: no beat of it was ever heard"
      : stream.feed.incomplete ? "a revocation stream is stale: something of it was not heard"
                               : "a revocation stream is stale: no beat was heard for too long";
  const auto& policy = stream.feed.policy;
  parts_.journal.log(LogLevel::error, why,
                     {{"stream", stream.name()},
                      {"refuses", joined(stale ? policy.stale_refuses : policy.absent_refuses)}});
}

bool StreamKeeper::look_again() {
  bool changed = snapshots_->look_again();
  if (changed) snapshots_changed();
  for (const StreamPtr& stream : streams_) {
    if (check_keys(*stream)) continue;
    changed = true;
    // Read again from the beginning, whatever is being waited for.
    ++stream->round;
    stream->busy = false;
    stream->next_ask = parts_.clock.steady();
  }
  return changed;
}

void StreamKeeper::hurry() { snapshots_->hurry(); }

void StreamKeeper::tick() {
  for (const StreamPtr& stream : streams_) resync_where_due(*stream);
  snapshots_->tick();
  bool changed = false;
  for (const StreamPtr& stream : streams_) {
    changed = never_younger(*stream) || std::exchange(stream->changed, false) || changed;
    note_state(*stream);
  }
  if (changed) parts_.hooks.publish([] {});
  const SteadyTime now = parts_.clock.steady();
  for (const StreamPtr& stream : std::vector(streams_)) {
    if (!stream->busy && now >= stream->next_ask) ask(stream);
  }
}

SteadyTime StreamKeeper::next_tick() const {
  SteadyTime next = std::min(parts_.clock.steady() + kIdle, snapshots_->next_tick());
  for (const StreamPtr& stream : streams_) {
    if (stream->incomplete() && !stream->rereading)
      next = std::min(next, std::max(stream->next_resync, parts_.clock.steady()));
    if (!stream->busy) next = std::min(next, stream->next_ask);
  }
  return next;
}

void StreamKeeper::gather(Gathered& into) const {
  for (const StreamPtr& stream : streams_) {
    const std::string name = "stream " + stream->name();
    if (const auto* standing = snapshots_->standing(stream->name()))
      into.add(standing->source, name);
    into.add(stream->source, name);
    into.feeds.push_back(stream->feed);
  }
}

std::vector<std::string> StreamKeeper::keys() const {
  std::vector<std::string> all;
  for (const StreamPtr& stream : streams_)
    all.insert(all.end(), stream->keys.begin(), stream->keys.end());
  return all;
}

std::vector<RevocationSourceState> StreamKeeper::states() const {
  std::vector<RevocationSourceState> all;
  const auto snapshots = snapshots_->states();
  for (const StreamPtr& stream : streams_) {
    RevocationSourceState state;
    state.kind = "stream";
    state.feed = stream->feed;
    state.base_entries = stream->source->base_size();
    state.delta_entries = stream->source->delta_size();
    state.bytes = stream->source->bytes();
    state.attempted_at = stream->attempted_at;
    state.last_error = stream->trouble;
    if (!state.last_error && stream->trimmed)
      state.last_error = "incomplete: the stream was trimmed beyond what was read here";
    if (!state.last_error && stream->incomplete())
      state.last_error = "incomplete: a writer sent something that was not heard";
    if (!state.last_error) state.last_error = stream->refused;
    if (!stream->busy) state.next_fetch = stream->next_ask;
    for (const RevocationSourceState& snapshot : snapshots) {
      if (snapshot.feed.policy.name != stream->name()) continue;
      state.version = snapshot.version;
      state.base_entries += snapshot.base_entries;
      state.delta_entries += snapshot.delta_entries;
      state.bytes += snapshot.bytes;
      if (snapshot.last_error)
        state.last_error = (state.last_error ? *state.last_error + "; snapshot: " : "snapshot: ") +
                           *snapshot.last_error;
    }
    all.push_back(std::move(state));
  }
  return all;
}

}  // namespace latchkey::latchkeyd
