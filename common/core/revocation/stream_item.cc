// SPDX-License-Identifier: Apache-2.0
#include "core/revocation/stream_item.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include <nlohmann/json.hpp>

#include "core/base/mutation.h"
#include "core/base/text.h"

namespace latchkey::revocation {
namespace {

using jose::JsonValue;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kLatestSecond = 253'402'300'799;  // 9999-12-31T23:59:59Z
constexpr std::size_t kDigestDigits = 2 * sizeof(NameDigest);
constexpr std::string_view kHex = "0123456789abcdef";

// A member that is an integer within these.
ItemResult<std::uint64_t> integer(const JsonValue& object, std::string_view name,
                                  std::uint64_t least, std::uint64_t most) {
  const auto member = object.find(name);
  const auto number = member ? member->as_unsigned() : std::nullopt;
  if (LATCHKEY_FAILS(stream_integer, !number))
    return refuse(ItemFault::claim, "'" + std::string(name) + "' is absent or no integer");
  const auto value = LATCHKEY_CHECKED(number, std::uint64_t{0});
  if (LATCHKEY_FAILS(stream_range, value < least || value > most))
    return refuse(ItemFault::bounds, "'" + std::string(name) + "' is " + std::to_string(value));
  return value;
}

ItemResult<NameDigest> read_digest(const JsonValue& json) {
  LATCHKEY_TRY(const std::string_view digits, item_text(json, "digest"));
  const bool hex = digits.find_first_not_of(kHex) == std::string_view::npos;
  if (LATCHKEY_FAILS(stream_digest, digits.size() != kDigestDigits || !hex))
    return refuse(ItemFault::claim, "a 'digest' is not 32 lower-case hexadecimal digits");
  NameDigest digest{};
  for (std::size_t i = 0; i < std::min(digits.size(), kDigestDigits); ++i) {
    const auto digit = static_cast<unsigned>(std::min(kHex.find(digits[i]), kHex.size() - 1));
    digest[i / 2] = static_cast<std::uint8_t>(digest[i / 2] * 16U + digit);
  }
  return digest;
}

// What is not known could change what the known means.
ItemResult<void> check_members(const JsonValue& json) {
  constexpr std::array<std::string_view, 5> kMembers = {"kind", "digest", "before", "end",
                                                        "reason"};
  for (const auto& member : json.members()) {
    if (LATCHKEY_FAILS(stream_member_unknown,
                       std::find(kMembers.begin(), kMembers.end(), member.name) == kMembers.end()))
      return refuse(ItemFault::claim, "an entry has a member " + quoted(member.name));
  }
  return {};
}

ItemResult<std::string> read_reason(const JsonValue& json) {
  LATCHKEY_TRY(const auto text, item_text_if_there(json, "reason"));
  const std::string_view reason = text.value_or("");
  const bool control = std::any_of(reason.begin(), reason.end(), [](char c) {
    return static_cast<unsigned char>(c) < ' ' || c == '\x7f';
  });
  if (LATCHKEY_FAILS(stream_reason, reason.size() > stream_limits::kReasonBytes || control))
    return refuse(ItemFault::bounds, "a 'reason' is too long, or has control characters");
  return std::string(reason);
}

ItemResult<StreamEntry> read_entry(const JsonValue& json) {
  LATCHKEY_TRY_VOID(check_members(json));
  StreamEntry out;
  LATCHKEY_TRY(const std::string_view kind_name, item_text(json, "kind"));
  const auto kind = find_entry_kind(kind_name);
  if (LATCHKEY_FAILS(stream_kind, !kind))
    return refuse(ItemFault::claim, "there is no kind " + quoted(kind_name));
  out.entry.kind = LATCHKEY_CHECKED(kind, EntryKind::user);
  LATCHKEY_TRY(out.entry.digest, read_digest(json));
  if (out.entry.kind == EntryKind::subject) {
    LATCHKEY_TRY(const std::uint64_t before, integer(json, "before", 0, kLatestSecond * 1'000));
    out.entry.before = WallTime(milliseconds(static_cast<std::int64_t>(before)));
  } else if (LATCHKEY_FAILS(stream_before_misplaced, json.find("before").has_value())) {
    return refuse(ItemFault::claim, "'before' of what is no subject");
  }
  if (json.find("end")) {
    LATCHKEY_TRY(const std::uint64_t end, integer(json, "end", 1, kLatestSecond));
    out.entry.end = WallTime(seconds(static_cast<std::int64_t>(end)));
  }
  LATCHKEY_TRY(out.reason, read_reason(json));
  return out;
}

ItemResult<std::vector<StreamEntry>> read_entries(const JsonValue& payload) {
  const auto member = payload.find("entries");
  if (!member || !member->is_array())
    return refuse(ItemFault::claim, "'entries' is absent or no array");
  if (LATCHKEY_FAILS(stream_entries_many, member->size() > stream_limits::kEntries))
    return refuse(ItemFault::bounds, "there are more than 64 entries");
  std::vector<StreamEntry> entries;
  entries.reserve(member->size());
  for (const JsonValue each : member->elements()) {
    LATCHKEY_TRY(entries.emplace_back(), read_entry(each));
  }
  return entries;
}

// A member by writer. Of a key that is not the stream's any more nobody hears any more.
template <typename Each>
ItemResult<std::vector<Each>> read_writers(
    const JsonValue& payload, std::string_view name, const jose::JwkSet& keys,
    std::optional<std::vector<Each>> (*read)(const JsonValue&)) {
  const auto member = payload.find(name);
  if (!member) return std::vector<Each>();
  auto all = read(*member);
  if (!all)
    return refuse(ItemFault::claim,
                  "'" + std::string(name) + "' is no object of thumbprints and numbers");
  std::erase_if(*all, [&](const Each& each) {
    return LATCHKEY_FAILS(stream_seen_foreign, keys.find_thumbprint(each.key_id) == nullptr);
  });
  return *std::move(all);
}

ItemResult<StreamItem> read_payload(const JsonValue& payload, const StreamTrust& trust) {
  LATCHKEY_TRY(const std::string_view name, item_text(payload, "iss"));
  if (LATCHKEY_FAILS(stream_issuer, name != trust.name))
    return refuse(ItemFault::issuer, "it is of the stream " + quoted(name));
  const auto format = payload.find("format");
  if (LATCHKEY_FAILS(stream_format, !format || format->as_unsigned() != std::uint64_t{1}))
    return refuse(ItemFault::claim, "'format' is not 1");
  StreamItem item;
  LATCHKEY_TRY(const std::uint64_t issued_at, integer(payload, "iat", 0, kLatestSecond));
  item.issued_at = WallTime(seconds(static_cast<std::int64_t>(issued_at)));
  LATCHKEY_TRY(item.seq, integer(payload, "seq", 1, stream_limits::kSeq));
  LATCHKEY_TRY(item.prev, integer(payload, "prev", 0, item.seq - 1));
  LATCHKEY_TRY(item.entries, read_entries(payload));
  LATCHKEY_TRY(item.seen, read_writers(payload, "seen", trust.keys, read_stream_seen));
  LATCHKEY_TRY(item.lost, read_writers(payload, "lost", trust.keys, read_stream_lost));
  if (payload.find("max_age")) {
    LATCHKEY_TRY(
        const std::uint64_t max_age,
        integer(payload, "max_age", static_cast<std::uint64_t>(stream_limits::kMaxAgeLeast.count()),
                static_cast<std::uint64_t>(stream_limits::kMaxAgeMost.count())));
    item.max_age = seconds(static_cast<std::int64_t>(max_age));
  }
  if (LATCHKEY_FAILS(stream_says_nothing, item.entries.empty() && !item.max_age))
    return refuse(ItemFault::claim, "it has neither entries nor 'max_age'");
  // Of what is lost a beat tells, by itself.
  if (LATCHKEY_FAILS(stream_lost_beside, !item.entries.empty() && !item.lost.empty()))
    return refuse(ItemFault::claim, "it has entries and 'lost'");
  return item;
}

std::string hex_of(const NameDigest& digest) {
  std::string out;
  for (const std::uint8_t byte : digest) {
    out += kHex[byte >> 4U];
    out += kHex[byte & 15U];
  }
  return out;
}

std::int64_t seconds_of(WallTime time) {
  return std::chrono::floor<seconds>(time).time_since_epoch().count();
}

}  // namespace

ItemResult<StreamItem> read_stream_item(std::string_view bytes, const StreamTrust& trust,
                                        WallTime now, jose::Scratch& scratch) {
  constexpr std::array<std::string_view, 1> kTypes = {kStreamItemType};
  LATCHKEY_TRY(const jose::VerifiedJws jws, verify_item(bytes, kTypes, trust.keys, scratch));
  LATCHKEY_TRY(StreamItem item, read_payload(jws.claims(), trust));
  item.key_id = jws.key_id();
  if (LATCHKEY_FAILS(stream_ahead, item.issued_at > now + kItemAhead))
    return refuse(ItemFault::ahead, "it was signed in the future, or this clock is behind");
  return item;
}

std::string write_stream_payload(const StreamItem& item, std::string_view stream) {
  nlohmann::ordered_json entries = nlohmann::ordered_json::array();
  for (const StreamEntry& each : item.entries) {
    nlohmann::ordered_json entry{{"kind", entry_kind_name(each.entry.kind)},
                                 {"digest", hex_of(each.entry.digest)}};
    if (each.entry.kind == EntryKind::subject)
      entry["before"] = each.entry.before.time_since_epoch().count();
    if (each.entry.end) entry["end"] = seconds_of(*each.entry.end);
    if (!each.reason.empty()) entry["reason"] = each.reason;
    entries.push_back(std::move(entry));
  }
  nlohmann::ordered_json payload{
      {"iss", stream},   {"format", 1},       {"iat", seconds_of(item.issued_at)},
      {"seq", item.seq}, {"prev", item.prev}, {"entries", std::move(entries)}};
  for (const StreamSeen& each : item.seen) payload["seen"][each.key_id] = each.seq;
  for (const StreamLost& each : item.lost)
    for (const std::uint64_t number : {each.from, each.to})
      payload["lost"][each.key_id].push_back(number);
  if (item.max_age) payload["max_age"] = item.max_age->count();
  return payload.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace latchkey::revocation
