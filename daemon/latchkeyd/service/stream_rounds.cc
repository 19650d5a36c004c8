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
constexpr std::size_t kLinesMost = 4'096;  // on disk beyond twice of what is needed

std::string hex(const revocation::NameDigest& digest) {
  std::string text;
  for (const std::uint8_t byte : digest) text += fmt::format("{:02x}", byte);
  return text;
}

std::int64_t seconds_since_1970(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
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
  // What a snapshot stands for may be gone from the beginning; whether all that is gone is in it,
  // the items that are left say.
  const bool covered =
      stream->based > 0 && stream->after == "0-0" && (stream->rereading || stream->reread);
  if (LATCHKEY_FAILS(stream_trimmed, batch.trimmed && !covered)) {
    if (!std::exchange(stream->trimmed, true)) lines.push_back({StreamLine::Kind::trimmed, {}, {}});
    stream->rereading = false;
    stream->reread = false;
  } else if (stream->rereading && batch.items.size() < ipc::fetch::kItemsInBatch) {
    stream->rereading = false;
    stream->reread = true;
    stream->trimmed = false;
    stream->unsaved = true;
  }
  for (const StreamBatch::Item& item : batch.items) {
    if (auto line = take(*stream, item, *keys)) lines.push_back(*std::move(line));
  }
  // The last of it has come; what was lost of an earlier item was in a batch before this one.
  if (batch.items.size() < ipc::fetch::kItemsInBatch) stream->damaged = false;
  if (!batch.items.empty()) lines.push_back({StreamLine::Kind::read, batch.items.back().id, {}});
  if (std::exchange(stream->feed.incomplete, stream->incomplete()) != stream->feed.incomplete)
    stream->changed = true;
  // In force before it is durable: what the disk refuses is read again, and revokes all the same.
  if (std::exchange(stream->changed, false)) parts_.hooks.publish([] {});
  note_state(*stream);
  resync_where_due(*stream);
  if (!lines.empty() || stream->unsaved)
    return keep(stream, std::move(lines),
                batch.items.empty() ? stream->after : batch.items.back().id);
  stream->failures = 0;
  ask(stream);
}

// The line to be stored of an item that is to be held.
std::optional<StreamLine> StreamKeeper::take(Stream& stream, const StreamBatch::Item& item,
                                             const jose::JwkSet& keys) {
  auto read = revocation::read_stream_item(item.bytes, {stream.config.issuer, keys},
                                           parts_.clock.wall(), *scratch_);
  if (!read) {
    refuse(stream, item.id,
           fmt::format("{}: {}", revocation::item_fault_name(read.error().fault),
                       read.error().detail));
    return std::nullopt;
  }
  if (stream.progress.take(*read) == StreamPlace::known) return std::nullopt;
  // After a gap the same item can be the next one again.
  const bool held = std::any_of(stream.held.rbegin(), stream.held.rend(), [&](const Held& each) {
    return each.item.seq == read->seq && each.item.key_id == read->key_id;
  });
  if (held) return std::nullopt;
  stream.refused.reset();
  if (read->max_age) take_date(stream, read->issued_at, *read->max_age);
  // Of beats the newest says all that the others did, but for how far their writers were heard.
  std::erase_if(stream.held, [&](const Held& each) {
    return each.item.entries.empty() && each.item.issued_at != stream.feed.known->issued_at;
  });
  stream.held.push_back({item.id, item.bytes, *std::move(read)});
  put_to_work(stream, stream.held.back());
  return StreamLine{StreamLine::Kind::item, item.id, item.bytes};
}

void StreamKeeper::refuse(Stream& stream, const std::string& id, std::string why) {
  parts_.journal.log(LogLevel::warning, "an item of a revocation stream is refused",
                     {{"stream", stream.name()}, {"id", id}, {"error", why}});
  stream.refused = "item " + id + ": " + std::move(why);
}

void StreamKeeper::put_to_work(Stream& stream, const Held& held) {
  if (held.item.entries.empty()) return;
  revocation::Source::Editor editor(*stream.source);
  for (const revocation::StreamEntry& each : held.item.entries) {
    const revocation::Entry& entry = each.entry;
    editor.add(entry);
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
  revocation::Source next = editor.finish();
  if (next.wants_merge()) next = next.merged(parts_.clock.wall());
  stream.source = std::make_shared<const revocation::Source>(std::move(next));
  stream.changed = true;
}

// What the file would hold if it were written now. An item is needed while an entry of it counts;
// how far its writer was heard, and the last beat, outlive it.
std::vector<StreamLine> StreamKeeper::all_lines(const Stream& stream,
                                                const std::string& last) const {
  const WallTime now = parts_.clock.wall();
  std::vector<StreamLine> lines;
  for (const Held& each : stream.held) {
    const bool dates = each.item.max_age && stream.feed.known &&
                       each.item.issued_at == stream.feed.known->issued_at;
    if (counts(each.item, now) || dates)
      lines.push_back({StreamLine::Kind::item, each.id, each.text});
  }
  for (const revocation::StreamSeen& sure : stream.progress.sure())
    lines.push_back({StreamLine::Kind::sure, sure.key_id, fmt::format("{}", sure.seq)});
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
    const WallTime now = parts_.clock.wall();
    stream->kept_sure = stream->progress.sure();
    std::erase_if(stream->held, [&](const Held& each) {
      const bool dates = each.item.max_age && stream->feed.known &&
                         each.item.issued_at == stream->feed.known->issued_at;
      return !counts(each.item, now) && !dates;
    });
  }
  parts_.disk.post([this, stream, lines = std::move(lines), last = std::move(last), anew,
                    round = stream->round, name = stream->name(), issuer = stream->config.issuer,
                    &store = parts_.store, control = &parts_.control] {
    auto result = anew ? store.rewrite(name, issuer, lines) : store.append(name, lines);
    control->post([this, stream, result = std::move(result), last, round] {
      on_control(stream, [&] {
        if (stream->round == round) kept(stream, result, last);
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
  stream->failures = 0;
  ask(stream);
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
