// SPDX-License-Identifier: Apache-2.0
//
// What a token costs that was verified before (PERFORMANCE section 8, G2): its digest, the look-up
// among so many others, recheck() and judge(); and what an entry takes of memory. Beside it what
// this machine takes for one read of as much memory that no cache foresees, which is the least that
// one entry of many can cost more than the same one again.
#pragma once

#include <cstddef>
#include <cstdint>

#include "bench/subject.h"
#include "daemon/latchkeyd/service/pages.h"
#include "daemon/latchkeyd/service/token_memory.h"

namespace latchkey::bench {

class Remembered {
 public:
  explicit Remembered(std::size_t entries);

  // From the bytes of a token to the verdict, for the same entry each time.
  bool same() { return login(0); }
  // For another entry each time, in no order that a cache foresees.
  bool any() { return login(next()); }
  // Reads one word of another entry's worth of memory, where the one before said that it lies.
  bool one_read();

  // Of a full memory.
  std::size_t bytes_an_entry() const { return bytes_an_entry_; }

 private:
  bool login(std::size_t number);
  std::size_t next();
  void lay_out_reads();

  Subject subject_{"RS256"};
  Snapshot snapshot_;
  latchkeyd::TokenMemory memory_;
  latchkeyd::Pages reads_;
  const std::byte* read_at_ = nullptr;
  std::size_t entries_;
  std::size_t at_ = 0;
  std::size_t bytes_an_entry_ = 0;
};

}  // namespace latchkey::bench
