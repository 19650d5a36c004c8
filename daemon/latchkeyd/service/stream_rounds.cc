// SPDX-License-Identifier: Apache-2.0
//
// One round of a revocation stream: what lies behind the last entry, item by item, and the disk.
// The next round begins when that is durable, and after a pause where something failed.
#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "core/base/mutation.h"
#include "daemon/latchkeyd/service/stream_keeper_stream.h"

namespace latchkey::latchkeyd {

using ipc::fetch::StreamBatch;
using revocation::StreamPlace;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds kPause{250};  // after the first failure; then doubled
constexpr milliseconds kPauseMost{10'000};
constexpr milliseconds kJunkPause{250};
constexpr std::size_t kLinesMost = 4'096;            // on disk beyond twice of what is needed
constexpr std::size_t kHeldBytesMost = 268'435'456;  // a quarter of what is read from a file
constexpr std::chrono::seconds kRefusalSaid{60};     // in the journal, at most once

std::string hex(const revocation::NameDigest& digest) {
  std::string text;
  for (const std::uint8_t byte : digest) text += fmt::format("{:02x}", byte);
  return text;
}

std::int64_t seconds_since_1970(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

// What was there and is gone is passed over, too.
std::string read_up_to(const std::string& after, const StreamBatch& batch) {
  if (!batch.end.empty()) return batch.end;
  return batch.items.empty() ? after : batch.items.back().id;
}

bool counts(const revocation::StreamItem& item, WallTime now) {
  return std::any_of(item.entries.begin(), item.entries.end(),
                     [&](const auto& each) { return !each.entry.end || *each.entry.end > now; });
}

}  // namespace

void StreamKeeper::ask(const StreamPtr& stream) {
  stream->busy = true;
  stream->attempted_at = parts_.clock.wall();
  parts_.fetcher.fetch_items(
      {stream->name(), stream->config.digest, stream->after},
      [this, weak = std::weak_ptr(stream), round = ++stream->round](const FetchResult& result) {
        const auto owner = weak.lock();  // gone with its section
        if (!owner || owner->round != round) return;
        on_control(owner, [&] { answered(owner, result); });
      });
}

void StreamKeeper::answered(const StreamPtr& stream, const FetchResult& result) {
  if (result.status != FetchResult::Status::ok) {
    no_batch(stream, result);
  } else if (const auto batch = ipc::fetch::decode_stream_batch(result.body)) {
    batch_came(stream, *batch);
  } else {
    failed(*stream, "latchkey-fetchd sent what is no batch");
  }
  if (!stream->busy && parts_.hooks.rescheduled) parts_.hooks.rescheduled();
}

void StreamKeeper::no_batch(const StreamPtr& stream, const FetchResult& result) {
  if (result.status != FetchResult::Status::reload) return failed(*stream, result.error);
  const std::string digest = stream->config.digest;
  parts_.hooks.reload();
  if (std::find(streams_.begin(), streams_.end(), stream) == streams_.end()) return;
  if (stream->config.digest != digest) return;  // adopt() has it asked for at once
  failed(*stream, result.error);
}

void StreamKeeper::batch_came(const StreamPtr& stream, const StreamBatch& batch) {
  if (stream->trouble && stream->failures > 0)
    parts_.journal.log(LogLevel::notice, "a revocation stream can be read again",
                       {{"stream", stream->name()}});
  // A file with keys may be another one by now; then all of it is read again.
  if (!check_keys(*stream)) return ask(stream);
  const auto keys = stream_keys(stream->config);
  if (!keys) return failed(*stream, "the keys of the stream: " + keys.error());
  stream->trouble.reset();
  std::vector<StreamLine> lines;
  note_trimming(*stream, batch, lines);
  for (StreamLine& line : take_all(*stream, batch, *keys)) lines.push_back(std::move(line));
  const std::string last = read_up_to(stream->after, batch);
  if (last != stream->after) lines.push_back({StreamLine::Kind::read, last, {}});
  if (std::exchange(stream->feed.incomplete, stream->incomplete()) != stream->feed.incomplete)
    stream->changed = true;
  // In force before it is durable: what the disk refuses is read again, and revokes all the same.
  if (std::exchange(stream->changed, false)) parts_.hooks.publish([] {});
  note_state(*stream);
  if (stream->incomplete() && parts_.hooks.rescheduled) parts_.hooks.rescheduled();
  if (LATCHKEY_FAILS(stream_held_many,
                     stream->held.size() > parts_.held_most || stream->held_bytes > kHeldBytesMost))
    return failed(*stream, "more items than can be kept here; a snapshot would stand for them");
  if (!lines.empty() || stream->unsaved) return keep(stream, std::move(lines), last);
  go_on(stream);
}

// Whoever writes junk, one entry after another, has as many read at once as come in the meantime,
// and not each by a round of its own. What lies there already is read past at full speed.
void StreamKeeper::go_on(const StreamPtr& stream) {
  stream->failures = 0;
  if (!stream->junk) return ask(stream);
  stream->busy = false;
  stream->next_ask = parts_.clock.steady() + kJunkPause;
  if (parts_.hooks.rescheduled) parts_.hooks.rescheduled();
}

// What a snapshot stands for may be gone from the beginning, and what was junk may be gone from
// anywhere; whether all that is gone was heard or is covered, the items that are left say, and a
// beat that was signed since.
void StreamKeeper::note_trimming(Stream& stream, const StreamBatch& batch,
                                 std::vector<StreamLine>& lines) {
  const bool covered =
      stream.rereading || (stream.reread && stream.based > 0 && stream.after == "0-0");
  if (LATCHKEY_FAILS(stream_trimmed, batch.trimmed && !covered)) {
    if (!std::exchange(stream.trimmed, true)) {
      stream.trimmed_at = parts_.clock.wall();
      lines.push_back({StreamLine::Kind::trimmed, {}, {}});
    }
    stream.rereading = false;
    stream.reread = false;
  } else if (stream.rereading && !batch.more && batch.items.size() < ipc::fetch::kItemsInBatch) {
    stream.rereading = false;
    stream.reread = true;
    stream.unsaved = true;
  }
}

std::vector<StreamLine> StreamKeeper::take_all(Stream& stream, const StreamBatch& batch,
                                               const jose::JwkSet& keys) {
  std::vector<StreamLine> lines;
  revocation::Source::Editor work(*stream.source);
  stream.works = false;
  const std::size_t refused_before = stream.refused_ever;
  for (const StreamBatch::Item& item : batch.items) {
    if (auto line = take(stream, item, keys, work)) lines.push_back(*std::move(line));
  }
  const std::size_t junk = stream.refused_ever - refused_before;
  stream.junk = junk > 0 && junk == batch.items.size() && !batch.more &&
                batch.items.size() < ipc::fetch::kItemsInBatch;
  if (stream.works) {
    stream.source = std::make_shared<const revocation::Source>(work.finish());
    stream.merger.consider(parts_.builder, parts_.control, stream.source,
                           stream.ends_by(parts_.clock.wall()), parts_.hooks.publish);
    stream.changed = true;
  }
  // A beat of before may have been made by one who had not seen yet what was gone by then.
  const auto& known = stream.feed.known;
  const bool early =
      LATCHKEY_FAILS(stream_trimmed_beat, !known || known->issued_at <= stream.trimmed_at);
  if (stream.trimmed && stream.reread && (stream.based > 0 || !early)) {
    stream.trimmed = false;
    stream.unsaved = true;
  }
  return lines;
}

// The line to be stored of an item that is to be held. Its entries go to work whatever this clock
// says: that adds, and one that was passed over for want of a clock would not come again.
std::optional<StreamLine> StreamKeeper::take(Stream& stream, const StreamBatch::Item& item,
                                             const jose::JwkSet& keys,
                                             revocation::Source::Editor& work) {
  auto read =
      revocation::read_stream_item(item.bytes, {stream.config.issuer, keys}, kAnyTime, *scratch_);
  if (!read) {
    refuse(stream, item.id,
           fmt::format("{}: {}", revocation::item_fault_name(read.error().fault),
                       read.error().detail));
    return std::nullopt;
  }
  const auto missing = stream.progress.missing();
  const StreamPlace place = stream.progress.take(*read);
  // What it speaks of is missed over a restart, too, whether the item itself is kept or not.
  if (place == StreamPlace::beat && stream.progress.missing() != missing) stream.unsaved = true;
  if (stream.is_covered(*read) || stream.is_held(item.bytes, *read)) return std::nullopt;
  if (LATCHKEY_FAILS(stream_date_ahead,
                     read->issued_at > parts_.clock.wall() + revocation::kItemAhead)) {
    refuse(stream, item.id, "ahead: it was signed in the future, or this clock is behind");
    if (place == StreamPlace::beat) return std::nullopt;  // what it knew of others is heard
  } else {
    if (place == StreamPlace::beat && !stream.is_newest(*read)) return std::nullopt;
    stream.refused.reset();
    if (read->max_age) take_date(stream, read->issued_at, *read->max_age);
  }
  StreamLine line{StreamLine::Kind::item, item.id, item.bytes};
  Held held{item.id, item.bytes, *std::move(read)};
  put_to_work(stream, held, work);
  stream.works = stream.works || !held.item.entries.empty();
  stream.hold(std::move(held));
  return line;
}

// Whoever may write to Redis decides how many there are, so not each is worth a line.
void StreamKeeper::refuse(Stream& stream, const std::string& id, std::string why) {
  const SteadyTime now = parts_.clock.steady();
  ++stream.refusals;
  ++stream.refused_ever;
  if (!stream.refusal_said || now - *stream.refusal_said >= kRefusalSaid) {
    parts_.journal.log(LogLevel::warning, "an item of a revocation stream is refused",
                       {{"stream", stream.name()},
                        {"id", id},
                        {"error", why},
                        {"refused_since", fmt::format("{}", std::exchange(stream.refusals, 0))}});
    stream.refusal_said = now;
  }
  stream.refused = "item " + id + ": " + std::move(why);
}

void StreamKeeper::put_to_work(const Stream& stream, const Held& held,
                               revocation::Source::Editor& work) {
  for (const revocation::StreamEntry& each : held.item.entries) {
    const revocation::Entry& entry = each.entry;
    work.add(entry);
    const bool subject = entry.kind == revocation::EntryKind::subject;
    parts_.journal.log(
        LogLevel::notice, "a revocation of a stream is in force",
        {{"stream", stream.name()},
         {"kind", revocation::entry_kind_name(entry.kind)},
         {"digest", hex(entry.digest)},
         {"before", subject ? fmt::format("{}", seconds_since_1970(entry.before)) : "any"},
         {"end", entry.end ? fmt::format("{}", seconds_since_1970(*entry.end)) : "none"},
         {"reason", each.reason},
         {"writer", held.item.key_id},
         {"seq", fmt::format("{}", held.item.seq)}});
  }
}

// What the file would hold if it were written now. An item is needed while an entry of it counts;
// how far its writer was heard, and the last beat, outlive it.
std::vector<StreamLine> StreamKeeper::all_lines(const Stream& stream,
                                                const std::string& last) const {
  const WallTime now = stream.ends_by(parts_.clock.wall());
  std::vector<StreamLine> lines;
  for (const auto& [place, each] : stream.held) {
    if (counts(each.item, now) || stream.is_dated_by(each.item))
      lines.push_back({StreamLine::Kind::item, each.id, each.text});
  }
  if (stream.beat && stream.is_dated_by(stream.beat->item))
    lines.push_back({StreamLine::Kind::item, stream.beat->id, stream.beat->text});
  for (const revocation::StreamSeen& sure : stream.progress.sure())
    lines.push_back({StreamLine::Kind::sure, sure.key_id, fmt::format("{}", sure.seq)});
  for (const revocation::StreamSeen& each : stream.progress.missing())
    if (LATCHKEY_FAILS(stream_heard_kept, each.seq != 0))
      lines.push_back({StreamLine::Kind::heard, each.key_id, fmt::format("{}", each.seq)});
  if (stream.trimmed) lines.push_back({StreamLine::Kind::trimmed, {}, {}});
  if (stream.based > 0)
    lines.push_back({StreamLine::Kind::based, fmt::format("{}", stream.based), {}});
  lines.push_back({StreamLine::Kind::read, last, {}});
  return lines;
}

void StreamKeeper::keep(const StreamPtr& stream, std::vector<StreamLine> lines, std::string last) {
  stream->lines += lines.size();
  const bool anew = !stream->stored || std::exchange(stream->unsaved, false) ||
                    stream->lines > 2 * stream->held.size() + kLinesMost;
  if (anew) {
    lines = all_lines(*stream, last);
    stream->lines = lines.size();
    // What is not written is not held any more, or the next time it would be as many again.
    const WallTime now = stream->ends_by(parts_.clock.wall());
    stream->kept_sure = stream->progress.sure();
    std::erase_if(stream->held, [&](const auto& each) {
      const Held& held = each.second;
      if (counts(held.item, now) || stream->is_dated_by(held.item)) return false;
      stream->held_bytes -= held.text.size();
      return true;
    });
  }
  // No stream ends its life on another thread than this one.
  parts_.disk.post([this, weak = std::weak_ptr(stream), lines = std::move(lines),
                    last = std::move(last), anew, round = stream->round, name = stream->name(),
                    issuer = stream->config.issuer, &store = parts_.store,
                    control = &parts_.control] {
    auto result = anew ? store.rewrite(name, issuer, lines) : store.append(name, lines);
    control->post([this, weak, result = std::move(result), last, round] {
      const StreamPtr kept_stream = weak.lock();
      on_control(kept_stream, [&] {
        if (kept_stream->round == round) kept(kept_stream, result, last);
      });
    });
  });
}

void StreamKeeper::kept(const StreamPtr& stream, const StreamStore::Result<void>& result,
                        std::string last) {
  if (!result) {
    stream->stored = false;  // the next time all of it is written
    failed(*stream, "storage: " + result.error());
    if (parts_.hooks.rescheduled) parts_.hooks.rescheduled();
    return;
  }
  stream->stored = true;
  stream->after = std::move(last);
  go_on(stream);
}

void StreamKeeper::failed(Stream& stream, std::string why) {
  const unsigned doublings = std::min(stream.failures++, 10U);
  milliseconds pause = std::min(kPause * (1 << doublings), kPauseMost);
  // A quarter of it at random, so that a fleet does not come back at once.
  pause += milliseconds(parts_.hooks.random() % static_cast<std::uint32_t>(pause.count() / 4));
  stream.busy = false;
  stream.next_ask = parts_.clock.steady() + pause;
  const bool known = stream.trouble == why;
  if (!known)
    parts_.journal.log(LogLevel::warning,
                       "a revocation stream cannot be read; what was heard stays at work",
                       {{"stream", stream.name()},
                        {"error", why},
                        {"retry_ms", fmt::format("{}", pause.count())}});
  stream.trouble = std::move(why);
}

}  // namespace latchkey::latchkeyd
