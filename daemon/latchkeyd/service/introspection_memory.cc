// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/introspection_memory.h"

#include <utility>

namespace latchkey::latchkeyd {
namespace {

// No part can hold the separator: a short name, two digests.
std::string key_of(const Question& question) {
  return question.issuer + '\n' + question.config_digest + '\n' + question.token_digest +
         (question.opaque ? "\nopaque" : "\nsigned");
}

std::size_t size_of(const Introspected& answer) {
  std::size_t sum = sizeof answer;
  const auto add = [&](const std::optional<std::string>& text) { sum += text ? text->size() : 0; };
  add(answer.token().issuer);
  add(answer.token().subject);
  add(answer.token().token_id);
  for (const std::string& user : answer.token().users) sum += user.size();
  if (answer.refusal()) sum += answer.refusal()->error.detail.size();
  if (answer.claims() == nullptr) return sum;
  const claims::ValidatedClaims& claims = *answer.claims();
  return sum + sizeof claims + claims::packed_size(*claims);
}

// The index, the list's links, and what the allocator adds.
constexpr std::size_t kOverhead = 192;

}  // namespace

IntrospectionMemory::Answer IntrospectionMemory::find(const Question& question,
                                                      std::uint64_t generation, WallTime wall,
                                                      SteadyTime now) {
  const std::string key = key_of(question);
  const std::lock_guard lock(mutex_);
  const auto found = index_.find(key);
  if (found == index_.end()) return nullptr;
  const Entry& entry = *found->second;
  const auto end = entry.answer->expires_at();
  const std::uint64_t signed_by = entry.answer->generation();
  if (now >= entry.until || (end && wall >= *end) || (signed_by != 0 && signed_by != generation)) {
    erase(found->second);
    return nullptr;
  }
  return entry.answer;
}

void IntrospectionMemory::put(Answer answer, SteadyTime now, SteadyTime until) {
  std::string key = key_of(answer->question());
  const std::size_t bytes = kOverhead + sizeof(Entry) + key.size() + size_of(*answer);
  const std::lock_guard lock(mutex_);
  if (const auto found = index_.find(key); found != index_.end()) erase(found->second);
  const bool good = answer->state() == Introspected::State::active;
  drop_ended(good_, now);
  drop_ended(others_, now);
  if (!make_room(bytes, good)) return;
  Entries& entries = good ? good_ : others_;
  entries.push_back(Entry{std::move(key), std::move(answer), until, bytes, good});
  bytes_ += bytes;
  index_.emplace(entries.back().key, std::prev(entries.end()));
}

// Those of one issuer end in the order in which they were kept, so that the first ones are enough
// to look at; one that ends before another issuer's in front of it goes with that one at the
// latest.
void IntrospectionMemory::drop_ended(Entries& entries, SteadyTime now) {
  while (!entries.empty() && now >= entries.front().until) erase(entries.begin());
}

bool IntrospectionMemory::make_room(std::size_t bytes, bool good) {
  if (bytes > limits_.bytes || limits_.answers == 0) return false;
  while (count() >= limits_.answers || bytes_ + bytes > limits_.bytes) {
    if (!others_.empty()) {
      erase(others_.begin());
    } else if (good) {
      erase(good_.begin());
    } else {
      return false;
    }
  }
  return true;
}

void IntrospectionMemory::clear() {
  const std::lock_guard lock(mutex_);
  index_.clear();
  good_.clear();
  others_.clear();
  bytes_ = 0;
}

std::size_t IntrospectionMemory::size() const {
  const std::lock_guard lock(mutex_);
  return count();
}

void IntrospectionMemory::erase(Entries::iterator entry) {
  bytes_ -= entry->bytes;
  index_.erase(entry->key);
  (entry->good ? good_ : others_).erase(entry);
}

}  // namespace latchkey::latchkeyd
