// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkeyctl/stream_writer.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "cli/latchkeyctl/commands.h"
#include "cli/latchkeyctl/files.h"
#include "cli/latchkeyctl/moment.h"
#include "cli/latchkeyctl/stream_setup.h"
#include "cli/latchkeyctl/stream_signer.h"
#include "config_files/load.h"
#include "core/base/limits.h"
#include "core/base/text.h"
#include "core/jose/scratch.h"
#include "core/revocation/stream_progress.h"
#include "ipc/stream_batch.h"
#include "ipc/time_text.h"

namespace latchkey::cli {

using Kind = WriterError::Kind;
using redis::Reply;
using redis::Trouble;
using revocation::StreamLost;
using revocation::StreamSeen;

namespace {

constexpr std::chrono::seconds kPatience{10};
constexpr std::size_t kPasswordBytes = 16'384;
constexpr std::string_view kPage = "32";
constexpr WallTime kAnyTime{std::chrono::seconds(253'402'300'799)};
constexpr std::chrono::minutes kReading{
    15};  // the whole of a stream; Redis can make one without end
constexpr char kOdd[] = "Redis answered XRANGE oddly";

tl::unexpected<WriterError> error(Kind kind, std::string what) {
  return tl::unexpected(WriterError{kind, std::move(what)});
}
tl::unexpected<WriterError> refused(std::string what) {
  return error(Kind::refused, std::move(what));
}

redis::Connection::Deadline soon() { return std::chrono::steady_clock::now() + kPatience; }

// What the server says may be anything.
std::string shown(const config::StreamSource& stream, const Trouble& trouble) {
  return "Redis at " + stream.server + ": " + quoted(trouble.what);
}

// Where to read on behind it; nothing behind the greatest id that there can be.
std::optional<std::string> behind(const ipc::fetch::EntryId& id) {
  constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
  if (id.number < kMost) return fmt::format("{}-{}", id.milliseconds, id.number + 1);
  if (id.milliseconds < kMost) return fmt::format("{}-0", id.milliseconds + 1);
  return std::nullopt;
}

// Of an entry with its id and its fields; nothing where it is none, or does not lie behind `last`.
std::optional<ipc::fetch::EntryId> id_behind(const Reply& entry,
                                             const std::optional<ipc::fetch::EntryId>& last) {
  if (entry.elements.size() != 2) return std::nullopt;
  auto id = ipc::fetch::parse_entry_id(entry.elements[0].text);
  return id && (!last || *last < *id) ? id : std::nullopt;
}

// Redis as it is where a writer can do nothing about it.
std::string hint(const Trouble& trouble) {
  return trouble.what.find("exhausted the last possible ID") == std::string::npos
             ? std::string()
             : "; somebody added an entry with the greatest id, so that nobody can add one any "
               "more: "
               "give the stream another 'key' (REVOCATION-STREAM.md, section 6)";
}

}  // namespace

WriterResult<StreamWriter> StreamWriter::open(const StreamWriterOptions& options) {
  ::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to sockets that may be closed
  const std::string path = options.config.empty() ? kHostConfig : options.config;
  auto config = config_files::load(path);
  if (!config) {
    return refused(config.error().empty() ? "the configuration cannot be read"
                                          : config::describe(config.error().front()));
  }
  auto stream = choose_stream(*config, options.stream);
  if (!stream) return refused(stream.error());
  if (!options.user.empty()) stream->user = options.user;
  if (!options.password_file.empty()) stream->password_file = options.password_file;
  auto readers = stream_readers(*stream);
  if (!readers) return refused(readers.error());
  auto key = writing_key(options.key, *readers, path);
  if (!key) return refused(key.error());
  StreamWriter writer(*std::move(config), *std::move(stream), *std::move(key), *std::move(readers));
  writer.key_path_ = options.key;
  writer.lock_ = ipc::Fd(::open(options.key.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!writer.lock_ || ::flock(writer.lock_.get(), LOCK_EX) != 0)
    return refused(std::string("--key: cannot be locked: ") + std::strerror(errno));
  auto notes = StreamNotes::read(options.key);
  if (!notes) return refused(notes.error());
  writer.noteless_ = !*notes;
  if (*notes) writer.notes_ = **std::move(notes);
  return writer;
}

WriterResult<void> StreamWriter::write_notes(const StreamNotes& notes) {
  if (auto written = notes.write(key_path_); !written) return refused(written.error());
  notes_ = notes;
  noteless_ = false;
  return {};
}

std::vector<StreamSeen> StreamWriter::noted() const {
  StreamNotes known = notes_;
  std::erase_if(known.seen, [this](const StreamSeen& each) { return is_foreign(each); });
  if (notes_.seq != 0) known.vouch({key_.thumbprint().value_or(""), notes_.seq});
  return known.seen;
}

std::vector<StreamSeen> StreamWriter::heard() const {
  std::vector<StreamSeen> heard = notes_.heard;
  std::erase_if(heard, [this](const StreamSeen& each) { return is_foreign(each); });
  return heard;
}

// Of its own items a writer misses what it does not know of.
void StreamWriter::forget_own(StreamNotes& notes) const {
  std::erase_if(notes.heard, [&](const StreamSeen& each) {
    return each.key_id == key_.thumbprint() && each.seq <= notes.seq;
  });
}

// Notes that are written know what this key sent.
WriterResult<StreamNotes> StreamWriter::whole_notes() {
  if (noteless_)
    if (auto found = find_own(wall_now()); !found) return tl::unexpected(found.error());
  return notes_;
}

WriterResult<void> StreamWriter::note_heard(const std::vector<StreamSeen>& heard,
                                            const std::vector<StreamLost>& gaps) {
  auto notes = whole_notes();
  if (!notes) return tl::unexpected(notes.error());
  notes->heard = heard;
  notes->gaps = gaps;
  forget_own(*notes);
  return write_notes(*notes);
}

WriterResult<void> StreamWriter::note_snapshot(std::uint64_t version,
                                               const std::vector<StreamSeen>& seen,
                                               const std::vector<StreamSeen>& heard,
                                               const std::vector<StreamLost>& gaps) {
  auto notes = whole_notes();
  if (!notes) return tl::unexpected(notes.error());
  notes->version = std::max(notes->version, version);
  for (const StreamSeen& each : seen)
    if (each.key_id != key_.thumbprint()) notes->vouch(each);
  notes_ = *std::move(notes);
  return note_heard(heard, gaps);
}

bool StreamWriter::has_named(const std::vector<StreamLost>& gaps) const {
  return std::all_of(gaps.begin(), gaps.end(), [&](const StreamLost& gap) {
    return std::any_of(notes_.gaps.begin(), notes_.gaps.end(), [&](const StreamLost& named) {
      return named.key_id == gap.key_id && named.from <= gap.from && gap.to <= named.to;
    });
  });
}

WriterResult<void> StreamWriter::connect() {
  if (connection_) return {};
  const auto server = config::parse_stream_server(stream_.server);
  if (!server) return refused(server.error());
  const auto until = soon();
  auto connection = redis::Connection::open({.path = server->path,
                                             .host = server->host,
                                             .port = server->port,
                                             .tls = server->tls,
                                             .ca_file = stream_.ca_file},
                                            -1, until);
  if (!connection) return error(Kind::unavailable, shown(stream_, connection.error()));
  if (!stream_.password_file.empty()) {
    const auto text = read_input(stream_.password_file, kPasswordBytes, "--password-file");
    if (!text) return refused(text.error());
    std::string_view line = text->view();
    while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
    wire::SecretBuffer password(line.size());
    if (line.empty() || !password.append(line)) return refused("--password-file: is empty");
    if (auto in = connection->sign_in(stream_.user, password, until); !in) {
      const bool said = in.error().kind == Trouble::Kind::refused;
      return error(said ? Kind::refused : Kind::unavailable, shown(stream_, in.error()));
    }
  }
  connection_.emplace(*std::move(connection));
  return {};
}

WriterResult<std::string> StreamWriter::add(const std::string& item) {
  const auto reply =
      connection_->call(redis::command({"XADD", stream_.key, "*", "item", item}), soon());
  if (reply && reply->is(Reply::Type::text) && ipc::fetch::is_entry_id(reply->text))
    return reply->text;
  if (reply) return error(Kind::unknown, "Redis answered XADD with what is no entry's id");
  const bool said = reply.error().kind == Trouble::Kind::refused;
  return error(said ? Kind::refused : Kind::unknown,
               shown(stream_, reply.error()) + hint(reply.error()));
}

WriterResult<void> StreamWriter::send_pending() {
  if (notes_.pending.empty()) return {};
  // Hosts that have it already know it.
  if (auto added = add(notes_.pending); !added) return tl::unexpected(added.error());
  StreamNotes notes = notes_;
  notes.pending.clear();
  return write_notes(notes);
}

// What this key sent before, as the stream has it, and as other writers' items speak of it. One who
// may not read it goes on from nothing: where that is wrong, hosts miss what was before.
WriterResult<void> StreamWriter::find_own(WallTime now) {
  const std::string own = key_.thumbprint().value_or("");
  std::uint64_t seq = 0;
  WallTime newest{};
  auto read = read_all(kAnyTime, [&](const std::string&, const revocation::StreamItem* item) {
    if (item == nullptr) return;
    newest = std::max(newest, item->issued_at);
    if (item->key_id == own) seq = std::max(seq, item->entries.empty() ? item->prev : item->seq);
    for (const StreamSeen& each : item->seen)
      if (each.key_id == own) seq = std::max(seq, each.seq);
  });
  if (!read && read.error().kind != Kind::refused) return tl::unexpected(read.error());
  // Its numbers and dates could lie below those of a snapshot, which then would seem to cover them.
  if (newest > now + revocation::kItemAhead)
    return refused(
        fmt::format("this machine's clock is behind: an item of the stream was signed {}",
                    ipc::format_time(newest)));
  notes_.seq = seq;
  return {};
}

WriterResult<StreamWriter::Sent> StreamWriter::send(revocation::StreamItem item, WallTime now) {
  if (auto ready = connect(); !ready) return tl::unexpected(ready.error());
  if (auto sent = send_pending(); !sent) return tl::unexpected(sent.error());
  if (noteless_)
    if (auto found = find_own(now); !found) return tl::unexpected(found.error());
  StreamNotes notes = notes_;
  for (const StreamSeen& each : item.seen) {
    if (each.key_id != key_.thumbprint()) notes.vouch(each);
    // What of its own it was shown, or has given up, its next item leads on from.
    if (each.key_id == key_.thumbprint()) notes.seq = std::max(notes.seq, each.seq);
  }
  forget_own(notes);
  if (!item.lost.empty()) notes.gaps.clear();
  item.issued_at = std::chrono::floor<std::chrono::seconds>(now);
  item.prev = notes.seq;
  item.seq = next_stream_seq(notes.seq, now);
  const auto text = sign_stream_item(item, stream_.issuer, key_);
  if (!text) return refused(text.error());
  const StreamNotes before = notes_;
  // A beat that is lost is followed by the next.
  if (!item.entries.empty()) {
    notes.seq = item.seq;
    notes.pending = *text;
  }
  if (auto written = write_notes(notes); !written) return tl::unexpected(written.error());
  auto id = add(*text);
  if (!id) {
    // What Redis said no to is not there, and must not be missed by anybody.
    if (id.error().kind == Kind::refused) static_cast<void>(write_notes(before));
    if (item.entries.empty() && id.error().kind == Kind::unknown)
      id.error().kind = Kind::unavailable;  // nobody sends a beat again
    return tl::unexpected(id.error());
  }
  // Redis has it. Notes that cannot be written still hold the item: the next command sends it once
  // more, and hosts know it.
  notes.pending.clear();
  static_cast<void>(write_notes(notes));
  return Sent{item.seq, *std::move(id)};
}

WriterResult<void> StreamWriter::read_all(WallTime now, const Each& each) {
  if (auto ready = connect(); !ready) return tl::unexpected(ready.error());
  jose::Scratch scratch;
  const auto until = std::chrono::steady_clock::now() + kReading;
  std::optional<ipc::fetch::EntryId> last;
  while (true) {
    const auto from = last ? behind(*last) : std::optional<std::string>("-");
    if (!from) return {};
    if (std::chrono::steady_clock::now() > until)
      return error(Kind::unavailable, "Redis came to no end of the stream");
    const auto reply = connection_->call(
        redis::command({"XRANGE", stream_.key, *from, "+", "COUNT", kPage}), soon());
    if (!reply) {
      const bool said = reply.error().kind == Trouble::Kind::refused;
      return error(said ? Kind::refused : Kind::unavailable, shown(stream_, reply.error()));
    }
    if (!reply->is(Reply::Type::array) || reply->cut) return error(Kind::unavailable, kOdd);
    if (reply->elements.empty()) return {};
    for (const Reply& entry : reply->elements) {
      const auto id = id_behind(entry, last);
      if (!id) return error(Kind::unavailable, kOdd);
      last = id;
      const auto item = item_of(entry.elements[1], now, scratch);
      each(entry.elements[0].text, item ? &*item : nullptr);
    }
  }
}

std::optional<revocation::StreamItem> StreamWriter::item_of(const Reply& fields, WallTime now,
                                                            jose::Scratch& scratch) const {
  for (std::size_t i = 0; i + 1 < fields.elements.size(); i += 2) {
    if (fields.elements[i].text != "item") continue;
    auto read = revocation::read_stream_item(fields.elements[i + 1].text,
                                             {stream_.issuer, readers_}, now, scratch);
    if (read) return *std::move(read);
  }
  return std::nullopt;
}

WriterResult<std::int64_t> StreamWriter::trim(const std::string& first_kept) {
  if (auto ready = connect(); !ready) return tl::unexpected(ready.error());
  const auto reply =
      connection_->call(redis::command({"XTRIM", stream_.key, "MINID", "=", first_kept}), soon());
  if (reply) return reply->integer;
  const bool said = reply.error().kind == Trouble::Kind::refused;
  return error(said ? Kind::refused : Kind::unavailable, shown(stream_, reply.error()));
}

WriterResult<StreamWriter::Look> StreamWriter::look(WallTime now,
                                                    const std::vector<StreamSeen>& covered,
                                                    bool notes_vouch) {
  revocation::StreamProgress progress(covered);
  if (notes_vouch)
    progress.cover(noted());
  else
    progress.hear(noted());
  progress.hear(heard());
  auto read = read_all(now, [&](const std::string&, const revocation::StreamItem* item) {
    if (item != nullptr) progress.take(*item);
  });
  if (!read) return tl::unexpected(read.error());
  return Look{progress.heard_of(), progress.gaps(), progress.missing()};
}

// Of a key that was taken away nobody wants to hear.
bool StreamWriter::is_foreign(const StreamSeen& each) const {
  return readers_.find_thumbprint(each.key_id) == nullptr;
}

}  // namespace latchkey::cli
