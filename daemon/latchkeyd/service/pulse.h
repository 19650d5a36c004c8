// SPDX-License-Identifier: Apache-2.0
//
// Whether the daemon lives: every worker must answer before the service manager's watchdog is fed,
// so that one worker that hangs is enough for a restart (verdicts are refused meanwhile, never
// guessed). Belongs to the control thread.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "daemon/latchkeyd/io/executor.h"

namespace latchkey::latchkeyd {

class Pulse {
 public:
  // `alive` runs on the control thread after each beat that every worker answered. All outlive it.
  Pulse(Executor& control, std::vector<Executor*> workers, std::function<void()> alive);

  // Asks every worker. Where the last beat is not answered yet, nothing is done: the silence is
  // what is to be heard.
  void beat();

 private:
  Executor& control_;
  std::vector<Executor*> workers_;
  std::function<void()> alive_;
  std::shared_ptr<std::size_t> open_;  // answers that the running beat waits for
};

}  // namespace latchkey::latchkeyd
