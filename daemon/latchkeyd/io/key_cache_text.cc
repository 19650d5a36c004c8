// SPDX-License-Identifier: Apache-2.0
//
// The text of a stored key set. Every member is demanded and none besides; the checksum covers all
// values.
#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/jose/json.h"
#include "daemon/latchkeyd/io/checksum.h"
#include "daemon/latchkeyd/io/key_cache.h"

namespace latchkey::latchkeyd {
namespace {

constexpr std::int64_t kVersion = 3;
constexpr std::int64_t kNoMaxAge = -1;

std::string sum_of(const StoredKeys& keys) {
  return fmt::format("{:016x}",
                     checksum({keys.source, keys.place, keys.etag, keys.last_modified, keys.jwks},
                              {kVersion, keys.fetched_at.time_since_epoch().count(),
                               keys.max_age ? keys.max_age->count() : kNoMaxAge}));
}

}  // namespace

std::string encode_stored_keys(const StoredKeys& keys) {
  const nlohmann::json text{{"version", kVersion},
                            {"source", keys.source},
                            {"place", keys.place},
                            {"fetched_at_ms", keys.fetched_at.time_since_epoch().count()},
                            {"max_age_s", keys.max_age ? keys.max_age->count() : kNoMaxAge},
                            {"etag", keys.etag},
                            {"last_modified", keys.last_modified},
                            {"jwks", keys.jwks},
                            {"sum", sum_of(keys)}};
  // A provider's text may be no UTF-8 only where it is no JSON either, and then it was never
  // stored.
  return text.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

tl::expected<StoredKeys, std::string> decode_stored_keys(std::string_view text) {
  constexpr std::size_t kMembers = 9;
  jose::JsonReader reader(
      jose::JsonLimits{.bytes = std::size_t{8} << 20U, .depth = 2, .members = kMembers});
  const auto damaged = [](std::string_view why) {
    return tl::unexpected(fmt::format("is damaged: {}", why));
  };
  const auto root = reader.read(text);
  if (!root) return damaged(jose::describe(root.error()));
  const auto string = [&](std::string_view name) {
    const auto member = root->find(name);
    return member ? member->as_string() : std::nullopt;
  };
  const auto integer = [&](std::string_view name) {
    const auto member = root->find(name);
    return member ? member->as_integer() : std::nullopt;
  };
  const auto version = integer("version");
  if (version && *version != kVersion)
    return tl::unexpected(fmt::format("has the unknown version {}", *version));
  const auto source = string("source");
  const auto place = string("place");
  const auto fetched_at = integer("fetched_at_ms");
  const auto max_age = integer("max_age_s");
  const auto etag = string("etag");
  const auto last_modified = string("last_modified");
  const auto jwks = string("jwks");
  const auto sum = string("sum");
  if (!version || !source || !place || !fetched_at || !max_age || !etag || !last_modified ||
      !jwks || !sum || root->size() != kMembers) {
    return damaged("it has not the members that it should have");
  }
  StoredKeys keys;
  keys.source = *source;
  keys.place = *place;
  keys.fetched_at = WallTime(std::chrono::milliseconds(*fetched_at));
  if (*max_age != kNoMaxAge) keys.max_age = std::chrono::seconds(*max_age);
  keys.etag = *etag;
  keys.last_modified = *last_modified;
  keys.jwks = *jwks;
  if (sum_of(keys) != *sum) return damaged("its checksum does not fit");
  return keys;
}

}  // namespace latchkey::latchkeyd
