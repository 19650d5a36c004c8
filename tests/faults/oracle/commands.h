// SPDX-License-Identifier: Apache-2.0
//
// What the harness says on stdin while logins are made: a line each, as Schedule::obey() takes it.
// "end", or the end of the harness itself, ends the program once what is under way is over.
#pragma once

#include <cstddef>
#include <string>

#include "tests/faults/oracle/schedule.h"

namespace latchkey::faults {

class Commands {
 public:
  Commands();

  // Takes what has come, without waiting.
  void take(Schedule& schedule);
  bool ended() const { return ended_; }
  std::size_t taken() const { return taken_; }

 private:
  std::string rest_;
  bool ended_ = false;
  std::size_t taken_ = 0;
};

}  // namespace latchkey::faults
