// SPDX-License-Identifier: Apache-2.0
//
// Ends the processes of sessions by signals: what latchkey-endd-signal does, the one unit with
// CAP_KILL. It takes a login id and looks at everything itself, as latchkey-endd does, so that
// neither has to believe the other.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/endd/checks.h"
#include "daemon/endd/log.h"
#include "daemon/endd/members.h"
#include "ipc/end.h"

namespace latchkey::endd {

using SteadyTime = std::chrono::steady_clock::time_point;

// Sends a signal to the process that began then, and to no other that got its pid since.
using Send = std::function<bool(const Process& process, int signal)>;
bool send_signal(const Processes& processes, const Process& process, int signal);

class Signaller {
 public:
  static constexpr std::chrono::seconds kPatience{5};      // between SIGTERM and SIGKILL
  static constexpr std::chrono::milliseconds kEvery{500};  // between two looks at a session
  static constexpr int kRoundsMost = 10;                   // of SIGKILL
  static constexpr int kRoundsOfLeader = 6;                // to close the session by itself
  static constexpr std::size_t kJobsMost = 256;

  // All outlive it.
  Signaller(const Checks& checks, Send send, const Log& log)
      : checks_(checks), send_(std::move(send)), log_(log) {}

  // When the grace time is over; who is of the session is watched from now on.
  ipc::control::SignalAnswer end(std::string_view login, std::chrono::seconds grace,
                                 SteadyTime now);

  // Does what is due of one session: between two the caller has other work.
  void tick(SteadyTime now);
  SteadyTime next() const;

 private:
  struct Job {
    SteadyTime due;
    SteadyTime
        begin_at;  // until then they are watched: who is told may leave, and what he left ends
    bool begun = false;
    std::string whose;  // service and person, for the log
    SteadyTime kill_at;
    bool caller = false;
    Process leader;
    Members members;
    std::size_t reached = 0;  // by signals
    std::size_t killed = 0;   // at the most in one round
    int rounds = 0;           // since there was nothing to wait for
  };

  std::vector<Process> present(Job& job) const;
  std::vector<Process> stop(Job& job, int& looks) const;
  std::vector<Process> kill(Job& job) const;
  void ask_to_end(Job& job) const;
  bool leads(const Job& job) const;
  void begin(const std::string& login, Job& job, SteadyTime now) const;
  bool advance(const std::string& login, Job& job, SteadyTime now) const;

  const Checks& checks_;
  Send send_;
  const Log& log_;
  std::map<std::string, Job, std::less<>> jobs_;
};

}  // namespace latchkey::endd
