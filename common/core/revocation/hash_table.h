// SPDX-License-Identifier: Apache-2.0
//
// A flat table of 64-bit hashes for very many names: what every look-up of a revoked token reads.
//
// A hash lies at its share of the table or behind it (linear probing), and every run is kept in
// rising order (Amble and Knuth, "Ordered hash tables", 1974). A hash's share rises with the hash
// and nothing wraps around, so the whole table is in rising order. That buys three things: a miss
// ends where a hit would stand, after as few reads as a hit; two tables are merged in one pass from
// front to back; and a table of one size is the same whatever order it was filled in.
//
// 85 % full, 9.4 bytes a hash; 10.6 where any of them has an end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <optional>
#include <vector>

#include "core/revocation/end_step.h"

namespace latchkey::revocation {

// Where large tables lie: the daemon gives huge pages, which the core cannot ask for. Null: the
// default.
using TableMemory = std::shared_ptr<std::pmr::memory_resource>;

class HashTable {
 public:
  // Room for `most` hashes; it grows beyond. Ends are told apart for 255 steps from `first` on
  // (42 days); one that lies further ahead counts as none.
  explicit HashTable(std::size_t most = 0, EndStep first = 0, TableMemory memory = nullptr);
  HashTable(const HashTable& other);
  HashTable(HashTable&&) noexcept = default;
  HashTable& operator=(const HashTable&) = delete;
  HashTable& operator=(HashTable&& other) noexcept;
  ~HashTable() = default;

  // False where it is there already; then the later of the two ends holds.
  bool insert(std::uint64_t hash, EndStep end = kNoEnd);
  // False where it is not there.
  bool erase(std::uint64_t hash);

  bool contains(std::uint64_t hash) const;
  // The end of a hash that is there.
  std::optional<EndStep> find(std::uint64_t hash) const;
  // Has the line read that contains() will read; returns at once.
  void prefetch(std::uint64_t hash) const {
    if (!slots_.empty()) __builtin_prefetch(&slots_[place(hash)]);
  }
  void prefetch_to_insert(std::uint64_t hash) const;

  // In rising order.
  template <typename Each>
  void each(Each&& each) const {
    for (std::size_t at = 0; at < slots_.size(); ++at)
      if (slots_[at] != 0) each(slots_[at], end_at(at));
  }

  // What `base` holds and `removed` does not, and what `added` holds (none that stays of `base`),
  // without what has ended in step `now`. Lies in the memory of `base`. Two passes, in the order of
  // memory.
  static HashTable merged(const HashTable& base, const HashTable& removed, const HashTable& added,
                          EndStep now);

  std::size_t size() const { return size_; }
  std::size_t bytes() const {
    return slots_.capacity() * sizeof(std::uint64_t) + ends_.capacity() * sizeof(std::uint8_t);
  }

 private:
  class Walk;

  template <typename Each>
  static void walk(const HashTable& base, const HashTable& removed, const HashTable& added,
                   EndStep now, Each each);
  std::size_t place(std::uint64_t hash) const;
  // Where the hash is or would be.
  std::size_t position(std::uint64_t hash) const;
  EndStep end_at(std::size_t at) const;
  void set_end(std::size_t at, EndStep end);
  // Behind every hash that is in the table.
  void append(std::uint64_t hash, EndStep end, std::size_t& behind);
  void ensure_end_slot();

  TableMemory memory_;                     // lives longer than what lies in it
  std::pmr::vector<std::uint64_t> slots_;  // 0 is a free place; the last is always free
  std::pmr::vector<std::uint8_t> ends_;    // beside them, once one has an end; 0 is none
  std::size_t most_ = 0;                   // what the table was made for
  std::size_t shares_ = 0;                 // of the slots: where a hash's share may be
  std::size_t size_ = 0;
  EndStep first_ = 0;
};

}  // namespace latchkey::revocation
