// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/token_memory.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <type_traits>
#include <utility>

namespace latchkey::latchkeyd {
namespace {

constexpr std::size_t kLine = 64;
// The tags of an entry and the places that are left free take the rest of kRememberedBytesMost.
constexpr std::size_t kSlotBytes = 28 * kLine;
static_assert((kSlotBytes + sizeof(std::uint32_t)) * 9 / 8 <= kRememberedBytesMost);

std::uint64_t hash_of(const jose::TokenDigest& digest) {
  std::uint64_t hash = 0;
  std::memcpy(&hash, digest.bytes.data() + 8, sizeof hash);  // the first bytes choose the shard
  return hash;
}

}  // namespace

struct TokenMemory::Slot {
  struct Head {
    jose::TokenDigest digest;
    std::uint64_t generation = 0;
    std::uint32_t issuer = 0;
    std::optional<jose::Algorithm> algorithm;
    claims::PackedClaims claims;
  };
  alignas(kLine) Head head;
  char texts[kSlotBytes - sizeof(Head)];

  static Slot* at(const Shard& shard, std::size_t place) {
    return reinterpret_cast<Slot*>(shard.slots.data() + place * sizeof(Slot));
  }

  // All lines that an entry of common size has, at once; the processor would wait for each that
  // says where the next one is.
  void prefetch() const {
    constexpr std::size_t kCommon = 12 * kLine;
    const char* const first = reinterpret_cast<const char*>(this);
    for (std::size_t line = 0; line < kCommon; line += kLine) __builtin_prefetch(first + line);
  }

  static std::optional<std::size_t> find(const Shard& shard, const jose::TokenDigest& digest) {
    return shard.tags.find(hash_of(digest), [&](std::size_t place) {
      const Slot& slot = *at(shard, place);
      slot.prefetch();
      return slot.head.digest == digest;
    });
  }
};

std::optional<Verified> TokenMemory::find(const jose::TokenDigest& digest,
                                          const ConfigPtr& config) {
  Shard& shard = this->shard(digest);
  const std::lock_guard lock(shard.mutex);
  adopt(shard, config);
  const auto place = Slot::find(shard, digest);
  if (!place) return std::nullopt;
  shard.tags.use(*place);
  const Slot& slot = *Slot::at(shard, *place);
  const Slot::Head& known = slot.head;
  return Verified{
      .claims = claims::ValidatedClaims::recall(claims::unpack(known.claims, slot.texts)),
      .issuer = known.issuer,
      .generation = known.generation,
      .algorithm = known.algorithm,
      .config_digest = config->issuers[known.issuer].config.digest};
}

void TokenMemory::put(const jose::TokenDigest& digest, const ConfigPtr& config,
                      const Verified& verified) {
  static_assert(sizeof(Slot) == kSlotBytes && std::is_trivially_destructible_v<Slot>);
  const claims::Claims& claims = *verified.claims;
  if (claims::packed_size(claims) > sizeof(Slot::texts)) return;
  if (verified.issuer >= config->issuers.size() ||
      verified.config_digest != config->issuers[verified.issuer].config.digest)
    return;
  Shard& shard = this->shard(digest);
  const std::lock_guard lock(shard.mutex);
  adopt(shard, config);
  if (shard.most == 0) return;
  if (const auto before = Slot::find(shard, digest)) erase(shard, *before);
  if (shard.tags.size() == shard.most) evict(shard);
  Slot& slot = *::new (Slot::at(shard, shard.tags.insert(hash_of(digest)))) Slot;
  size_.fetch_add(1, std::memory_order_relaxed);
  slot.head = {.digest = digest,
               .generation = verified.generation,
               .issuer = static_cast<std::uint32_t>(verified.issuer),
               .algorithm = verified.algorithm,
               .claims = claims::pack(claims, slot.texts)};
}

void TokenMemory::forget(const jose::TokenDigest& digest) {
  Shard& shard = this->shard(digest);
  const std::lock_guard lock(shard.mutex);
  if (const auto place = Slot::find(shard, digest)) erase(shard, *place);
}

// Nothing outlives the configuration that it was verified under, nor the bounds that this sets. Two
// workers that change over one after the other empty it for each other; what is lost to that is
// verified once more.
void TokenMemory::adopt(Shard& shard, const ConfigPtr& config) {
  if (shard.config == config) return;
  // Made before anything is changed: where memory runs out here, no entry may be found under a
  // configuration that it was not verified under.
  const std::size_t most = config->remembered_tokens / kShards;
  TagTable tags(most);
  Pages slots(tags.places() * sizeof(Slot));
  size_.fetch_sub(shard.tags.size(), std::memory_order_relaxed);
  shard.tags = std::move(tags);
  shard.slots = std::move(slots);
  shard.hand = 0;
  shard.most = shard.slots.data() == nullptr ? 0 : most;  // no memory: each token is verified
  shard.config = config;
}

void TokenMemory::erase(Shard& shard, std::size_t place) {
  shard.tags.erase(place, hash_of(Slot::at(shard, place)->head.digest));
  size_.fetch_sub(1, std::memory_order_relaxed);
}

// The first entry that was not used since the hand last passed. Each pass clears marks, so it
// stops.
void TokenMemory::evict(Shard& shard) {
  while (true) {
    shard.hand = shard.hand + 1 == shard.tags.places() ? 0 : shard.hand + 1;
    if (!shard.tags.taken(shard.hand) || shard.tags.take_use(shard.hand)) continue;
    erase(shard, shard.hand);
    return;
  }
}

}  // namespace latchkey::latchkeyd
