// SPDX-License-Identifier: Apache-2.0
//
// Ends the processes of sessions by signals: what latchkey-endd-signal does, the one unit with
// CAP_KILL. It takes a login id and looks at everything itself, as latchkey-endd does, so that
// neither has to believe the other.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/endd/checks.h"
#include "daemon/endd/log.h"
#include "daemon/endd/members.h"
#include "daemon/endd/user_processes.h"
#include "ipc/end.h"

namespace latchkey::endd {

using SteadyTime = std::chrono::steady_clock::time_point;

// Sends a signal to the process that began then, and to no other that got its pid since.
using Send = std::function<bool(const Process& process, int signal)>;
bool send_signal(const Processes& processes, const Process& process, int signal);

class Signaller {
 public:
  static constexpr std::chrono::seconds kPatience{5};         // between SIGTERM and SIGKILL
  static constexpr std::chrono::milliseconds kEvery{500};     // between two looks at the sessions
  static constexpr std::chrono::seconds kAgain{30};           // until what lives on is killed again
  static constexpr std::chrono::seconds kSlowly{2};           // between two looks at it
  static constexpr std::chrono::milliseconds kTogether{100};  // what falls due within it is one end
  static constexpr int kRoundsMost = 10;                      // of SIGKILL
  static constexpr int kRoundsOfLeader = 6;                   // to close the session by itself
  static constexpr std::size_t kJobsMost = 16'384;            // as many as latchkeyd keeps logins
  static constexpr std::size_t kActsMost = 64;  // sessions that are begun or killed in one tick

  // All outlive it.
  struct Parts {
    const Checks& checks;
    Send send;
    const Log& log;
    // All processes; where there is none, as `checks` has them.
    std::function<std::vector<Process>()> all = {};
    std::size_t jobs_most = kJobsMost;
    bool whole_user = false;  // whoever asks may have everything of the user ended
  };

  explicit Signaller(Parts parts);

  // When the grace time is over; who is of the session is watched from now on. Reads no more than
  // the session's own processes, and signals none: tick() does. With scope `user` all that is the
  // user's when it ends goes along, but for what a login of somebody else's has begun.
  ipc::control::SignalAnswer end(const ipc::control::SignalRequest& request, SteadyTime now);

  // Does what is due. All sessions share a look at the processes of the host, since that is what
  // takes time, and the looks that it takes to stop and to kill.
  void tick(SteadyTime now);
  SteadyTime next() const;

 private:
  using Known = std::set<std::pair<pid_t, unsigned long long>>;
  // A session's, or what its user has beside it: that is taken in when the session begins to end,
  // and no more after it, or whoever comes in by another token meanwhile would end, too.
  struct Job {
    SteadyTime due;
    // Until then they are watched: who is told may leave, and what he left ends.
    SteadyTime begin_at;
    bool begun = false;
    std::string whose;  // login, service and person, for the log
    SteadyTime kill_at;
    bool caller = false;
    bool whole_user = false;  // that was asked for
    uid_t uid = 0;            // of the person
    Process leader;           // none of a whole user
    std::optional<Members> members;
    std::optional<UserProcesses> user;  // the one of both that there is
    std::size_t seen = 0;               // at the last look
    std::size_t killed_first = 0;       // when the others were asked to end
    std::size_t killed = 0;             // later, at the most in one round
    int rounds = 0;                     // of SIGKILL
    int rounds_of_leader = 0;           // since it is the last
    bool lives_on = false;              // and the log says so
    bool over = false;

    void begin_no_later(SteadyTime time) {
      begin_at = std::min(begin_at, time);
      due = std::min(due, begin_at);
    }
  };
  // What a tick does about one session.
  struct Turn {
    Job* job = nullptr;
    std::vector<Process> left = {};  // of it at the last look
  };
  using Turns = std::vector<Turn>;
  struct Stopped {
    Process process;
    uid_t person = 0;  // whose end it is
  };

  Turns due(SteadyTime now);
  bool look(Turns& turns) const;
  bool take_in(Turns& users) const;
  Job* end_user(const Job& session, SteadyTime begin_at);
  void end_users(const Turns& sessions, Turns& users, SteadyTime now);
  void ask(Turns& asked, Turns& users, SteadyTime now);
  std::vector<Stopped> stop(Turns& turns, int& looks) const;
  void kill(Turns& turns) const;
  void ask_to_end(Turns& turns) const;
  void begin(Turn& turn, std::size_t reached, SteadyTime now) const;
  void follow(Turn& turn, bool killing, SteadyTime now) const;
  bool lead_out(Job& job) const;
  bool leads(const Job& job) const;

  Parts parts_;
  std::map<std::string, Job, std::less<>> jobs_;  // sessions by login id
  // What users have besides: one for all of a user's sessions that begin to end in one tick.
  std::list<Job> users_;
  bool blind_ = false;  // the last look failed
};

}  // namespace latchkey::endd
