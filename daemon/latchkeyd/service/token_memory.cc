// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/token_memory.h"

#include <algorithm>
#include <string>
#include <utility>

namespace latchkey::latchkeyd {
namespace {

std::size_t bytes_of(const std::vector<std::string>& texts) {
  std::size_t sum = texts.size() * sizeof(std::string);
  for (const std::string& text : texts) sum += text.size();
  return sum;
}

std::size_t bytes_of(const claims::ClaimsRecord& record) {
  return sizeof record + record.issuer.size() + record.subject.size() + record.token_id.size() +
         record.token_digest.size() + record.key_id.size() + bytes_of(record.users) +
         bytes_of(record.groups) + record.client.size() + record.session.size() +
         record.acr.size() + bytes_of(record.amr);
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

void TokenMemory::put(const jose::TokenDigest& digest, const ConfigPtr& config,
                      const Verified& verified) {
  const std::size_t most = config->remembered_tokens / kShards;
  if (most == 0 || bytes_of(**verified.claims) > kRememberedBytesMost) return;
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
