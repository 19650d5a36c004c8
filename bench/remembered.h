// SPDX-License-Identifier: Apache-2.0
//
// What a token costs that was verified before (PERFORMANCE section 8, G2): its digest, the look-up
// among so many others, recheck() and judge(); and what an entry takes of memory.
#pragma once

#include <cstddef>
#include <vector>

#include "bench/subject.h"
#include "daemon/latchkeyd/service/token_memory.h"

namespace latchkey::bench {

class Remembered {
 public:
  explicit Remembered(std::size_t entries);

  // From the bytes of a token to the verdict, for the same entry each time.
  bool same() { return login(digests_.front()); }
  // For another entry each time, in no order that a cache foresees: beyond its size each step of
  // the way waits for memory, so this tells of the machine as much as of us.
  bool any() { return login(next()); }

  std::size_t bytes_an_entry() const { return bytes_an_entry_; }

 private:
  bool login(const jose::TokenDigest& digest);
  const jose::TokenDigest& next();

  Subject subject_{"RS256"};
  Snapshot snapshot_;
  latchkeyd::TokenMemory memory_;
  std::vector<jose::TokenDigest> digests_;
  std::size_t at_ = 0;
  std::size_t bytes_an_entry_ = 0;
};

}  // namespace latchkey::bench
