// SPDX-License-Identifier: Apache-2.0
//
// Ends logins one step after the other: the word on the terminal, the grace time, logind's end or
// the signals', and a last look. What was true at one step is looked at anew at the next. Asked
// again while it is under way, nothing changes but a shorter grace.
#pragma once

#include <sys/types.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/endd/census.h"
#include "daemon/endd/checks.h"
#include "daemon/endd/log.h"
#include "daemon/endd/logind.h"
#include "daemon/endd/signaller.h"
#include "ipc/end.h"

namespace latchkey::endd {

// What the one who asks may choose: of root's own configuration, the unit.
struct EndLimits {
  bool whole_user = false;
  std::chrono::seconds shortest_grace{0};
  std::chrono::seconds longest_grace{ipc::control::kGraceMostSeconds};
};

class Ender {
 public:
  static constexpr std::size_t kJobsMost = 16'384;      // as many as latchkeyd keeps logins
  static constexpr std::chrono::seconds kPatience{5};   // between one step of the end and the next
  static constexpr std::chrono::seconds kAskAgain{1};   // where the signals were not to be had
  static constexpr std::chrono::seconds kQuietMost{4};  // while nobody answers there
  static constexpr std::chrono::milliseconds kSeenFor{500};  // a look at all processes is good for

  // All outlive it.
  struct Parts {
    const Checks& checks;
    SessionManager& sessions;
    const Log& log;
    // How many terminals of the processes took the line.
    std::function<std::size_t(std::span<const Process>, uid_t, std::string_view)> tell;
    // Has the unit with CAP_KILL watch the login's processes for the grace time, and end them then.
    std::function<ipc::Result<ipc::control::SignalAnswer>(const ipc::control::SignalRequest&)>
        signal;
    EndLimits limits = {};
    // All processes; where there is none, as `checks` has them.
    std::function<std::vector<Process>()> all = {};
    std::size_t jobs_most = kJobsMost;
  };

  explicit Ender(Parts parts);

  ipc::control::EndAnswer end(const ipc::control::EndRequest& request, SteadyTime now);
  ipc::control::LookAnswer look(const ipc::control::LookRequest& request) const;

  // Does what is due of one job, for which it may have to wait for logind or the signals: between
  // two of them the caller answers others and the service manager.
  void tick(SteadyTime now);
  SteadyTime next() const;

 private:
  enum class Step : std::uint8_t { grace, ended, killed };
  struct Job {
    SteadyTime due;
    Step step = Step::grace;
    bool whole_user = false;
    bool caller = false;  // who called a program that runs as another, as Target has it
    uid_t uid = 0;        // of the person
    std::optional<std::string> session;  // of logind
    // latchkey-endd-signal, which has to end it, has not taken it: until it does it is not ending.
    std::optional<SteadyTime> ask_at;
    std::string why_not;

    SteadyTime next() const { return std::min(due, ask_at.value_or(due)); }
  };

  static ipc::control::EndAnswer answer(const Job& job, const std::string& why, SteadyTime now);
  bool advance(const std::string& login, Job& job, SteadyTime now);
  void terminate(const Target& target, Job& job, SteadyTime now);
  void ask_again(const std::string& login, Job& job, SteadyTime now);
  bool close(const std::string& line, Job& job, SteadyTime now);
  void signal(const Target& target, Job& job, std::chrono::seconds grace, SteadyTime now,
              bool needed = true);
  bool ask_for_signals(const Target& target, const Job& job, std::chrono::seconds grace,
                       SteadyTime now, std::string& why_not);
  std::size_t tell(const Target& target, std::string_view text, SteadyTime now);

  Parts parts_;
  std::optional<Census> seen_;
  SteadyTime seen_at_;
  SteadyTime quiet_until_{};  // nobody is asked for signals before
  std::chrono::seconds quiet_{};
  std::string why_quiet_;
  std::map<std::string, Job, std::less<>> jobs_;
};

}  // namespace latchkey::endd
