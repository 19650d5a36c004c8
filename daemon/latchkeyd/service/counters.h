// SPDX-License-Identifier: Apache-2.0
//
// What `latchkeyctl status` counts. Written by the workers, read by the control thread; each figure
// is right by itself, and no two of them are of the same moment.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "core/base/reason.h"

namespace latchkey::latchkeyd {

struct Counters {
  std::atomic<std::int64_t> conversations{0};            // open now
  std::array<std::atomic<std::int64_t>, 5> decisions{};  // since the start, by ReasonClass

  void count(ReasonClass kind) {
    decisions[static_cast<std::size_t>(kind)].fetch_add(1, std::memory_order_relaxed);
  }
  std::int64_t counted(ReasonClass kind) const {
    return decisions[static_cast<std::size_t>(kind)].load(std::memory_order_relaxed);
  }
};

}  // namespace latchkey::latchkeyd
