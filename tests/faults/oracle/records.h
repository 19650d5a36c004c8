// SPDX-License-Identifier: Apache-2.0
//
// What became of each login: a line "DUE START END OPEN CLASS OUTCOME REASON", times in
// microseconds of CLOCK_MONOTONIC, or counts alone where there are too many to keep. OPEN is when
// the oldest login began that has not ended yet, so that a reader knows what is still to come.
// Latency counts from DUE, when the login should have begun: a daemon that stalls is not spared the
// logins that could not even start.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <map>
#include <string>
#include <string_view>
#include <tuple>

namespace latchkey::faults {

using Clock = std::chrono::steady_clock;

struct Outcome {
  // A wire::Result's name, or "silent" (no frame before the deadline), "closed" (end of file in
  // place of a verdict), "unreachable" (nobody listens), "nonsense" (a frame that the protocol does
  // not allow); by way of the module "allow" and else the PAM code.
  std::string_view what;
  std::string_view reason;  // code, as far as one was shown
};

class Records {
 public:
  Records(std::FILE* file, bool counts_only) : file_(file), counts_only_(counts_only) {}

  struct Times {
    Clock::time_point due;
    Clock::time_point started;
    Clock::time_point oldest_open;
  };
  void add(const Times& times, std::string_view kind, const Outcome& outcome);
  // A line "open OPEN COMMANDS": what is still to come where no login ends, and how many commands
  // have been taken.
  void flush(Clock::time_point oldest_open, std::size_t commands);
  void write_counts();  // "count CLASS OUTCOME REASON N"
  std::size_t made() const { return made_; }

 private:
  std::FILE* file_;
  bool counts_only_;
  std::size_t made_ = 0;
  std::map<std::tuple<std::string, std::string, std::string>, std::size_t> counts_;
};

}  // namespace latchkey::faults
