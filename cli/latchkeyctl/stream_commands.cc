// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkeyctl/stream_commands.h"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/latchkeyctl/list_files.h"
#include "cli/latchkeyctl/moment.h"
#include "cli/latchkeyctl/snapshot_commands.h"
#include "core/base/text.h"
#include "core/config/forms.h"
#include "core/revocation/revocation.h"
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

// The thumbprint of the key that this host's daemon has of the issuer under that kid.
WriterResult<std::string> thumbprint_of(const Session& session, const std::string& issuer,
                                        const std::string& kid) {
  const auto wrong = [&](const std::string& why) {
    return tl::unexpected(WriterError{WriterError::Kind::refused, "--kid: " + why});
  };
  auto client = ipc::varlink::VarlinkClient::connect(session.socket);
  if (!client)
    return wrong(
        "the daemon of this host, which has the keys, does not answer; --thumbprint needs none");
  const auto answer = ipc::control::call<ipc::control::GetKeys>(*client, {issuer}, session.timeout);
  if (!answer) return wrong("the daemon of this host has no keys of that issuer");
  const auto set = jose::JwkSet::parse(answer->jwks.value_or(""));
  std::string found;
  std::size_t count = 0;
  if (set) {
    for (const jose::Jwk& key : set->keys()) {
      if (key.kid() != kid) continue;
      found = key.thumbprint();
      ++count;
    }
  }
  if (count == 1) return found;
  return wrong(count == 0 ? "the issuer shows no key of that kid"
                          : "the issuer shows several keys of that kid; --thumbprint names one");
}

// The section by its short name or its `iss`.
const config::Issuer* find_issuer(const config::Config& config, const std::string& name) {
  std::ptrdiff_t index = config.find_issuer_by_name(name);
  if (index < 0) index = config.find_issuer(name);
  return index < 0 ? nullptr : &config.issuers[static_cast<std::size_t>(index)];
}

WriterResult<revocation::StreamEntry> entry_of(const Session& session, const StreamWriter& writer,
                                               ipc::control::RevokeRequest& request, WallTime now) {
  const auto refused = [](std::string what) {
    return tl::unexpected(WriterError{WriterError::Kind::refused, std::move(what)});
  };
  revocation::StreamEntry out;
  out.reason = request.comment.value_or("");
  out.entry.kind = revocation::find_entry_kind(request.kind).value_or(EntryKind::token);
  if (request.end) out.entry.end = std::chrono::ceil<std::chrono::seconds>(*request.end);
  std::string iss;
  if (request.issuer) {
    const config::Issuer* issuer = find_issuer(writer.config(), *request.issuer);
    if (issuer == nullptr) return refused("--issuer: the configuration has no issuer of that name");
    iss = issuer->config.issuer;
    const auto leeway = issuer->config.claims.leeway;
    // "Until now" by the issuer's clock, which may be ahead of ours by the leeway.
    if (out.entry.kind == EntryKind::subject)
      out.entry.before = request.before.value_or(now + leeway);
    if (out.entry.kind == EntryKind::key) {
      auto thumbprint = thumbprint_of(session, issuer->config.name, request.value);
      if (!thumbprint) return tl::unexpected(thumbprint.error());
      request.value = *std::move(thumbprint);
    }
    const bool bounded = out.entry.kind == EntryKind::token || out.entry.kind == EntryKind::subject;
    const auto bound = config::revocation_counts_until(
        writer.config(), *issuer,
        out.entry.kind == EntryKind::subject ? out.entry.before : now + leeway, std::nullopt);
    if (bounded && bound) {
      const auto end = std::chrono::ceil<std::chrono::seconds>(*bound);
      out.entry.end = std::min(out.entry.end.value_or(end), WallTime(end));
    }
  }
  const revocation::Names names;
  const auto digest = revocation::digest_of(out.entry.kind, iss, request.value, names);
  if (!digest) return refused("the name cannot be digested");
  out.entry.digest = *digest;
  return out;
}

}  // namespace

