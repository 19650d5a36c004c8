// SPDX-License-Identifier: Apache-2.0
//
// The two bodies of polling for security event tokens (RFC 8936): what a transmitter answers, and
// what it is asked and told. The tokens in an answer are not looked at here (security_event.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/jose/json.h"
#include "core/revocation/signed_item.h"

namespace latchkey::revocation {

namespace poll_limits {
inline constexpr std::size_t kAnswerBytes = 1'048'576;
inline constexpr std::size_t kSets = 256;  // of an answer
}  // namespace poll_limits

// Borrows from the reader.
struct PolledSet {
  std::string_view id;     // to acknowledge it by
  std::string_view token;  // empty where it was no string, which no token is
};

struct PollAnswer {
  std::vector<PolledSet> sets;
  bool more_available = false;
  std::size_t nameless = 0;  // tokens whose id is empty or too long: they are not in `sets`
};

// Any bytes from the network, up to poll_limits::kAnswerBytes; `reader` takes as many. A token that
// is none is there without its text, so that it can be refused by its id and does not come again.
// form, bounds.
ItemResult<PollAnswer> read_poll_answer(std::string_view body, jose::JsonReader& reader);

struct RefusedSet {
  std::string id;
  std::string_view code;    // set_error_code()
  std::string description;  // a sentence part for the one who runs the transmitter; no token
};

struct PollRequest {
  std::optional<std::uint32_t> sets_most;     // 0: acknowledges and asks for nothing
  bool return_immediately = false;            // else the transmitter may wait for an event
  std::span<const std::string> acknowledged;  // of what is durable, and of nothing else
  std::span<const RefusedSet> refused;
};

// One JSON object (section 2.2). Bytes that are no UTF-8 are replaced.
std::string write_poll_request(const PollRequest& request);

}  // namespace latchkey::revocation
