// SPDX-License-Identifier: Apache-2.0
#include "core/revocation/list_manifest.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "core/base/mutation.h"
#include "core/base/text.h"
#include "core/jose/compact_jws.h"
#include "core/jose/media_type.h"
#include "core/jose/select_key.h"
#include "core/jose/signature.h"

namespace latchkey::revocation {
namespace {

using jose::JsonValue;
using list_limits::kAhead;
using list_limits::kChunkBytes;
using list_limits::kChunkEntries;
using list_limits::kChunks;
using list_limits::kManifestBytes;
using list_limits::kMaxAgeLeast;
using list_limits::kMaxAgeMost;
using list_limits::kSteps;
using list_limits::kVersion;
using list_limits::kWayBytes;

constexpr std::uint64_t kDigestBytes = sizeof(NameDigest);
constexpr std::uint64_t kSubjectBytes = kDigestBytes + 8;
constexpr std::uint64_t kReasonBytes = 1 + kDigestBytes + 1 + 1;
constexpr std::size_t kSha256Digits = 64;
// 9999-12-31T23:59:59Z; also the greatest `end`.
constexpr std::uint64_t kLatestSecond = 253'402'300'799;

tl::unexpected<ListError> fault(ListFault fault, std::string detail) {
  return tl::unexpected(ListError{fault, std::move(detail)});
}
tl::unexpected<ListError> bounds(std::string detail) {
  return fault(ListFault::bounds, std::move(detail));
}

// A member that is an integer within these.
ListResult<std::uint64_t> integer(const JsonValue& object, std::string_view name,
                                  std::uint64_t least, std::uint64_t most) {
  const auto member = object.find(name);
  const auto number = member ? member->as_unsigned() : std::nullopt;
  if (LATCHKEY_FAILS(list_integer, !number))
    return fault(ListFault::form, "'" + std::string(name) + "' is absent or no integer");
  const auto value = LATCHKEY_CHECKED(number, std::uint64_t{0});
  if (LATCHKEY_FAILS(list_range, value < least || value > most))
    return bounds("'" + std::string(name) + "' is " + std::to_string(value));
  return value;
}

ListResult<std::string_view> text(const JsonValue& object, std::string_view name) {
  const auto member = object.find(name);
  const auto value = member ? member->as_string() : std::nullopt;
  if (LATCHKEY_FAILS(list_text, !value))
    return fault(ListFault::form, "'" + std::string(name) + "' is absent or no string");
  return LATCHKEY_CHECKED(value, std::string_view());
}

// What is not known could change what the known means.
ListResult<void> only(const JsonValue& object, std::span<const std::string_view> names,
                      std::string_view what) {
  if (!object.is_object())
    return fault(ListFault::form, "a " + std::string(what) + " is no object");
  for (const auto& member : object.members()) {
    if (LATCHKEY_FAILS(list_member_unknown,
                       std::find(names.begin(), names.end(), member.name) == names.end())) {
      return fault(ListFault::form,
                   "a " + std::string(what) + " has a member " + quoted(member.name));
    }
  }
  return {};
}

bool is_sha256(std::string_view digits) {
  return digits.size() == kSha256Digits && std::all_of(digits.begin(), digits.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

WallTime at_second(std::uint64_t seconds) {
  return WallTime(std::chrono::seconds(static_cast<std::int64_t>(seconds)));
}

ListResult<void> read_kind(const JsonValue& json, ListChunk& chunk) {
  LATCHKEY_TRY(const std::string_view kind, text(json, "kind"));
  if (kind != "reasons") {
    chunk.kind = find_entry_kind(kind);
    if (LATCHKEY_FAILS(list_kind, !chunk.kind))
      return fault(ListFault::form, "there is no kind " + quoted(kind));
  }
  LATCHKEY_TRY(const std::string_view op, text(json, "op"));
  chunk.remove = op == "remove";
  if (LATCHKEY_FAILS(list_op, op != "remove" && op != "add"))
    return fault(ListFault::form, "there is no op " + quoted(op));
  if (LATCHKEY_FAILS(list_reasons_removed, chunk.remove && !chunk.kind))
    return bounds("reasons are removed");
  return {};
}

ListResult<ListChunk> read_chunk(const JsonValue& json, bool from_nothing) {
  constexpr std::array<std::string_view, 6> kMembers = {"sha256", "size", "entries",
                                                        "kind",   "op",   "end"};
  LATCHKEY_TRY_VOID(only(json, kMembers, "chunk"));
  ListChunk chunk;
  LATCHKEY_TRY_VOID(read_kind(json, chunk));
  if (LATCHKEY_FAILS(list_removes_of_nothing, chunk.remove && from_nothing))
    return bounds("a step from 0 removes");
  LATCHKEY_TRY(const std::string_view sha256, text(json, "sha256"));
  if (LATCHKEY_FAILS(list_sha256, !is_sha256(sha256)))
    return fault(ListFault::form, "a 'sha256' is not 64 lower-case hexadecimal digits");
  chunk.sha256 = sha256;
  LATCHKEY_TRY(chunk.size, integer(json, "size", 1, kChunkBytes));
  LATCHKEY_TRY(chunk.entries, integer(json, "entries", 1, kChunkEntries));
  const std::uint64_t least = chunk.entries * record_bytes(chunk);
  if (LATCHKEY_FAILS(list_size, chunk.kind ? chunk.size != least : chunk.size < least))
    return bounds("a chunk of " + std::to_string(chunk.entries) + " entries has " +
                  std::to_string(chunk.size) + " bytes");
  if (!json.find("end")) return chunk;
  LATCHKEY_TRY(const std::uint64_t end, integer(json, "end", 1, kLatestSecond));
  if (LATCHKEY_FAILS(list_end_misplaced, chunk.remove || !chunk.kind))
    return bounds("what has no end has one");
  chunk.end = at_second(end);
  return chunk;
}

ListResult<ListStep> read_step(const JsonValue& json, std::uint64_t version,
                               std::size_t& chunks_left) {
  constexpr std::array<std::string_view, 3> kMembers = {"from", "to", "chunks"};
  LATCHKEY_TRY_VOID(only(json, kMembers, "step"));
  ListStep step;
  LATCHKEY_TRY(step.to, integer(json, "to", 1, version));
  LATCHKEY_TRY(step.from, integer(json, "from", 0, step.to - 1));
  const auto chunks = json.find("chunks");
  if (!chunks || !chunks->is_array())
    return fault(ListFault::form, "'chunks' is absent or no array");
  if (LATCHKEY_FAILS(list_too_many_chunks, chunks->size() > chunks_left))
    return bounds("there are more than " + std::to_string(kChunks) + " chunks");
  chunks_left -= chunks->size();
  for (const JsonValue chunk : chunks->elements()) {
    LATCHKEY_TRY(step.chunks.emplace_back(), read_chunk(chunk, step.from == 0));
  }
  return step;
}

// Each step leads to a higher version, so it ends. Nothing where it ends before the version.
std::optional<std::vector<const ListStep*>> follow(const ListManifest& manifest, std::uint64_t at) {
  std::vector<const ListStep*> way;
  while (at != manifest.version) {
    const ListStep* best = nullptr;
    for (const ListStep& step : manifest.steps)
      if (step.from == at && (best == nullptr || step.to > best->to)) best = &step;
    if (best == nullptr) return std::nullopt;
    way.push_back(best);
    at = best->to;
  }
  return way;
}

// From 0 and from wherever a step ends there is a way to the version, each of them short enough.
ListResult<void> check_ways(const ListManifest& manifest) {
  std::vector<std::uint64_t> starts = {0};
  for (const ListStep& step : manifest.steps) {
    starts.push_back(step.to);
    const auto same = std::count_if(
        manifest.steps.begin(), manifest.steps.end(),
        [&](const ListStep& each) { return each.from == step.from && each.to == step.to; });
    if (LATCHKEY_FAILS(list_step_twice, same > 1)) return bounds("a step is there twice");
  }
  for (const std::uint64_t start : starts) {
    const auto way = follow(manifest, start);
    if (LATCHKEY_FAILS(list_dead_end, !way))
      return fault(ListFault::no_way, "nothing leads on from version " + std::to_string(start));
    std::uint64_t bytes = 0;
    for (const ListStep* step : LATCHKEY_CHECKED(way, std::vector<const ListStep*>()))
      for (const ListChunk& chunk : step->chunks) bytes += chunk.size;
    if (LATCHKEY_FAILS(list_way_too_long, bytes > kWayBytes))
      return bounds("a way to the version is longer than " + std::to_string(kWayBytes) + " bytes");
  }
  return {};
}

// What a list is, whoever signs it and when: format, version and steps.
ListResult<ListManifest> read_plan(const JsonValue& json) {
  const auto format = json.find("format");
  if (LATCHKEY_FAILS(list_format, !format || format->as_unsigned() != std::uint64_t{1}))
    return fault(ListFault::format, "'format' is not 1");
  ListManifest manifest;
  LATCHKEY_TRY(manifest.version, integer(json, "version", 1, kVersion));
  const auto steps = json.find("steps");
  if (!steps || !steps->is_array()) return fault(ListFault::form, "'steps' is absent or no array");
  if (LATCHKEY_FAILS(list_too_many_steps, steps->size() > kSteps))
    return bounds("there are more than " + std::to_string(kSteps) + " steps");
  std::size_t chunks_left = kChunks;
  for (const JsonValue step : steps->elements()) {
    LATCHKEY_TRY(manifest.steps.emplace_back(), read_step(step, manifest.version, chunks_left));
  }
  LATCHKEY_TRY_VOID(check_ways(manifest));
  return manifest;
}

ListResult<ListManifest> read_payload(const JsonValue& json, const ListTrust& trust) {
  LATCHKEY_TRY(const std::string_view issuer, text(json, "iss"));
  if (LATCHKEY_FAILS(list_issuer, issuer != trust.issuer))
    return fault(ListFault::issuer, "it is the list " + quoted(issuer));
  LATCHKEY_TRY(ListManifest manifest, read_plan(json));
  LATCHKEY_TRY(const std::uint64_t issued_at, integer(json, "iat", 0, kLatestSecond));
  manifest.issued_at = at_second(issued_at);
  LATCHKEY_TRY(const std::uint64_t max_age,
               integer(json, "max_age", static_cast<std::uint64_t>(kMaxAgeLeast.count()),
                       static_cast<std::uint64_t>(kMaxAgeMost.count())));
  manifest.max_age = std::chrono::seconds(static_cast<std::int64_t>(max_age));
  if (const auto member = json.find("seen")) {
    auto seen = read_stream_seen(*member);
    if (LATCHKEY_FAILS(list_seen, !seen))
      return fault(ListFault::form, "'seen' is no object of thumbprints and numbers");
    manifest.seen = LATCHKEY_CHECKED(std::move(seen), std::vector<StreamSeen>());
  }
  return manifest;
}

ListResult<jose::VerifiedJws> verify(std::string_view bytes, const ListTrust& trust,
                                     jose::Scratch& scratch) {
  const auto of = [](const Error& error) {
    return std::string(code(error.reason)) + (error.detail.empty() ? "" : ": " + error.detail);
  };
  const auto jws = jose::parse_compact(bytes, scratch);
  if (!jws) return fault(ListFault::form, of(jws.error()));
  // Before the key is asked for: what else it may have signed is not even looked at.
  if (LATCHKEY_FAILS(list_type,
                     !jws->typ() || !jose::is_media_type(*jws->typ(), "latchkey-revocations+jwt")))
    return fault(ListFault::type, "'typ' is not latchkey-revocations+jwt");
  const auto key = jose::select_key(*jws, trust.keys);
  if (!key) return fault(ListFault::key, of(key.error()));
  auto verified = jose::verify_signature(*jws, **key, scratch);
  if (!verified) return fault(ListFault::signature, of(verified.error()));
  return *std::move(verified);
}

}  // namespace

std::string_view list_fault_name(ListFault fault) {
  constexpr std::array<std::string_view, 13> kNames = {
      "form",  "type",     "key",    "signature", "issuer", "format", "bounds",
      "ahead", "rollback", "no_way", "chunk",     "memory", "storage"};
  return kNames[static_cast<std::size_t>(fault)];
}

std::uint64_t record_bytes(const ListChunk& chunk) {
  if (!chunk.kind) return kReasonBytes;
  return *chunk.kind == EntryKind::subject && !chunk.remove ? kSubjectBytes : kDigestBytes;
}

ListResult<ListManifest> read_manifest(std::string_view bytes, const ListTrust& trust,
                                       const std::optional<ListState>& accepted, WallTime now,
                                       jose::Scratch& scratch) {
  if (bytes.ends_with('\n')) bytes.remove_suffix(1);
  LATCHKEY_TRY(const jose::VerifiedJws jws, verify(bytes, trust, scratch));
  LATCHKEY_TRY(ListManifest manifest, read_payload(jws.claims(), trust));
  manifest.key_id = jws.key_id();
  if (LATCHKEY_FAILS(list_ahead, manifest.issued_at > now + kAhead))
    return fault(ListFault::ahead, "it was signed in the future, or this clock is behind");
  if (LATCHKEY_FAILS(list_rollback, accepted && manifest.version < accepted->version))
    return fault(ListFault::rollback, "version " + std::to_string(manifest.version) +
                                          " after version " + std::to_string(accepted->version));
  return manifest;
}

ListResult<ListManifest> read_unsigned(std::string_view json) {
  jose::JsonReader reader({.bytes = kManifestBytes});
  const auto value = reader.read(json);
  if (!value) return fault(ListFault::form, std::string(jose::describe(value.error())));
  return read_plan(*value);
}

std::vector<const ListStep*> way_to(const ListManifest& manifest, std::uint64_t has) {
  if (auto way = follow(manifest, has)) return *std::move(way);
  return follow(manifest, 0).value_or(std::vector<const ListStep*>());
}

}  // namespace latchkey::revocation