int report(const Session& session, const WriterError& error) {
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

std::string describe_gaps(const std::vector<revocation::StreamLost>& gaps) {
  std::string text;
  for (const auto& each : gaps)
    text += fmt::format("{}{} after {} up to {}", text.empty() ? "" : ", ", each.key_id, each.from,
                        each.to);
  return text;
}

int revoke_fleet(const Session& session, const Revocation& wanted,
                 const StreamWriterOptions& options) {
  auto request = request_of(wanted);
  if (!request) return usage("revoke: " + request.error());
  if (options.key.empty()) return usage("revoke: --fleet needs --key");
  auto writer = StreamWriter::open(options);
  if (!writer) return report(session, writer.error());
  const WallTime now = wall_now();
  auto entry = entry_of(session, *writer, *request, now);
  if (!entry) return report(session, entry.error());
  revocation::StreamItem item;
  const auto end = entry->entry.end;
  item.entries.push_back(*std::move(entry));
  const auto sent = writer->send(std::move(item), now);
  if (!sent) return report(session, sent.error());
  const std::string& name = writer->stream().feed.name;
  ordered_json json{
      {"stream", name}, {"kind", request->kind}, {"seq", sent->seq}, {"id", sent->id}};
  if (end) json["end"] = ipc::format_time(*end);
  return say(session,
             fmt::format("revoked {} {} for the fleet of stream {} (number {}, entry {})\n",
                         request->kind, quoted(request->value), name, sent->seq, quoted(sent->id)),
             json);
}

int stream_beat(const Session& session, const BeatOptions& options) {
  using revocation::stream_limits::kMaxAgeLeast;
  using revocation::stream_limits::kMaxAgeMost;
  const auto time = config::parse_duration(options.max_age);
  if (!time || *time < kMaxAgeLeast || *time > kMaxAgeMost || time->count() % 1'000 != 0)
    return usage("beat: --max-age takes 60s to 30d");
  auto writer = StreamWriter::open(options.writer);
  if (!writer) return report(session, writer.error());
  // What was trimmed looks like a gap, and is no reason to have hosts wait for nothing any more.
  if (options.over_gap && options.snapshot.empty() && !writer->stream().snapshot_url.empty())
    return report(session, {WriterError::Kind::refused,
                            "--over-gap: this stream has a snapshot: --snapshot DIR says what it "
                            "covers (an empty folder, where it is lost)"});
  const WallTime now = wall_now();
  std::vector<revocation::StreamSeen> covered;
  if (!options.snapshot.empty()) {
    if (::access(options.snapshot.c_str(), F_OK) != 0)
      return report(session, {WriterError::Kind::refused, "--snapshot: there is no such folder"});
    auto base = standing_snapshot(ListFolder(options.snapshot), *writer, writer->readers(), now);
    if (!base) return report(session, base.error());
    if (base->version != 0 && base->version < writer->noted_version())
      return report(session, {WriterError::Kind::refused,
                              fmt::format("--snapshot: the folder has version {}, and this key "
                                          "signed version {}",
                                          base->version, writer->noted_version())});
    covered = std::move(base->seen);
  }
  auto look = writer->look(now, covered, true);
  // Whoever is told to give up does so also with what the notes alone know of.
  if (look && look->missing.empty() && options.over_gap) look = writer->look(now, covered, false);
  if (!look) return report(session, look.error());
  const std::string missing = describe_gaps(look->missing);
  const bool named = writer->has_named(look->missing);
  if (!missing.empty() && !(options.over_gap && named)) {
    // Whoever hides what spoke of it has it missed all the same.
    if (auto noted = writer->note_heard(look->spoken_of, look->missing); !noted)
      return report(session, noted.error());
    return report(session,
                  {WriterError::Kind::refused,
                   "something that a writer sent is missing in the stream (of key " + missing +
                       "), so no beat says that it is whole; once it was revoked again, "
                       "--over-gap gives up exactly that, and hosts wait for it no longer"});
  }
  revocation::StreamItem item;
  item.max_age = std::chrono::duration_cast<std::chrono::seconds>(*time);
  item.seen = std::move(look->seen);
  item.lost = std::move(look->missing);
  const std::size_t writers = item.seen.size();
  const auto sent = writer->send(std::move(item), now);
  if (!sent) return report(session, sent.error());
  const std::string& name = writer->stream().feed.name;
  return say(
      session,
      fmt::format("stream {}: a beat, {} writers seen{} (number {}, entry {})\n", name, writers,
                  missing.empty() ? "" : ", given up: key " + missing, sent->seq, quoted(sent->id)),
      {{"stream", name},
       {"writers", writers},
       {"given_up", missing},
       {"seq", sent->seq},
       {"id", sent->id}});
}

}  // namespace latchkey::cli
