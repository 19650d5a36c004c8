// SPDX-License-Identifier: Apache-2.0
#include "core/revocation/signed_item.h"

#include <algorithm>
#include <array>

#include "core/base/mutation.h"
#include "core/base/text.h"
#include "core/claims/claim_reader.h"
#include "core/jose/compact_jws.h"
#include "core/jose/media_type.h"
#include "core/jose/select_key.h"

namespace latchkey::revocation {
namespace {

std::string of(const Error& error) {
  return std::string(code(error.reason)) + (error.detail.empty() ? "" : ": " + error.detail);
}

tl::unexpected<ItemError> bad_claim(const Error& error) {
  return refuse(ItemFault::claim, of(error));
}

ItemResult<std::optional<WallTime>> date(const jose::JsonValue& claims, std::string_view name) {
  const auto read = claims::read_date(claims, name);
  if (!read) return bad_claim(read.error());
  return *read;
}

}  // namespace

std::string_view item_fault_name(ItemFault fault) {
  constexpr std::array<std::string_view, 13> kNames = {
      "form",  "type",  "key", "signature", "issuer", "audience", "subject",
      "claim", "ahead", "old", "expired",   "bounds", "memory"};
  return kNames[static_cast<std::size_t>(fault)];
}

ItemResult<jose::VerifiedJws> verify_item(std::string_view bytes,
                                          std::span<const std::string_view> types,
                                          const jose::JwkSet& keys, jose::Scratch& scratch) {
  const auto jws = jose::parse_compact(bytes, scratch);
  if (!jws) return refuse(ItemFault::form, of(jws.error()));
  // Before the key is asked for: what else it may have signed is not even looked at.
  const bool typed = jws->typ() && std::any_of(types.begin(), types.end(), [&](auto type) {
                       return jose::is_media_type(*jws->typ(), type);
                     });
  if (LATCHKEY_FAILS(item_type, !typed))
    return refuse(ItemFault::type, "'typ' is not " + std::string(types.front()));
  const auto key = jose::select_key(*jws, keys);
  if (!key) return refuse(ItemFault::key, of(key.error()));
  auto verified = jose::verify_signature(*jws, **key, scratch);
  if (!verified) return refuse(ItemFault::signature, of(verified.error()));
  return *std::move(verified);
}

ItemResult<std::optional<std::string_view>> item_text_if_there(const jose::JsonValue& object,
                                                               std::string_view name) {
  const auto member = object.find(name);
  if (!member) return std::nullopt;
  const auto text = member->as_string();
  if (LATCHKEY_FAILS(item_text_type, !text))
    return refuse(ItemFault::claim, "'" + std::string(name) + "' is no string");
  const std::string_view value = LATCHKEY_CHECKED(text, "x");
  if (LATCHKEY_FAILS(item_text_size, value.empty() || value.size() > limits::kClaimStringBytes))
    return refuse(ItemFault::claim, "'" + std::string(name) + "' is empty or too long");
  return value;
}

ItemResult<std::string_view> item_text(const jose::JsonValue& object, std::string_view name) {
  LATCHKEY_TRY(const std::optional<std::string_view> text, item_text_if_there(object, name));
  if (LATCHKEY_FAILS(item_text_absent, !text))
    return refuse(ItemFault::claim, "'" + std::string(name) + "' is absent");
  return LATCHKEY_CHECKED(text, "x");
}

// RFC 7519 sections 4.1.4 to 4.1.6.
ItemResult<ItemTimes> item_times_unheld(const jose::JsonValue& claims) {
  LATCHKEY_TRY(const std::optional<WallTime> issued_at, date(claims, "iat"));
  if (LATCHKEY_FAILS(item_iat_absent, !issued_at))
    return refuse(ItemFault::claim, "'iat' is absent");
  ItemTimes times{.issued_at = LATCHKEY_CHECKED(issued_at, WallTime{}), .expires_at = std::nullopt};
  LATCHKEY_TRY(times.expires_at, date(claims, "exp"));
  return times;
}

ItemResult<ItemTimes> item_times(const jose::JsonValue& claims, WallTime now) {
  LATCHKEY_TRY(const ItemTimes times, item_times_unheld(claims));
  if (LATCHKEY_FAILS(item_ahead, times.issued_at > now + kItemAhead))
    return refuse(ItemFault::ahead, "it was signed in the future, or this clock is behind");
  LATCHKEY_TRY(const std::optional<WallTime> not_before, date(claims, "nbf"));
  if (LATCHKEY_FAILS(item_not_before, not_before && now < *not_before - kItemLeeway))
    return refuse(ItemFault::ahead, "'nbf' lies in the future");
  if (LATCHKEY_FAILS(item_expired, times.expires_at && now >= *times.expires_at + kItemLeeway))
    return refuse(ItemFault::expired, "its 'exp' has passed");
  return times;
}

}  // namespace latchkey::revocation
