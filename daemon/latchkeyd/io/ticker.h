// SPDX-License-Identifier: Apache-2.0
//
// Runs something when it is due by our own steady clock, which goes on while the machine sleeps;
// Asio's timers do not, so it never sleeps long: after a suspend, what fell due is done within half
// a minute.
#pragma once

#include <asio/steady_timer.hpp>

#include <functional>
#include <memory>

#include "core/base/time.h"
#include "daemon/latchkeyd/io/clock.h"
#include "daemon/latchkeyd/io/loop.h"

namespace latchkey::latchkeyd {

class Ticker {
 public:
  // `tick` does what is due and gives the time of the next; it runs on the loop's thread, never
  // inside poke().
  Ticker(Loop& loop, const Clock& clock, std::function<SteadyTime()> tick);

  // What is due may have changed: ticks soon. On the loop's thread; also begins it.
  void poke();

 private:
  void run();

  asio::steady_timer timer_;
  const Clock& clock_;
  std::function<SteadyTime()> tick_;
  std::shared_ptr<bool> alive_;
};

}  // namespace latchkey::latchkeyd
