// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkeyctl/stream_writer.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <utility>
#include <vector>

#include "cli/latchkeyctl/commands.h"
#include "cli/latchkeyctl/files.h"
#include "cli/latchkeyctl/stream_signer.h"
#include "config_files/load.h"
#include "core/base/limits.h"
#include "core/base/text.h"
#include "core/jose/scratch.h"

namespace latchkey::cli {

using Kind = WriterError::Kind;
using redis::Reply;
using redis::Trouble;

namespace {

constexpr std::chrono::seconds kPatience{10};
constexpr std::size_t kNotesBytes = 131'072;
constexpr std::size_t kPasswordBytes = 16'384;
constexpr std::string_view kPage = "100";

tl::unexpected<WriterError> error(Kind kind, std::string what) {
  return tl::unexpected(WriterError{kind, std::move(what)});
}
tl::unexpected<WriterError> refused(std::string what) {
  return error(Kind::refused, std::move(what));
}

redis::Connection::Deadline soon() { return std::chrono::steady_clock::now() + kPatience; }

// What the server says may be anything.
std::string shown(const config::StreamSource& stream, const Trouble& trouble) {
  return "Redis at " + stream.server + ": " + latchkey::quoted(trouble.what);
}

WriterResult<config::StreamSource> choose(const config::Config& config, const std::string& name) {
  const auto& all = config.revocation.streams;
  if (all.empty()) return refused("the configuration has no 'revocation.streams'");
  if (name.empty()) {
    if (all.size() == 1) return all.front();
    return refused("the configuration has several streams: --stream says which");
  }
  for (const config::StreamSource& each : all) {
    if (each.feed.name == name) return each;
  }
  return refused("the configuration has no stream of that name");
}

WriterResult<jose::JwkSet> readers_of(const config::StreamSource& stream) {
  std::string document = stream.keys.document;
  if (!stream.keys_file.empty()) {
    const auto text = read_key_set_file(stream.keys_file);
    if (!text) return refused(text.error());
    document = std::string(text->view());
  }
  auto set = jose::JwkSet::parse(document);
  if (!set || set->empty()) return refused("the stream's keys: there is no usable key in them");
  return *std::move(set);
}

std::string notes_of(const std::string& key_path) { return key_path + ".notes"; }

}  // namespace

WriterResult<StreamWriter> StreamWriter::open(const StreamWriterOptions& options) {
  ::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to sockets that may be closed
  const std::string path = options.config.empty() ? kHostConfig : options.config;
  auto config = config_files::load(path);
  if (!config) {
    return refused(config.error().empty() ? "the configuration cannot be read"
                                          : config::describe(config.error().front()));
  }
  auto stream = choose(*config, options.stream);
  if (!stream) return tl::unexpected(stream.error());
  if (!options.user.empty()) stream->user = options.user;
  if (!options.password_file.empty()) stream->password_file = options.password_file;
  auto readers = readers_of(*stream);
  if (!readers) return tl::unexpected(readers.error());
  if (options.key == kStandardInput)
    return refused("--key: a file, since the writer's notes lie beside it");
  auto text = read_key(options.key);
  if (!text) return refused(text.error());
  auto key = jose::KeyMaterial::parse(text->view());
  text->wipe();
  if (!key) return refused("--key: " + key.error());
  const auto thumbprint = key->thumbprint();
  const bool known = thumbprint && std::any_of(readers->keys().begin(), readers->keys().end(),
                                               [&](const jose::Jwk& each) {
                                                 return each.thumbprint() == *thumbprint;
                                               });
  if (!known)
    return refused("--key: hosts would refuse it: it is none of the stream's keys in " + path);
  StreamWriter writer(*std::move(config), *std::move(stream), *std::move(key), *std::move(readers));
  writer.key_path_ = options.key;
  writer.lock_ = ipc::Fd(::open(options.key.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!writer.lock_ || ::flock(writer.lock_.get(), LOCK_EX) != 0)
    return refused(std::string("--key: cannot be locked: ") + std::strerror(errno));
  if (auto notes = writer.read_notes(); !notes) return tl::unexpected(notes.error());
  return writer;
}

WriterResult<void> StreamWriter::read_notes() {
  const std::string path = notes_of(key_path_);
  if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT) return {};
  const auto text = read_input(path, kNotesBytes, "the notes beside --key");
  if (!text) return refused(text.error());
  const std::string_view view = text->view();
  const auto line = view.substr(0, view.find('\n'));
  const auto [end, wrong] = std::from_chars(line.data(), line.data() + line.size(), notes_.seq);
  if (wrong != std::errc() || end != line.data() + line.size() || line.size() == view.size())
    return refused(path + ": these are no notes of a writer; without the file a new count begins");
  std::string_view rest = view.substr(line.size() + 1);
  if (rest.ends_with('\n')) rest.remove_suffix(1);
  notes_.pending = std::string(rest);
  return {};
}

WriterResult<void> StreamWriter::write_notes(const Notes& notes) {
  const std::string path = notes_of(key_path_);
  std::string text = std::to_string(notes.seq) + '\n';
  if (!notes.pending.empty()) text += notes.pending + '\n';
  if (auto written = write_private(path, text, Existing::replace); !written)
    return refused("the notes beside --key: " + written.error());
  const auto slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const ipc::Fd directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || ::fsync(directory.get()) != 0)
    return refused(std::string("the notes beside --key: ") + std::strerror(errno));
  notes_ = notes;
  return {};
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
  if (reply) return reply->text;
  const bool said = reply.error().kind == Trouble::Kind::refused;
  return error(said ? Kind::refused : Kind::unknown, shown(stream_, reply.error()));
}

