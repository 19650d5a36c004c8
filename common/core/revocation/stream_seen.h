// SPDX-License-Identifier: Apache-2.0
//
// How far somebody has heard the writers of a revocation stream (docs/REVOCATION-STREAM.md sections
// 2 and 4): the member `seen` of an item and of a snapshot. And what nobody will hear: `lost`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/jose/json.h"

namespace latchkey::revocation {

// Of one writer.
struct StreamSeen {
  std::string key_id;     // thumbprint of its key
  std::uint64_t seq = 0;  // everything up to this one

  bool operator==(const StreamSeen&) const = default;
};

// Of one writer, what is given up: what comes behind `from`, up to `to`.
struct StreamLost {
  std::string key_id;
  std::uint64_t from = 0;
  std::uint64_t to = 0;  // more than `from`

  bool operator==(const StreamLost&) const = default;
};

namespace stream_limits {
inline constexpr std::size_t kWriters = 64;
// Of one writer, what a reader keeps of numbers that somebody spoke of and that it has not heard.
inline constexpr std::size_t kSpokenOf = 16;
// And of items that came after a gap.
inline constexpr std::size_t kLinks = 1'024;
// Ranges of one writer that one item gives up.
inline constexpr std::size_t kLost = 16;
inline constexpr std::uint64_t kSeq = (std::uint64_t{1} << 53) - 1;
}  // namespace stream_limits

// An object of at most kWriters thumbprints, each with a number from 1 to kSeq; nothing where the
// value is another.
std::optional<std::vector<StreamSeen>> read_stream_seen(const jose::JsonValue& value);
// Likewise, of kLost ranges each: two numbers for one, and none before the last one's end.
std::optional<std::vector<StreamLost>> read_stream_lost(const jose::JsonValue& value);

}  // namespace latchkey::revocation
