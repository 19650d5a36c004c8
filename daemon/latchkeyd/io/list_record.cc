// SPDX-License-Identifier: Apache-2.0
//
// The text of a list's record. Every member is demanded and none besides; the checksum covers all
// values.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/jose/json.h"
#include "daemon/latchkeyd/io/checksum.h"
#include "daemon/latchkeyd/io/list_store.h"

namespace latchkey::latchkeyd {
namespace {

constexpr std::int64_t kVersion = 1;

std::string joined(const std::vector<std::string>& trail) {
  std::string text;
  for (const std::string& sha256 : trail) text += sha256 + "\n";
  return text;
}

std::int64_t seconds_of(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

std::string sum_of(const ListRecord& record) {
  return fmt::format(
      "{:016x}",
      checksum({record.issuer, joined(record.trail), record.url, record.etag, record.last_modified},
               {kVersion, static_cast<std::int64_t>(record.accepted.version),
                seconds_of(record.accepted.issued_at)}));
}

}  // namespace

bool ListRecord::operator==(const ListRecord& other) const {
  return issuer == other.issuer && accepted.version == other.accepted.version &&
         accepted.issued_at == other.accepted.issued_at && trail == other.trail &&
         url == other.url && etag == other.etag && last_modified == other.last_modified;
}

std::string encode_list_record(const ListRecord& record) {
  const nlohmann::json text{{"format", kVersion},
                            {"issuer", record.issuer},
                            {"version", record.accepted.version},
                            {"iat", seconds_of(record.accepted.issued_at)},
                            {"trail", record.trail},
                            {"url", record.url},
                            {"etag", record.etag},
                            {"last_modified", record.last_modified},
                            {"sum", sum_of(record)}};
  return text.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

tl::expected<ListRecord, std::string> decode_list_record(std::string_view text) {
  constexpr std::size_t kMembers = 9;
  constexpr std::size_t kTrailMost = 64;
  jose::JsonReader reader(jose::JsonLimits{.bytes = 65'536, .depth = 2});
  const auto damaged = [](std::string_view why) {
    return tl::unexpected(fmt::format("is damaged: {}", why));
  };
  const auto root = reader.read(text);
  if (!root) return damaged(jose::describe(root.error()));
  const auto string = [&](std::string_view name) {
    const auto member = root->find(name);
    return member ? member->as_string() : std::nullopt;
  };
  const auto number = [&](std::string_view name) {
    const auto member = root->find(name);
    return member ? member->as_unsigned() : std::nullopt;
  };
  const auto format = number("format");
  if (format && *format != static_cast<std::uint64_t>(kVersion))
    return tl::unexpected(fmt::format("has the unknown format {}", *format));
  const auto issuer = string("issuer");
  const auto version = number("version");
  const auto issued_at = number("iat");
  const auto trail = root->find("trail");
  const auto url = string("url");
  const auto etag = string("etag");
  const auto last_modified = string("last_modified");
  const auto sum = string("sum");
  if (!format || !issuer || !version || !issued_at || !trail || !trail->is_array() ||
      trail->size() > kTrailMost || !url || !etag || !last_modified || !sum ||
      root->size() != kMembers || *issued_at > 253'402'300'799) {
    return damaged("it has not the members that it should have");
  }
  ListRecord record;
  record.issuer = *issuer;
  record.accepted = {*version,
                     WallTime(std::chrono::seconds(static_cast<std::int64_t>(*issued_at)))};
  for (const jose::JsonValue each : trail->elements())
    record.trail.emplace_back(each.as_string().value_or(""));
  record.url = *url;
  record.etag = *etag;
  record.last_modified = *last_modified;
  if (sum_of(record) != *sum) return damaged("its checksum does not fit");
  return record;
}

}  // namespace latchkey::latchkeyd
