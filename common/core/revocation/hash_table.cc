// SPDX-License-Identifier: Apache-2.0
#include "core/revocation/hash_table.h"

#include <algorithm>
#include <utility>

namespace latchkey::revocation {
namespace {

// What a run at the end of a table may reach beyond its shares before the table has to be moved.
constexpr std::size_t kTail = 1'024;
constexpr std::size_t kEndBytes = 255;

// 0 marks a free place, so no name may hash to it.
std::uint64_t never_zero(std::uint64_t hash) { return hash == 0 ? 1 : hash; }

std::size_t shares_for(std::size_t most) { return most == 0 ? 0 : most + most * 3 / 17 + 1; }

std::pmr::memory_resource* in(const TableMemory& memory) {
  return memory ? memory.get() : std::pmr::get_default_resource();
}

}  // namespace

HashTable::HashTable(std::size_t most, EndStep first, TableMemory memory)
    : memory_(std::move(memory)),
      slots_(most == 0 ? 0 : shares_for(most) + std::min(most, kTail) + 1, in(memory_)),
      ends_(in(memory_)),
      most_(most),
      shares_(shares_for(most)),
      first_(first) {}

HashTable::HashTable(const HashTable& other)
    : memory_(other.memory_),
      slots_(other.slots_, in(memory_)),
      ends_(other.ends_, in(memory_)),
      most_(other.most_),
      shares_(other.shares_),
      size_(other.size_),
      first_(other.first_) {}

// By making it anew, since a vector that is assigned to stays in the memory that it has.
HashTable& HashTable::operator=(HashTable&& other) noexcept {
  if (this == &other) return *this;
  std::destroy_at(this);
  return *std::construct_at(this, std::move(other));
}

// The hash's share of the table (a multiplication instead of a division).
std::size_t HashTable::place(std::uint64_t hash) const {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::size_t>((Wide{hash} * shares_) >> 64);
}

// Ends, since the last place is always free.
std::size_t HashTable::position(std::uint64_t hash) const {
  const std::uint64_t* const slots = slots_.data();
  auto at = place(hash);
  while (slots[at] != 0 && slots[at] < hash) ++at;
  return at;
}

bool HashTable::contains(std::uint64_t hash) const {
  if (size_ == 0) return false;
  hash = never_zero(hash);
  return slots_[position(hash)] == hash;
}

std::optional<EndStep> HashTable::find(std::uint64_t hash) const {
  if (size_ == 0) return std::nullopt;
  hash = never_zero(hash);
  const auto at = position(hash);
  if (slots_[at] != hash) return std::nullopt;
  return end_at(at);
}

void HashTable::prefetch_to_insert(std::uint64_t hash) const {
  if (slots_.empty()) return;
  const auto at = place(hash);
  __builtin_prefetch(&slots_[at], 1);
  if (!ends_.empty()) __builtin_prefetch(&ends_[at], 1);
}

EndStep HashTable::end_at(std::size_t at) const {
  return ends_.empty() || ends_[at] == 0 ? kNoEnd : first_ + ends_[at];
}

// Later rather than earlier: what cannot be written in a byte counts as none, and what ended before
// the first step as ending with it.
void HashTable::set_end(std::size_t at, EndStep end) {
  if (end == kNoEnd && ends_.empty()) return;
  if (ends_.empty()) ends_.resize(slots_.size());
  const auto after = end <= first_ ? 1 : std::size_t{end} - first_;
  ends_[at] = end == kNoEnd || after > kEndBytes ? 0 : static_cast<std::uint8_t>(after);
}

void HashTable::ensure_end_slot() {
  if (slots_.back() == 0) return;
  slots_.push_back(0);
  if (!ends_.empty()) ends_.push_back(0);
}

bool HashTable::insert(std::uint64_t hash, EndStep end) {
  hash = never_zero(hash);
  if (size_ == most_) {
    if (const auto there = find(hash)) {
      set_end(position(hash), std::max(*there, end));
      return false;
    }
    HashTable larger(std::max<std::size_t>(most_ * 2, 16), first_, memory_);
    std::size_t behind = 0;
    each([&](std::uint64_t each, EndStep its) { larger.append(each, its, behind); });
    *this = std::move(larger);
  }
  const auto at = position(hash);
  if (slots_[at] == hash) {
    set_end(at, std::max(end_at(at), end));
    return false;
  }
  auto free = at;
  while (slots_[free] != 0) ++free;
  const auto move_up = [&](auto& all) {
    const auto from = all.begin() + static_cast<std::ptrdiff_t>(at);
    const auto to = all.begin() + static_cast<std::ptrdiff_t>(free);
    std::move_backward(from, to, to + 1);
  };
  move_up(slots_);
  if (!ends_.empty()) move_up(ends_);
  slots_[at] = hash;
  set_end(at, end);
  ensure_end_slot();
  ++size_;
  return true;
}

bool HashTable::erase(std::uint64_t hash) {
  if (size_ == 0) return false;
  hash = never_zero(hash);
  auto at = position(hash);
  if (slots_[at] != hash) return false;
  // Whatever stands behind its share comes one nearer to it.
  for (; slots_[at + 1] != 0 && place(slots_[at + 1]) <= at; ++at) {
    slots_[at] = slots_[at + 1];
    if (!ends_.empty()) ends_[at] = ends_[at + 1];
  }
  slots_[at] = 0;
  if (!ends_.empty()) ends_[at] = 0;
  --size_;
  return true;
}

void HashTable::append(std::uint64_t hash, EndStep end, std::size_t& behind) {
  const auto at = std::max(place(hash), behind);
  slots_[at] = hash;
  set_end(at, end);
  ensure_end_slot();
  behind = at + 1;
  ++size_;
}

// Goes over a table from front to back.
class HashTable::Walk {
 public:
  explicit Walk(const HashTable& table) : table_(table) { settle(); }

