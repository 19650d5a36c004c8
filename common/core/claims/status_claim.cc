// SPDX-License-Identifier: Apache-2.0
#include "core/claims/status_claim.h"

#include <algorithm>

#include "core/base/limits.h"
#include "core/base/mutation.h"
#include "core/base/text.h"

namespace latchkey::claims {
namespace {

// Printable ASCII that a URI may hold at all (RFC 3986), without a fragment: one list has one name.
bool is_uri_byte(char c) {
  return c > ' ' && c <= '~' && std::string_view("\"#<>\\^`{|}").find(c) == std::string_view::npos;
}

Expected<StatusReference> read_reference(const jose::JsonValue& list) {
  const auto idx = list.find("idx");  // of what is no object there is none
  const auto index = idx ? idx->as_unsigned() : std::nullopt;
  if (LATCHKEY_FAILS(status_index, !index || *index > status_limits::kIndex))
    return fail(Reason::status_invalid, "'idx' is absent, or no index");
  const auto member = list.find("uri");
  const auto uri = member ? member->as_string() : std::nullopt;
  if (LATCHKEY_FAILS(status_uri_absent, !uri || uri->size() > limits::kClaimStringBytes))
    return fail(Reason::status_invalid, "'uri' is absent, no string, or too long");
  const std::string_view text = LATCHKEY_CHECKED(uri, std::string_view("https://example.com/"));
  if (LATCHKEY_FAILS(status_uri, !text.starts_with("https://") ||
                                     !std::all_of(text.begin(), text.end(), is_uri_byte)))
    return fail(Reason::status_invalid, "'uri' is no https URI without a fragment");
  return StatusReference{LATCHKEY_CHECKED(index, std::uint64_t{0}), text};
}

}  // namespace

Expected<std::optional<StatusReference>> read_status(const jose::JsonValue& payload,
                                                     StatusRule rule) {
  if (rule == StatusRule::ignore) return std::nullopt;
  const auto status = payload.find("status");
  if (LATCHKEY_FAILS(status_absent, !status && rule == StatusRule::require))
    return fail(Reason::status_unsupported, "the token has no 'status', and its issuer's must");
  if (!status) return std::nullopt;
  if (LATCHKEY_FAILS(status_form, !status->is_object()))
    return fail(Reason::status_invalid, "'status' is no object");
  const auto list = status->find("status_list");
  if (list) {
    LATCHKEY_TRY(const StatusReference reference, read_reference(*list));
    return reference;
  }
  if (LATCHKEY_FAILS(status_mechanism, rule != StatusRule::heed_known))
    return fail(Reason::status_unsupported, "'status' has no 'status_list'");
  return std::nullopt;
}

}  // namespace latchkey::claims
