// SPDX-License-Identifier: Apache-2.0
//
// A thread of the daemon as others see it: a place to run work on. Whoever starts an operation on
// another thread names the executor that its completion is to run on, so that no object is touched
// by two threads.
#pragma once

#include <functional>

namespace latchkey::latchkeyd {

class Executor {
 public:
  virtual ~Executor() = default;

  // Runs `work` later on the thread that this stands for, in the order of the calls; never inside
  // the call. From any thread. An executor outlives everybody who may post to it; work posted after
  // its thread ended is dropped unrun.
  virtual void post(std::function<void()> work) = 0;
};

}  // namespace latchkey::latchkeyd
