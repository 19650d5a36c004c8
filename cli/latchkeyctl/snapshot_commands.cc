// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkeyctl/snapshot_commands.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/latchkeyctl/files.h"
#include "cli/latchkeyctl/list_files.h"
#include "cli/latchkeyctl/list_plan.h"
#include "cli/latchkeyctl/list_text.h"
#include "cli/latchkeyctl/moment.h"
#include "cli/latchkeyctl/stream_commands.h"
#include "core/config/forms.h"
#include "core/revocation/stream_progress.h"
#include "ipc/stream_batch.h"

namespace latchkey::cli {
namespace {

using nlohmann::ordered_json;
using revocation::ListManifest;
using revocation::StreamItem;
using revocation::StreamProgress;
using std::chrono::seconds;
template <typename T>
using Step = WriterResult<T>;

tl::unexpected<WriterError> refused(std::string what) {
  return tl::unexpected(WriterError{WriterError::Kind::refused, std::move(what)});
}

int usage(const std::string& text) {
  std::fprintf(stderr, "latchkeyctl: snapshot: %s\n", text.c_str());
  return kUsage;
}

std::optional<seconds> whole_seconds(const std::string& text) {
  const auto time = config::parse_duration(text);
  if (!time || time->count() <= 0 || time->count() % 1'000 != 0) return std::nullopt;
  return std::chrono::duration_cast<seconds>(*time);
}

// What a stream says beyond a snapshot.
struct Read {
  StreamProgress progress;
  ListRows rows;
  WallTime latest{};       // when the last of them was signed
  std::size_t items = 0;   // beyond it
  std::size_t passed = 0;  // that are none
};

Step<Read> read_stream(StreamWriter& writer, const ListManifest& base, seconds round_end,
                       Reasons& reasons, WallTime now) {
  Read out;
  out.progress.cover(base.seen);
  // What this key vouched for once is missed where it is not there.
  out.progress.hear(writer.noted());
  out.progress.hear(writer.heard());
  const StreamProgress covered(base.seen);
  auto read = writer.read_all(now, [&](const std::string&, const StreamItem* item) {
    if (item == nullptr) {
      ++out.passed;
      return;
    }
    out.progress.take(*item);
    // What was signed since is not in it, whatever number its writer gave it.
    if (item->seq <= covered.sure(item->key_id) && item->issued_at < base.issued_at) return;
    ++out.items;
    out.latest = std::max(out.latest, item->issued_at);
    for (const revocation::StreamEntry& each : item->entries) {
      ListRow row{each.entry, reasons.keep(each.reason)};
      if (row.entry.end) {
        const auto end = std::chrono::ceil<seconds>(row.entry.end->time_since_epoch());
        const auto over = end % round_end;
        row.entry.end = WallTime(over.count() == 0 ? end : end + round_end - over);
      }
      out.rows.push_back(row);
    }
  });
  if (!read) return tl::unexpected(read.error());
  return out;
}

// Leaves out what somebody revoked by mistake; an error where it is not there.
Step<std::size_t> take_back(ListRows& rows, const std::string& file, Reasons& reasons) {
  if (file.empty()) return std::size_t{0};
  std::ifstream in(file);
  if (!in) return refused("--take-back: cannot be opened");
  const auto back = read_list_text(in, seconds(1), reasons);
  if (!back) return refused("--take-back: " + back.error());
  std::size_t taken = 0;
  for (const ListRow& each : *back) {
    const auto same = [&](const ListRow& row) {
      return row.entry.kind == each.entry.kind && row.entry.digest == each.entry.digest;
    };
    const std::size_t count = std::erase_if(rows, same);
    if (count == 0)
      return refused("--take-back: the stream revokes no such " +
                     std::string(entry_kind_name(each.entry.kind)));
    taken += count;
  }
  return taken;
}

// The last snapshot, by a key of the stream or one that was.
Step<ListManifest> last_of(const ListFolder& folder, const StreamWriter& writer,
                           const std::string& former_keys, WallTime now) {
  auto last = standing_snapshot(folder, writer, writer.readers(), now);
  if (last || former_keys.empty()) return last;
  const auto text = read_key_set_file(former_keys);
  if (!text) return refused("--former-keys: " + text.error());
  const auto keys = jose::JwkSet::parse(text->view());
  if (!keys || keys->empty()) return refused("--former-keys: there is no usable key in them");
  auto by_former = standing_snapshot(folder, writer, *keys, now);
  return by_former ? std::move(by_former) : std::move(last);
}

// What the next snapshot stands on.
struct Base {
  ListManifest manifest;
  ListRows rows;
  bool full = false;  // no step leads from it to the next one
};

// The version before that of a complete snapshot, which takes no other one's number. For that
// DIR is asked whoever signed it.
Step<std::uint64_t> version_before(const ListFolder& folder, const StreamWriter& writer,
                                   const SnapshotOptions& options) {
  const auto plan = folder.read_plan();
  const std::uint64_t there = plan && *plan ? (*plan)->version : 0;
  const std::uint64_t most = std::max(there, writer.noted_version());
  if (options.version == 0) return most;
  if (options.version > most) return options.version - 1;
  return refused(fmt::format("--version: there is a version {} already", most));
}

// Hosts that have a version keep its chunks and ask for no others of that number, so no number is
// ever signed with two contents: DIR has the last one.
Step<Base> base_of(const ListFolder& folder, const StreamWriter& writer,
                   const SnapshotOptions& options, Reasons& reasons, WallTime now) {
  Base base;
  base.full = options.anew || options.version != 0;
  if (!options.anew) {
    auto last = last_of(folder, writer, options.former_keys, now);
    if (!last) return tl::unexpected(last.error());
    base.manifest = *std::move(last);
  }
  if (!base.full && base.manifest.version < writer.noted_version())
    return refused(fmt::format(
        "DIR has {}, and this key signed version {}: bring DIR back, perhaps from the web "
        "server; --anew makes the next version of what the stream holds, where that is everything",
        base.manifest.version == 0 ? "no snapshot"
                                   : fmt::format("version {}", base.manifest.version),
        writer.noted_version()));
  if (!base.manifest.steps.empty()) {
    auto rows = folder.read_rows(way_to(base.manifest, 0), reasons);
    if (!rows) return refused(rows.error());
    base.rows = *std::move(rows);
    drop_ended(base.rows, now);
  }
  if (!base.full) return base;
  const auto before = version_before(folder, writer, options);
  if (!before) return tl::unexpected(before.error());
  base.manifest.version = *before;
  base.manifest.steps.clear();
  return base;
}

struct Made {
  ListManifest manifest;
  std::size_t entries = 0;
  std::size_t items = 0;
  std::size_t passed = 0;
  std::size_t taken_back = 0;
  std::string missing;  // empty: nothing
};

Step<Made> make(StreamWriter& writer, const SnapshotOptions& options, seconds max_age,
                seconds round_end) {
  const WallTime now = wall_now();
  const ListFolder folder(options.folder);
  Reasons reasons;
  auto base = base_of(folder, writer, options, reasons, now);
  if (!base) return tl::unexpected(base.error());
  const ListManifest& last = base->manifest;
  auto read = read_stream(writer, last, round_end, reasons, now);
  if (!read) return tl::unexpected(read.error());
  if (base->full && !read->progress.complete()) {
    const auto gaps = read->progress.gaps();
    if (auto noted = writer.note_heard(read->progress.missing(), gaps); !noted)
      return tl::unexpected(noted.error());
    return refused(
        "something that a writer sent is missing (of key " + describe_gaps(gaps) +
        "), and hosts would lose it with a version that "
        "knows nothing of it: bring DIR back; where it is lost, revoke again what was in it, and "
        "give it up (beat --over-gap)");
  }
  if (!options.take_back.empty() && !read->progress.complete())
    return refused(
        "--take-back: something of the stream is missing, so no snapshot covers what is "
        "to be taken back; first give up what is lost (beat --over-gap)");
  ListRows rows = base->rows;
  rows.insert(rows.end(), read->rows.begin(), read->rows.end());
  settle(rows);
  drop_ended(rows, now);
  const auto taken = take_back(rows, options.take_back, reasons);
  if (!taken) return tl::unexpected(taken.error());
  if (auto bounded = check_few(rows); !bounded) return refused(bounded.error());
  const ListChange change = difference(base->rows, rows);
  ListManifest next = last;
  if (!change.empty() || last.version == 0 || base->full) {
    if (auto made = folder.create(); !made) return refused(made.error());
    auto planned = next_plan(folder, last, rows, change, reasons, base->full);
    if (!planned) return refused(planned.error());
    next = *std::move(planned);
    if (base->full) std::erase_if(next.steps, [](const auto& step) { return step.from != 0; });
    if (auto written = folder.write_plan(next); !written) return refused(written.error());
  }
  // What was signed in the very second of a snapshot a host does not take to be in it.
  next.issued_at = std::max({now, last.issued_at, std::min(read->latest, now) + seconds(1)});
  next.max_age = max_age;
  // No more than was surely heard: where something is missing, its reader goes on to miss it.
  next.seen = read->progress.sure();
  std::erase_if(next.seen, [&](const auto& each) {
    return writer.readers().find_thumbprint(each.key_id) == nullptr;
  });
  const auto token = sign_manifest(next, writer.stream().issuer, writer.key());
  if (!token) return refused(token.error());
  if (auto written = folder.write_signed(*token); !written) return refused(written.error());
  if (auto noted = writer.note_snapshot(next.version, next.seen, read->progress.missing(),
                                        read->progress.gaps());
      !noted)
    return tl::unexpected(noted.error());
  return Made{std::move(next), rows.size(), read->items,
              read->passed,    *taken,      describe_gaps(read->progress.gaps())};
}

// A snapshot stands for the beats of before, too: it is dated, and knows what was lost by then.
bool is_above(const StreamItem& item, const StreamProgress& covered, WallTime signed_at) {
  if (item.entries.empty()) return item.issued_at >= signed_at;
  return item.seq > covered.sure(item.key_id);
}

int say(const Session& session, const std::string& text, const ordered_json& json) {
  return print(session.json
                   ? json.dump(-1, ' ', true, ordered_json::error_handler_t::replace) + "\n"
                   : text);
}

}  // namespace

WriterResult<ListManifest> standing_snapshot(const ListFolder& folder, const StreamWriter& writer,
                                             const jose::JwkSet& keys, WallTime now) {
  const auto plan = folder.read_plan();
  if (!plan) return refused(plan.error());
  if (!*plan) return ListManifest{};
  // A first make that died between the two signed nothing.
  if (!folder.is_signed()) return ListManifest{};
  const auto text = folder.read_signed();
  if (!text) return refused(text.error());
  jose::Scratch scratch;
  auto read =
      revocation::read_manifest(*text, {writer.stream().issuer, keys}, std::nullopt, now, scratch);
  if (!read)
    return refused("the snapshot in DIR is none of this stream: " + read.error().detail +
                   "; of a key that was taken away: --former-keys");
  if (read->version > (*plan)->version)
    return refused("manifest.json in DIR is older than manifest.jwt");
  return *std::move(read);
}

int snapshot_make(const Session& session, const SnapshotOptions& options) {
  using revocation::list_limits::kMaxAgeLeast;
  using revocation::list_limits::kMaxAgeMost;
  const auto max_age = whole_seconds(options.max_age);
  if (!max_age || *max_age < kMaxAgeLeast || *max_age > kMaxAgeMost)
    return usage("--max-age takes 60s to 30d");
  const auto round_end = whole_seconds(options.round_end);
  if (!round_end) return usage("--round-end takes a number and a unit, such as 1h or 1d");
  auto writer = StreamWriter::open(options.writer);
  if (!writer) return report(session, writer.error());
  const auto made = make(*writer, options, *max_age, *round_end);
  if (!made) return report(session, made.error());
  std::string text =
      fmt::format("snapshot of stream {}: version {}, {} entries, {} items beyond the last one",
                  writer->stream().feed.name, made->manifest.version, made->entries, made->items);
  if (made->taken_back > 0) text += fmt::format(", {} taken back", made->taken_back);
  if (made->passed > 0) text += fmt::format("; {} entries of Redis are no items", made->passed);
  const bool complete = made->missing.empty();
  if (!complete)
    text += "; INCOMPLETE, hosts that miss something go on to miss it: of key " + made->missing;
  const int printed = say(session, text + "\n",
                          {{"stream", writer->stream().feed.name},
                           {"version", made->manifest.version},
                           {"entries", made->entries},
                           {"items", made->items},
                           {"no_items", made->passed},
                           {"taken_back", made->taken_back},
                           {"complete", complete},
                           {"missing", made->missing}});
  if (printed != kOk) return printed;
  return complete ? kOk : kNegative;
}

int snapshot_trim(const Session& session, const SnapshotOptions& options) {
  const auto keep = whole_seconds(options.keep);
  if (!keep && options.keep != "0s") return usage("--keep takes a time, such as 1d");
  auto writer = StreamWriter::open(options.writer);
  if (!writer) return report(session, writer.error());
  const WallTime now = wall_now();
  const auto base = standing_snapshot(ListFolder(options.folder), *writer, writer->readers(), now);
  if (!base) return report(session, base.error());
  if (base->version == 0)
    return report(session, WriterError{WriterError::Kind::refused, "there is no snapshot in DIR"});
  const StreamProgress covered(base->seen);
  const auto oldest = (now - keep.value_or(seconds(0))).time_since_epoch().count();
  // Up to the first entry that is not covered, or is young; what is no item covers nothing.
  std::optional<std::string> first_kept;
  std::string last;
  auto read = writer->read_all(now, [&](const std::string& id, const StreamItem* item) {
    last = id;
    if (first_kept) return;
    const auto place = ipc::fetch::parse_entry_id(id);
    const bool young = !place || static_cast<std::int64_t>(place->milliseconds) > oldest;
    if (young || (item != nullptr && is_above(*item, covered, base->issued_at))) first_kept = id;
  });
  if (!read) return report(session, read.error());
  // The newest stays, so that a reader that knows it sees that nothing of it is missing.
  if (!first_kept) first_kept = last;
  std::int64_t removed = 0;
  if (!first_kept->empty()) {
    const auto trimmed = writer->trim(*first_kept);
    if (!trimmed) return report(session, trimmed.error());
    removed = *trimmed;
  }
  return say(
      session,
      fmt::format("stream {}: {} entries removed that version {} covers\n",
                  writer->stream().feed.name, removed, base->version),
      {{"stream", writer->stream().feed.name}, {"version", base->version}, {"removed", removed}});
}

}  // namespace latchkey::cli
