// SPDX-License-Identifier: Apache-2.0
//
// Tokens that verify() accepted, by their SHA-256, so that the same token costs no signature again
// (PERFORMANCE section 8, G2). Holds the claims that the configuration reads and nothing of the
// token itself. An entry is no decision: recheck() holds it to its expiry and its key, judge() to
// the revocations, anew each time, and one that recheck() refuses is gone. Bounded, sharded, shared
// by all workers.
//
// An entry lies in one slot of one piece of memory, texts and all. A memory of many thousands is
// read in no order, so what it costs is what waits for memory: the slot is the only thing that is
// not in the cache, and its lines are asked for together.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

#include "core/base/time.h"
#include "core/config/config.h"
#include "core/decide.h"
#include "core/jose/token_digest.h"
#include "daemon/latchkeyd/service/pages.h"
#include "daemon/latchkeyd/service/tag_table.h"

namespace latchkey::latchkeyd {

// Of one entry with everything that is kept for it; a token whose claims need more is verified each
// time.
inline constexpr std::size_t kRememberedBytesMost = 2'048;

class TokenMemory {
 public:
  using ConfigPtr = std::shared_ptr<const config::Config>;

  // What was verified under exactly this configuration object, where it is remembered. Whoever uses
  // it rechecks it.
  std::optional<Verified> find(const jose::TokenDigest& digest, const ConfigPtr& config);

  // Remembers what was verified under this configuration, within its bounds; an entry that is not
  // used makes room for another.
  void put(const jose::TokenDigest& digest, const ConfigPtr& config, const Verified& verified);

  // For a token that recheck() refused.
  void forget(const jose::TokenDigest& digest);

  // From any thread, without a lock.
  std::size_t size() const { return size_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::size_t kShards = 16;
  struct Slot;
  // Remembers under one configuration; another one empties it.
  struct alignas(64) Shard {
    std::mutex mutex;
    ConfigPtr config;
    std::size_t most = 0;
    std::size_t hand = 0;
    TagTable tags;
    Pages slots;
  };

  Shard& shard(const jose::TokenDigest& digest) { return shards_[digest.bytes[0] % kShards]; }
  void adopt(Shard& shard, const ConfigPtr& config);
  void erase(Shard& shard, std::size_t place);
  void evict(Shard& shard);

  std::array<Shard, kShards> shards_;
  std::atomic<std::size_t> size_ = 0;
};

}  // namespace latchkey::latchkeyd
