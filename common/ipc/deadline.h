// SPDX-License-Identifier: Apache-2.0
//
// Waiting for a descriptor under one deadline, for the blocking callers (command line tools,
// connecting).
#pragma once

#include <poll.h>

#include <chrono>

#include "ipc/fault.h"

namespace latchkey::ipc {

class Deadline {
 public:
  explicit Deadline(std::chrono::milliseconds timeout)
      : end_(std::chrono::steady_clock::now() + timeout) {}

  // Waits for `events` on `fd`. Faults: timeout, system. A hang-up or an error on `fd` counts as
  // ready: the call that follows names it.
  Result<void> wait(int fd, short events) const;

  // Zero once it has passed.
  std::chrono::milliseconds remaining() const;

 private:
  std::chrono::steady_clock::time_point end_;
};

}  // namespace latchkey::ipc
