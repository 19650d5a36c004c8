// SPDX-License-Identifier: Apache-2.0
//
// One item of a revocation stream (docs/REVOCATION-STREAM.md section 2): what a writer signed, and
// what a reader makes of it. An item that was read here was signed by a key of this stream, for
// this stream, and keeps every bound. Whether it is new, known or comes after a gap is for
// stream_progress.h to say.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.h"
#include "core/jose/jwk_set.h"
#include "core/jose/scratch.h"
#include "core/revocation/entry.h"
#include "core/revocation/signed_item.h"
#include "core/revocation/stream_seen.h"

namespace latchkey::revocation {

struct StreamEntry {
  Entry entry;
  std::string reason;  // may be empty; no control characters
};

struct StreamItem {
  WallTime issued_at{};
  std::uint64_t seq = 0;
  std::uint64_t prev = 0;  // the writer's last with entries; 0: it knows of none
  std::vector<StreamEntry> entries;
  std::vector<StreamSeen> seen;  // of writers that the reader is configured with
  std::vector<StreamLost> lost;  // likewise: nothing of that is missed any more
  std::optional<std::chrono::seconds> max_age;
  std::string key_id;  // thumbprint of the writer's key
};

// What a reader is configured with.
struct StreamTrust {
  std::string_view name;     // `iss` of its items
  const jose::JwkSet& keys;  // of this stream alone
};

namespace stream_limits {
inline constexpr std::size_t kItemBytes = limits::kTokenBytes;
inline constexpr std::size_t kEntries = 64;
inline constexpr std::size_t kReasonBytes = 255;
inline constexpr std::chrono::seconds kMaxAgeLeast{60};
inline constexpr std::chrono::seconds kMaxAgeMost{2'592'000};
}  // namespace stream_limits

// Any bytes from anybody. form, type, key, signature, issuer, claim, ahead, bounds.
ItemResult<StreamItem> read_stream_item(std::string_view bytes, const StreamTrust& trust,
                                        WallTime now, jose::Scratch& scratch);

inline constexpr std::string_view kStreamItemType = "latchkey-revocation+jwt";

// What a writer signs of an item; `key_id` is for the header to say. Proves nothing: whether a
// reader would take it, read_stream_item() tells.
std::string write_stream_payload(const StreamItem& item, std::string_view stream);

}  // namespace latchkey::revocation
