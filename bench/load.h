// SPDX-License-Identifier: Apache-2.0
//
// Load on a pam.sock: clients that play authenticate with real frames in a closed loop, each
// conversation on a new connection as the PAM module makes it, and the figures of a run. What is
// compared is CPU time of both ends a conversation, which other programs of a shared machine
// disturb least, beside the wall-clock percentiles.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace latchkey::bench {

struct LoadOptions {
  std::string socket;
  std::string service = "sshd";
  std::string user;
  std::string token;     // any bytes; answered whole
  unsigned clients = 1;  // threads, each in a closed loop
  std::chrono::milliseconds length{500};
  std::vector<pid_t> servers;  // processes of the other end, whose CPU time counts
  bool must_allow = true;      // a verdict other than "allow" ends the program
  std::string rhost;           // the one source of all clients; empty: each has many of its own
};

struct LoadResult {
  std::size_t conversations = 0;
  std::chrono::nanoseconds elapsed{0};
  std::chrono::nanoseconds cpu{0};      // both ends
  std::vector<std::uint32_t> times_ns;  // sorted; from connect() to the verdict

  double per_second() const;
  double cpu_us() const;                     // a conversation
  double percentile_us(double share) const;  // 0.5, 0.99
};

LoadResult run_load(const LoadOptions& options);

// Binds every thread of a process to that CPU, or to all of them for -1.
void pin(pid_t process, int cpu);

}  // namespace latchkey::bench
