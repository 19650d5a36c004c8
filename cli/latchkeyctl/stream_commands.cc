// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkeyctl/stream_commands.h"

#include <optional>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/latchkeyctl/moment.h"
#include "core/base/text.h"
#include "core/config/forms.h"
#include "ipc/time_text.h"

namespace latchkey::cli {
namespace {

using nlohmann::ordered_json;
using revocation::EntryKind;

int usage(const std::string& text) {
  std::fprintf(stderr, "latchkeyctl: %s\n", text.c_str());
  return kUsage;
}

int say(const Session& session, const std::string& text, const ordered_json& json) {
  return print(session.json
                   ? json.dump(-1, ' ', true, ordered_json::error_handler_t::replace) + "\n"
                   : text);
}

int failed(const Session& session, const WriterError& error) {
  const bool unknown = error.kind == WriterError::Kind::unknown;
  const std::string text =
      error.what +
      (unknown ? "; it may have been sent, and the next command with this key sends it again" : "");
  const int status = error.kind == WriterError::Kind::refused ? kNegative : kUnavailable;
  if (!session.json) {
    std::fprintf(stderr, "latchkeyctl: %s\n", text.c_str());
    return status;
  }
  const char* word = unknown ? "unknown" : status == kNegative ? "failed" : "unavailable";
  const int printed = say(session, "", {{"error", word}, {"message", text}});
  return printed == kOk ? status : printed;
}

struct Named {
  EntryKind kind;
  std::string value;
};

std::optional<Named> named(const Revocation& wanted) {
  if (!wanted.token_id.empty()) return Named{EntryKind::token, wanted.token_id};
  if (!wanted.subject.empty()) return Named{EntryKind::subject, wanted.subject};
  if (!wanted.user.empty()) return Named{EntryKind::user, wanted.user};
  return std::nullopt;
}

struct Moments {
  std::optional<WallTime> before;
  std::optional<WallTime> end;
};

WriterResult<revocation::StreamEntry> entry_of(const StreamWriter& writer, const Named& named,
                                               const Revocation& wanted, const Moments& moments,
                                               WallTime now) {
  const auto refused = [](std::string what) {
    return tl::unexpected(WriterError{WriterError::Kind::refused, std::move(what)});
  };
  revocation::StreamEntry out;
  out.reason = wanted.comment;
  out.entry.kind = named.kind;
  out.entry.end = moments.end;
  std::string issuer;
  if (named.kind != EntryKind::user) {
    const std::ptrdiff_t index = writer.config().find_issuer_by_name(wanted.issuer);
    if (index < 0) return refused("--issuer: the configuration has no issuer of that name");
    const auto& section = writer.config().issuers[static_cast<std::size_t>(index)].config;
    issuer = section.issuer;
    // "Until now" by the issuer's clock, which may be ahead of ours by the leeway.
    if (named.kind == EntryKind::subject)
      out.entry.before = moments.before.value_or(now + section.claims.leeway);
  }
  const revocation::Names names;
  const auto digest = names.digest(named.kind, issuer, named.value);
  if (!digest) return refused("the name cannot be digested");
  out.entry.digest = *digest;
  return out;
}

}  // namespace

int revoke_fleet(const Session& session, const Revocation& wanted, const std::string& end,
                 const StreamWriterOptions& options) {
  const auto what = named(wanted);
  if (!what)
    return usage(
        "revoke: name what to revoke: --jti J --issuer I, --subject S --issuer I, or --user NAME");
  const bool user = what->kind == EntryKind::user;
  if (user != wanted.issuer.empty())
    return usage(user ? "revoke: --issuer goes with --jti and --subject"
                      : "revoke: --jti and --subject need --issuer");
  if (options.key.empty()) return usage("revoke: --fleet needs --key");
  Moments moments;
  if (!wanted.before.empty()) {
    if (what->kind != EntryKind::subject) return usage("revoke: --before goes with --subject");
    moments.before = ipc::parse_time(wanted.before);
    if (!moments.before)
      return usage("revoke: --before takes an RFC 3339 time such as 2026-03-01T09:30:00Z");
  }
  const WallTime now = wall_now();
  if (!end.empty()) {
    moments.end = ipc::parse_time(end);
    if (!moments.end || *moments.end <= now)
      return usage("revoke: --end takes an RFC 3339 time that is to come");
  }
  auto writer = StreamWriter::open(options);
  if (!writer) return failed(session, writer.error());
  auto entry = entry_of(*writer, *what, wanted, moments, now);
  if (!entry) return failed(session, entry.error());
  revocation::StreamItem item;
  item.entries.push_back(*std::move(entry));
  const auto sent = writer->send(std::move(item), now);
  if (!sent) return failed(session, sent.error());
  const auto kind = revocation::entry_kind_name(what->kind);
  const std::string& name = writer->stream().feed.name;
  return say(
      session,
      fmt::format("revoked {} {} for the fleet of stream {} (number {}, entry {})\n", kind,
                  latchkey::quoted(what->value), name, sent->seq, latchkey::quoted(sent->id)),
      {{"stream", name}, {"kind", kind}, {"seq", sent->seq}, {"id", sent->id}});
}

int stream_beat(const Session& session, const BeatOptions& options) {
  using namespace revocation::stream_limits;
  const auto time = config::parse_duration(options.max_age);
  if (!time || *time < kMaxAgeLeast || *time > kMaxAgeMost || time->count() % 1'000 != 0)
    return usage("beat: --max-age takes 60s to 30d");
  auto writer = StreamWriter::open(options.writer);
  if (!writer) return failed(session, writer.error());
  const WallTime now = wall_now();
  auto seen = writer->look(now);
  if (!seen) return failed(session, seen.error());
  revocation::StreamItem item;
  item.max_age = std::chrono::duration_cast<std::chrono::seconds>(*time);
  item.seen = *std::move(seen);
  const std::size_t writers = item.seen.size();
  const auto sent = writer->send(std::move(item), now);
  if (!sent) return failed(session, sent.error());
  const std::string& name = writer->stream().feed.name;
  return say(session,
             fmt::format("stream {}: a beat, {} writers seen (number {}, entry {})\n", name,
                         writers, sent->seq, latchkey::quoted(sent->id)),
             {{"stream", name}, {"writers", writers}, {"seq", sent->seq}, {"id", sent->id}});
}

}  // namespace latchkey::cli