  bool done() const { return at_ == table_.slots_.size(); }
  std::uint64_t hash() const { return table_.slots_.data()[at_]; }
  EndStep end() const { return table_.end_at(at_); }
  void next() {
    ++at_;
    settle();
  }

 private:
  void settle() {
    const std::uint64_t* const slots = table_.slots_.data();
    const std::size_t count = table_.slots_.size();
    while (at_ < count && slots[at_] == 0) ++at_;
  }

  const HashTable& table_;
  std::size_t at_ = 0;
};

template <typename Each>
void HashTable::walk(const HashTable& base, const HashTable& removed, const HashTable& added,
                     EndStep now, Each each) {
  Walk of_base(base);
  Walk of_removed(removed);
  Walk of_added(added);
  while (!of_base.done() || !of_added.done()) {
    if (of_base.done() || (!of_added.done() && of_added.hash() < of_base.hash())) {
      if (of_added.end() > now) each(of_added.hash(), of_added.end());
      of_added.next();
      continue;
    }
    const std::uint64_t hash = of_base.hash();
    while (!of_removed.done() && of_removed.hash() < hash) of_removed.next();
    const bool gone = !of_removed.done() && of_removed.hash() == hash;
    if (!gone && of_base.end() > now) each(hash, of_base.end());
    of_base.next();
  }
}

// Counted first, so that the new table has the size of what is in it: a set whose entries end must
// not hold on to the memory of those that did.
HashTable HashTable::merged(const HashTable& base, const HashTable& removed, const HashTable& added,
                            EndStep now) {
  std::size_t stay = 0;
  walk(base, removed, added, now, [&](std::uint64_t, EndStep) { ++stay; });
  HashTable out(stay, now, base.memory_);
  std::size_t behind = 0;
  walk(base, removed, added, now,
       [&](std::uint64_t hash, EndStep end) { out.append(hash, end, behind); });
  return out;
}

}  // namespace latchkey::revocation