WriterResult<StreamWriter::Sent> StreamWriter::send(revocation::StreamItem item, WallTime now) {
  if (auto ready = connect(); !ready) return tl::unexpected(ready.error());
  if (!notes_.pending.empty()) {
    // Hosts that have it already know it.
    if (auto added = add(notes_.pending); !added) return tl::unexpected(added.error());
    if (auto written = write_notes({notes_.seq, {}}); !written)
      return tl::unexpected(written.error());
  }
  item.issued_at = std::chrono::floor<std::chrono::seconds>(now);
  item.prev = notes_.seq;
  item.seq = next_stream_seq(notes_.seq, now);
  const auto text = sign_stream_item(item, stream_.issuer, key_);
  if (!text) return refused(text.error());
  const Notes before = notes_;
  if (auto written = write_notes({item.seq, *text}); !written)
    return tl::unexpected(written.error());
  auto id = add(*text);
  if (!id) {
    // What Redis said no to is not there, and must not be missed by anybody.
    if (id.error().kind == Kind::refused) static_cast<void>(write_notes(before));
    return tl::unexpected(id.error());
  }
  // Redis has it. Notes that cannot be written still hold the item: the next command sends it once
  // more, and hosts know it.
  static_cast<void>(write_notes({item.seq, {}}));
  return Sent{item.seq, *std::move(id)};
}

WriterResult<void> StreamWriter::read_all(WallTime now, const Each& each) {
  if (auto ready = connect(); !ready) return tl::unexpected(ready.error());
  jose::Scratch scratch;
  std::string from = "-";
  while (true) {
    const auto reply = connection_->call(
        redis::command({"XRANGE", stream_.key, from, "+", "COUNT", kPage}), soon());
    if (!reply) {
      const bool said = reply.error().kind == Trouble::Kind::refused;
      return error(said ? Kind::refused : Kind::unavailable, shown(stream_, reply.error()));
    }
    if (reply->elements.empty()) return {};
    for (const Reply& entry : reply->elements) {
      if (entry.elements.size() != 2) return refused("Redis answered XRANGE oddly");
      const std::string& id = entry.elements[0].text;
      from = "(" + id;
      std::optional<revocation::StreamItem> item;
      const auto& fields = entry.elements[1].elements;
      for (std::size_t i = 0; i + 1 < fields.size() && !item; i += 2) {
        if (fields[i].text != "item") continue;
        auto read = revocation::read_stream_item(fields[i + 1].text, {stream_.issuer, readers_},
                                                 now, scratch);
        if (read) item = *std::move(read);
      }
      each(id, item ? &*item : nullptr);
    }
  }
}

WriterResult<std::int64_t> StreamWriter::trim(const std::string& first_kept) {
  if (auto ready = connect(); !ready) return tl::unexpected(ready.error());
  const auto reply =
      connection_->call(redis::command({"XTRIM", stream_.key, "MINID", "=", first_kept}), soon());
  if (reply) return reply->integer;
  const bool said = reply.error().kind == Trouble::Kind::refused;
  return error(said ? Kind::refused : Kind::unavailable, shown(stream_, reply.error()));
}

WriterResult<std::vector<revocation::StreamSeen>> StreamWriter::look(WallTime now) {
  std::vector<revocation::StreamSeen> seen;
  const auto heard = [&](const std::string& key_id, std::uint64_t seq) {
    for (revocation::StreamSeen& each : seen) {
      if (each.key_id != key_id) continue;
      each.seq = std::max(each.seq, seq);
      return;
    }
    seen.push_back({key_id, seq});
  };
  if (notes_.seq != 0) heard(key_.thumbprint().value_or(""), notes_.seq);
  auto read = read_all(now, [&](const std::string&, const revocation::StreamItem* item) {
    if (item != nullptr) heard(item->key_id, item->seq);
  });
  if (!read) return tl::unexpected(read.error());
  return seen;
}

}  // namespace latchkey::cli
