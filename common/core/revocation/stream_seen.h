// SPDX-License-Identifier: Apache-2.0
//
// How far somebody has heard the writers of a revocation stream (docs/REVOCATION-STREAM.md sections
// 2 and 4): the member `seen` of an item and of a snapshot.
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

namespace stream_limits {
inline constexpr std::size_t kWriters = 64;
inline constexpr std::uint64_t kSeq = (std::uint64_t{1} << 53) - 1;
}  // namespace stream_limits

// An object of at most kWriters thumbprints, each with a number from 1 to kSeq; nothing where the
// value is another.
std::optional<std::vector<StreamSeen>> read_stream_seen(const jose::JsonValue& value);

}  // namespace latchkey::revocation
