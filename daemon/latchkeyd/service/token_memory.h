// SPDX-License-Identifier: Apache-2.0
//
// Tokens that verify() accepted, by their SHA-256, so that the same token costs no signature again
// (PERFORMANCE section 8, G2). Holds the claims that the configuration reads and nothing of the
// token itself. An entry is no decision: recheck() holds it to its expiry and its key, judge() to
// the revocations, anew each time, and one that recheck() refuses is gone. Bounded, sharded, shared
// by all workers.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "core/base/time.h"
#include "core/config/config.h"
#include "core/decide.h"
#include "core/jose/token_digest.h"

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

  // Remembers within the bounds of the configuration; an entry that is not used makes room for
  // another.
  void put(const jose::TokenDigest& digest, const ConfigPtr& config, const Verified& verified);

  // For a token that recheck() refused.
  void forget(const jose::TokenDigest& digest);

  // From any thread, without a lock.
  std::size_t size() const { return size_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::size_t kShards = 16;
  struct Hash {
    std::size_t operator()(const jose::TokenDigest& digest) const {
      std::size_t hash = 0;
      std::memcpy(&hash, digest.bytes.data() + 8, sizeof hash);  // the first bytes choose the shard
      return hash;
    }
  };
  struct Slot {
    jose::TokenDigest digest;
    ConfigPtr config;  // null: the slot is free
    Verified verified;
    bool used = false;  // since the hand last passed
  };
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<jose::TokenDigest, std::size_t, Hash> index;  // into slots
    std::vector<Slot> slots;
    std::size_t hand = 0;
  };

  static std::size_t entry_bytes(const Verified& verified);
  Shard& shard(const jose::TokenDigest& digest) { return shards_[digest.bytes[0] % kShards]; }
  std::size_t slot_for_new(Shard& shard, std::size_t most, const ConfigPtr& config);
  void free_slot(Shard& shard, std::size_t slot);

  std::array<Shard, kShards> shards_;
  std::atomic<std::size_t> size_ = 0;
};

}  // namespace latchkey::latchkeyd
