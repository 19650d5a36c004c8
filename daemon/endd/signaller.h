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
#include "ipc/end.h"

namespace latchkey::endd {

using SteadyTime = std::chrono::steady_clock::time_point;

// Sends a signal to the process that began then, and to no other that got its pid since.
using Send = std::function<bool(const Process& process, int signal)>;
bool send_signal(const Processes& processes, const Process& process, int signal);

class Signaller {
 public:
  static constexpr std::chrono::seconds kPatience{5};  // between SIGTERM and SIGKILL
  static constexpr std::size_t kJobsMost = 256;

  // All outlive it.
  Signaller(const Checks& checks, Send send, const Log& log)
      : checks_(checks), send_(std::move(send)), log_(log) {}

  ipc::control::SignalAnswer end(std::string_view login, SteadyTime now);

  // Does what is due.
  void tick(SteadyTime now);
  SteadyTime next() const;

 private:
  struct Job {
    SteadyTime due;
    Process leader;
    std::vector<Process> processes;  // that were there; some may have lost their parent since
  };

  std::vector<Process> present(const Job& job) const;

  const Checks& checks_;
  Send send_;
  const Log& log_;
  std::map<std::string, Job, std::less<>> jobs_;
};

}  // namespace latchkey::endd
