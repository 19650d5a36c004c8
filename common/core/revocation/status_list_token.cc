// SPDX-License-Identifier: Apache-2.0
#include "core/revocation/status_list_token.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <new>
#include <utility>

#include "core/base/mutation.h"
#include "core/base/text.h"
#include "core/jose/base64url.h"

namespace latchkey::revocation {
namespace {

using jose::JsonValue;
using std::chrono::milliseconds;

// Section 5.1: "a positive number". A list that names more than ten years means for ever.
ItemResult<std::optional<milliseconds>> read_ttl(const JsonValue& payload) {
  constexpr double kMost = 10.0 * 366 * 86'400;
  const auto member = payload.find("ttl");
  if (!member) return std::nullopt;
  const auto seconds = member->as_number();
  if (LATCHKEY_FAILS(tsl_ttl, !seconds || !(*seconds > 0)))
    return refuse(ItemFault::claim, "'ttl' is no positive number");
  const double bounded = std::min(LATCHKEY_CHECKED(seconds, 1.0), kMost);
  return milliseconds(static_cast<std::int64_t>(std::floor(bounded * 1'000)));
}

ItemResult<StatusList> read_list(const JsonValue& payload, std::size_t bytes_most) {
  const auto member = payload.find("status_list");
  if (!member || !member->is_object())
    return refuse(ItemFault::claim, "'status_list' is absent or no object");
  const auto bits_member = member->find("bits");
  const auto bits = bits_member ? bits_member->as_unsigned() : std::nullopt;
  const auto lst_member = member->find("lst");
  const auto lst = lst_member ? lst_member->as_string() : std::nullopt;
  if (LATCHKEY_FAILS(tsl_form, !bits || !lst))
    return refuse(ItemFault::claim, "'bits' or 'lst' is absent, or of another type");
  const std::string_view text = LATCHKEY_CHECKED(lst, std::string_view("eNrbuRgAAhcBXQ"));
  const std::size_t room = jose::base64url_decoded_size(text.size());
  const std::unique_ptr<std::uint8_t[]> packed(new (std::nothrow)
                                                   std::uint8_t[std::max<std::size_t>(room, 1)]);
  if (packed == nullptr) return refuse(ItemFault::memory, "there is no memory for the list");
  const auto size = jose::decode_base64url(text, {packed.get(), room});
  if (!size) return refuse(ItemFault::form, "'lst' is not canonical base64url");
  return StatusList::unpack(LATCHKEY_CHECKED(bits, std::uint64_t{1}),
                            {reinterpret_cast<const char*>(packed.get()), *size}, bytes_most);
}

}  // namespace

ItemResult<StatusListToken> read_status_list_token(std::string_view bytes, std::string_view uri,
                                                   const StatusTrust& trust,
                                                   std::optional<WallTime> accepted,
                                                   std::optional<WallTime> now,
                                                   jose::Scratch& scratch) {
  constexpr std::array<std::string_view, 1> kTypes = {"statuslist+jwt"};  // section 5.1
  LATCHKEY_TRY(const jose::VerifiedJws jws, verify_item(bytes, kTypes, trust.keys, scratch));
  const bool allowed =
      trust.algorithms.empty() || std::find(trust.algorithms.begin(), trust.algorithms.end(),
                                            jws.algorithm()) != trust.algorithms.end();
  if (LATCHKEY_FAILS(tsl_algorithm, !allowed))
    return refuse(ItemFault::key, "its issuer is not configured with its algorithm");
  const JsonValue& claims = jws.claims();
  LATCHKEY_TRY(const std::optional<std::string_view> issuer, item_text_if_there(claims, "iss"));
  if (LATCHKEY_FAILS(tsl_issuer, issuer && *issuer != trust.issuer))
    return refuse(ItemFault::issuer, "it is of " + quoted(*issuer));
  LATCHKEY_TRY(const std::string_view subject, item_text(claims, "sub"));
  if (LATCHKEY_FAILS(tsl_subject, subject != uri))  // section 8.3 step 4 a
    return refuse(ItemFault::subject, "it is the list " + quoted(subject));
  LATCHKEY_TRY(const ItemTimes times, now ? item_times(claims, *now) : item_times_unheld(claims));
  if (LATCHKEY_FAILS(tsl_old, accepted && times.issued_at < *accepted))
    return refuse(ItemFault::old, "a later one of this list was accepted before");
  LATCHKEY_TRY(const std::optional<milliseconds> ttl, read_ttl(claims));
  LATCHKEY_TRY(StatusList list, read_list(claims, trust.list_bytes_most));
  return StatusListToken{
      std::move(list),          std::string(uri), times.issued_at, times.expires_at, ttl,
      std::string(jws.key_id())};
}

}  // namespace latchkey::revocation
