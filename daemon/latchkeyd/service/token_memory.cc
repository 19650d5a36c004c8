// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/token_memory.h"

#include <algorithm>
#include <string>
#include <utility>

namespace latchkey::latchkeyd {
namespace {

// What the allocator takes for a block: a word of its own, and whole 16 bytes, 32 at least.
constexpr std::size_t block(std::size_t size) {
  return std::max<std::size_t>(32, (size + sizeof(std::size_t) + 15) / 16 * 16);
}

std::size_t heap_of(const std::string& text) {
  constexpr std::size_t kWithin = 15;  // so many characters lie in the string itself
  return text.capacity() <= kWithin ? 0 : block(text.capacity() + 1);
}

std::size_t heap_of(const std::vector<std::string>& texts) {
  if (texts.capacity() == 0) return 0;
  std::size_t sum = block(texts.capacity() * sizeof(std::string));
  for (const std::string& text : texts) sum += heap_of(text);
  return sum;
}

// The record and what counts its owners, in one block, and everything that it points at.
std::size_t heap_of(const claims::ClaimsRecord& record) {
  constexpr std::size_t kOwners = 16;
  return block(sizeof record + kOwners) + heap_of(record.issuer) + heap_of(record.subject) +
         heap_of(record.token_id) + heap_of(record.token_digest) + heap_of(record.key_id) +
         heap_of(record.users) + heap_of(record.groups) + heap_of(record.client) +
         heap_of(record.session) + heap_of(record.acr) + heap_of(record.amr);
}

}  // namespace

std::optional<Verified> TokenMemory::find(const jose::TokenDigest& digest,
                                          const ConfigPtr& config) {
  Shard& shard = this->shard(digest);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.index.find(digest);
  if (found == shard.index.end()) return std::nullopt;
  Slot& slot = shard.slots[found->second];
  if (slot.config != config) {
    free_slot(shard, found->second);
    return std::nullopt;
  }
  slot.used = true;
  return slot.verified;
}

// A slot, its place in the index (a node of the map and its buckets), and the heap behind both.
std::size_t TokenMemory::entry_bytes(const Verified& verified) {
  constexpr std::size_t kNode =
      block(sizeof(std::pair<jose::TokenDigest, std::size_t>) + 2 * sizeof(void*));
  constexpr std::size_t kBuckets = 2 * sizeof(void*);
  return sizeof(Slot) + kNode + kBuckets + heap_of(verified.config_digest) +
         heap_of(**verified.claims);
}

void TokenMemory::put(const jose::TokenDigest& digest, const ConfigPtr& config,
                      const Verified& verified) {
  const std::size_t most = config->remembered_tokens / kShards;
  if (most == 0 || entry_bytes(verified) > kRememberedBytesMost) return;
  Shard& shard = this->shard(digest);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.index.find(digest);
  const std::size_t slot =
      found != shard.index.end() ? found->second : slot_for_new(shard, most, config);
  shard.slots[slot] = Slot{digest, config, verified, false};
  if (shard.index.insert_or_assign(digest, slot).second)
    size_.fetch_add(1, std::memory_order_relaxed);
}

void TokenMemory::forget(const jose::TokenDigest& digest) {
  Shard& shard = this->shard(digest);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.index.find(digest);
  if (found != shard.index.end()) free_slot(shard, found->second);
}

// A free slot, a further one while there may be more, or the one that the hand stops at: the first
// that is free, of another configuration, or was not used since the hand last passed. Each pass
// clears marks, so it stops.
std::size_t TokenMemory::slot_for_new(Shard& shard, std::size_t most, const ConfigPtr& config) {
  while (shard.slots.size() > most) {  // the configuration asks for fewer than before
    free_slot(shard, shard.slots.size() - 1);
    shard.slots.pop_back();
  }
  if (shard.slots.size() < most) {
    // All at once, and untouched until it is used: growing by and by would hold twice as much, and
    // would move every entry while others wait for the lock.
    if (shard.slots.capacity() < most) {
      shard.slots.reserve(most);
      shard.index.reserve(most);
    }
    shard.slots.emplace_back();
    return shard.slots.size() - 1;
  }
  while (true) {
    shard.hand = (shard.hand + 1) % shard.slots.size();
    Slot& slot = shard.slots[shard.hand];
    if (slot.config == config && std::exchange(slot.used, false)) continue;
    free_slot(shard, shard.hand);
    return shard.hand;
  }
}

void TokenMemory::free_slot(Shard& shard, std::size_t slot) {
  Slot& old = shard.slots[slot];
  if (old.config == nullptr) return;
  shard.index.erase(old.digest);
  size_.fetch_sub(1, std::memory_order_relaxed);
  old = Slot{};
}

}  // namespace latchkey::latchkeyd
