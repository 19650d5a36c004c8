// SPDX-License-Identifier: Apache-2.0
//
// The chunks of a revocation list (docs/REVOCATION-LIST.md section 2): whether the bytes that came
// are those that the manifest names, and what they say. Whoever reads entries has had them checked.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/jose/sha256.h"
#include "core/revocation/entry.h"
#include "core/revocation/list_manifest.h"

namespace latchkey::revocation {

struct ListReason {
  EntryKind kind = EntryKind::token;
  NameDigest digest{};
  std::string_view text;
};

// A chunk whose bytes were checked against its manifest; made by check_chunk() only. Borrows both.
class CheckedChunk {
 public:
  // In rising order of digests. Empty of a chunk of reasons.
  template <typename Each>
  void each_entry(Each&& each) const {
    if (!chunk_->kind) return;
    const std::uint64_t record = record_bytes(*chunk_);
    for (std::size_t at = 0; at < bytes_.size(); at += record) each(entry_at(at));
  }
  // In rising order of kind and digest. Empty of any other chunk.
  std::vector<ListReason> reasons() const;

  const ListChunk& chunk() const { return *chunk_; }

 private:
  friend ListResult<CheckedChunk> check_chunk(const ListChunk& chunk, std::string_view bytes,
                                              const jose::Sha256& sha256);
  CheckedChunk(const ListChunk& chunk, std::string_view bytes) : chunk_(&chunk), bytes_(bytes) {}
  Entry entry_at(std::size_t at) const;

  const ListChunk* chunk_;
  std::string_view bytes_;
};

// Any bytes from anybody: size, digest, and the form and order of the records.
ListResult<CheckedChunk> check_chunk(const ListChunk& chunk, std::string_view bytes,
                                     const jose::Sha256& sha256);

// The record of an entry, for whoever makes a list.
void append_record(const Entry& entry, bool remove, std::string& bytes);
// 1 to 255 bytes of text.
void append_reason(const ListReason& reason, std::string& bytes);

// 64 lower-case digits; empty where OpenSSL could not do it (memory).
std::string hex_sha256(std::string_view bytes, const jose::Sha256& sha256);

}  // namespace latchkey::revocation
