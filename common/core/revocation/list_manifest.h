// SPDX-License-Identifier: Apache-2.0
//
// The signed manifest of a revocation list (docs/REVOCATION-LIST.md sections 3 to 5): which set it
// describes, and by which chunks a reader comes to it. A manifest that was read here was signed by
// a key of this list, keeps every bound, and is no older than what was accepted before.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "core/base/time.h"
#include "core/jose/jwk_set.h"
#include "core/jose/scratch.h"
#include "core/revocation/entry.h"
#include "core/revocation/stream_seen.h"

namespace latchkey::revocation {

// One for each thing that an administrator would do something different about.
enum class ListFault : std::uint8_t {
  form,       // no compact JWS, or no JSON of ours in it
  type,       // something else was signed: not a manifest
  key,        // by a key that the list is not configured with
  signature,  // does not verify
  issuer,     // another list's
  format,     // of a later format than this reader's
  bounds,     // more than a list may have, or parts that contradict each other
  ahead,      // signed in the future, by our clock
  rollback,   // an older version than one that was accepted
  no_way,     // no steps lead to the version
  chunk,      // a chunk is not what the manifest says
  memory,     // a digest could not be made
  storage,    // what was good could not be made durable
};

std::string_view list_fault_name(ListFault fault);  // "rollback"

struct ListError {
  ListFault fault;
  std::string detail;  // for the administrator; may quote what a signed manifest says
};

template <typename T>
using ListResult = tl::expected<T, ListError>;

struct ListChunk {
  std::string sha256;      // 64 lower-case digits; also its place
  std::uint64_t size = 0;  // bytes
  std::uint64_t entries = 0;
  std::optional<EntryKind> kind;  // none: reasons, which revoke nothing
  bool remove = false;
  std::optional<WallTime> end;
};

struct ListStep {
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  std::vector<ListChunk> chunks;
};

// What a reader accepted last, and never goes back behind.
struct ListState {
  std::uint64_t version = 0;
  WallTime issued_at{};
};

struct ListManifest {
  std::uint64_t version = 0;
  WallTime issued_at{};
  std::chrono::seconds max_age{};
  std::vector<ListStep> steps;
  std::string key_id;  // thumbprint of the key that signed it
  // Of the snapshot of a stream: what of its items is in the set (docs/REVOCATION-STREAM.md section
  // 4). Empty of any other list.
  std::vector<StreamSeen> seen;

  ListState state() const { return {version, issued_at}; }
};

// What a reader is configured with.
struct ListTrust {
  std::string_view issuer;
  const jose::JwkSet& keys;  // of lists alone
};

namespace list_limits {
inline constexpr std::size_t kManifestBytes = limits::kTokenBytes;
inline constexpr std::size_t kSteps = 64;
inline constexpr std::size_t kChunks = 256;
inline constexpr std::uint64_t kChunkBytes = 16'777'216;
inline constexpr std::uint64_t kChunkEntries = 1'048'576;
inline constexpr std::uint64_t kWayBytes = 1'073'741'824;
inline constexpr std::size_t kFewEntries = 262'144;  // subjects, keys and users of a set
inline constexpr std::uint64_t kVersion = (std::uint64_t{1} << 53) - 1;
inline constexpr std::chrono::seconds kMaxAgeLeast{60};
inline constexpr std::chrono::seconds kMaxAgeMost{2'592'000};
inline constexpr std::chrono::seconds kAhead{300};
}  // namespace list_limits

// Bytes of a record of a chunk; of reasons the least.
std::uint64_t record_bytes(const ListChunk& chunk);

// Any bytes from anybody, one line feed at their end allowed. `accepted` is what was accepted last
// of this list, if anything was. An equal version that was signed earlier is good, and no newer:
// the caller keeps what it has.
ListResult<ListManifest> read_manifest(std::string_view bytes, const ListTrust& trust,
                                       const std::optional<ListState>& accepted, WallTime now,
                                       jose::Scratch& scratch);

// `format`, `version` and `steps` alone, as they are before somebody signs them: for those who make
// a list. Proves nothing about who made it.
ListResult<ListManifest> read_unsigned(std::string_view json);

// The steps that take a reader from what it has to the manifest's version, in order; from the
// beginning (0) where none goes on from there, or it has nothing (0). None where it is there
// already.
std::vector<const ListStep*> way_to(const ListManifest& manifest, std::uint64_t has);

}  // namespace latchkey::revocation
