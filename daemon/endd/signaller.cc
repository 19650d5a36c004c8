// SPDX-License-Identifier: Apache-2.0
#include "daemon/endd/signaller.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include <fmt/format.h>

#include "ipc/fd.h"

namespace latchkey::endd {

using ipc::control::SignalAnswer;

namespace {

constexpr int kLooksMost = 10;  // at /proc in a row; the caller waits for them
constexpr const char* kNotTheUser =
    "the session ends and not its whole user: latchkey-endd-signal's unit has no --whole-user";

// The first moment of a whole number of steps that is not before it.
SteadyTime round_up(SteadyTime time, std::chrono::milliseconds step) {
  const auto beyond = time.time_since_epoch() % step;
  return beyond.count() == 0 ? time : time + (step - beyond);
}

// Those that run.
std::vector<Process> alive(std::vector<Process> found) {
  std::erase_if(found, [](const Process& process) { return !process.alive(); });
  return found;
}

}  // namespace

bool send_signal(const Processes& processes, const Process& process, int signal) {
  if (process.pid <= 1) return false;
  // glibc 2.36 of Debian 12 has wrappers only from a newer header; the calls are of Linux 5.3.
  const ipc::Fd handle(static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0)));
  if (!handle) return false;
  const auto now = processes.find(process.pid);  // behind the handle: it cannot change any more
  if (!now || now->start != process.start) return false;
  return ::syscall(SYS_pidfd_send_signal, handle.get(), signal, nullptr, 0) == 0;
}

Signaller::Signaller(Parts parts) : parts_(std::move(parts)) {
  if (!parts_.all) parts_.all = [&checks = parts_.checks] { return checks.processes().all(); };
}

SignalAnswer Signaller::end(const ipc::control::SignalRequest& request, SteadyTime now) {
  const SteadyTime begin_at = round_up(now + std::chrono::seconds(request.grace_s), kTogether);
  const bool whole_user = request.scope == "user" && parts_.whole_user;
  const std::string why = whole_user || request.scope != "user" ? "" : kNotTheUser;
  auto known = jobs_.find(request.login);
  if (known != jobs_.end() && known->second.user) return {"refused", "no login id", 0};
  if (known == jobs_.end()) {
    auto target = parts_.checks.examine(request.login);
    if (!target) {
      return {std::string(name(target.error().outcome)), std::move(target.error().why), 0};
    }
    if (jobs_.size() >= parts_.jobs_most) return {"refused", "too many sessions end just now", 0};
    Job job{.due = std::min(round_up(now, kEvery), begin_at),
            .begin_at = begin_at,
            .whose = fmt::format("login={} service={} user={}", target->login, target->service,
                                 target->person),
            .caller = target->caller,
            .uid = target->uid,
            .leader = target->leader,
            .members = Members(target->leader, target->uid, ::getpid()),
            .killed = {}};
    // Enough to know them by, should all of them lose their parents before the next look.
    const Census family(parts_.checks.processes().family(job.leader));
    job.seen = alive(job.members->look(family)).size();
    known = jobs_.emplace(target->login, std::move(job)).first;
  }
  Job& job = known->second;
  if (!job.begun) job.begin_no_later(begin_at);
  if (whole_user && job.begun && !job.whole_user) end_user(known->first, job, begin_at);
  job.whole_user = job.whole_user || whole_user;
  return {"ending", why, static_cast<std::int64_t>(job.seen)};
}

Signaller::Jobs::iterator Signaller::end_user(const std::string& login, const Job& session,
                                              SteadyTime begin_at) {
  std::string whose = fmt::format("whole user uid={} login={}", session.uid, login);
  const bool logins_known = session.leader.audit_session != kNoAuditSession;
  Job user{.due = begin_at,
           .begin_at = begin_at,
           .whose = whose,
           .uid = session.uid,
           .leader = {},
           .members = {},
           .user = UserProcesses(session.uid, logins_known, ::getpid()),
           .killed = {}};
  return jobs_.insert_or_assign(std::move(whose), std::move(user)).first;
}

// What the users have beside the sessions that begin to end now is asked along with them.
void Signaller::end_users(Turns& asked, const Turns& killed, SteadyTime now) {
  Turns users;
  for (const Turns* turns : {&std::as_const(asked), &killed}) {
    for (const auto& [entry, left, none] : *turns) {
      const auto& [login, job] = *entry;
      if (!job.begun && job.whole_user) users.push_back({end_user(login, job, now)});
    }
  }
  for (Turn& turn : users) {
    turn.entry->second.due = round_up(now + std::chrono::nanoseconds(1), kEvery);
    asked.push_back(std::move(turn));
  }
}

void Signaller::tick(SteadyTime now) {
  Turns turns = due(now);
  if (turns.empty()) return;
  look(turns);
  Turns asked;
  Turns killed;
  Turns waiting;
  for (Turn& turn : turns) {
    Job& job = turn.entry->second;
    job.due = round_up(now + std::chrono::nanoseconds(1), kEvery);
    if (!job.begun && now < job.begin_at) {
      job.due = std::min(job.due, job.begin_at);
      continue;
    }
    // What sudo runs has another's power, root's: a handler of SIGTERM could make a process that
    // nobody finds again. The person was told and had the grace time.
    const bool kills = job.begun ? now >= job.kill_at : job.caller;
    if (job.begun && !kills) {
      waiting.push_back(std::move(turn));
    } else if (asked.size() + killed.size() < kActsMost) {
      (kills ? killed : asked).push_back(std::move(turn));
    } else {
      job.due = now;  // its turn is right after what else the caller has to do
    }
  }
  kill(killed);
  end_users(asked, killed, now);
  if (std::any_of(asked.begin(), asked.end(),
                  [](const Turn& turn) { return turn.entry->second.user.has_value(); }))
    look(asked, true);
  ask_to_end(asked);
  for (Turn& turn : asked) begin(turn, now);
  for (Turn& turn : waiting)
    if (!follow(turn, false)) jobs_.erase(turn.entry);
  for (Turn& turn : killed) {
    if (!turn.entry->second.begun) {
      begin(turn, now);
    } else if (!follow(turn, true)) {
      jobs_.erase(turn.entry);
    }
  }
}

// The longest due first.
Signaller::Turns Signaller::due(SteadyTime now) {
  Turns turns;
  for (auto entry = jobs_.begin(); entry != jobs_.end(); ++entry)
    if (entry->second.due <= now) turns.push_back({entry});
  std::stable_sort(turns.begin(), turns.end(), [](const Turn& a, const Turn& b) {
    return a.entry->second.due < b.entry->second.due;
  });
  return turns;
}

// Those of each session that are there still, and those that joined it since. A look that shows
// nothing failed (no descriptors, no memory): what was there before is believed.
void Signaller::look(Turns& turns, bool take_in) const {
  const Census census(parts_.all());
  if (census.all().empty()) return;
  UserProcesses::Starts hosts;
  for (const auto& [login, job] : jobs_)
    if (job.members) hosts.emplace(job.leader.pid, job.leader.start);
  for (Turn& turn : turns) {
    Job& job = turn.entry->second;
    if (job.user && take_in) job.user->take_in(census, parts_.checks.processes());
    turn.left = alive(job.user ? job.user->look(census, hosts) : job.members->look(census));
    job.seen = turn.left.size();
  }
}

// Stops all of them, until a look finds none that was not stopped before it: a process that was
// sent SIGSTOP forks no more, and what it had forked before is in the next look.
std::vector<Process> Signaller::stop(Turns& turns, int& looks) const {
  std::vector<Process> stopped;
  Known seen;
  for (;;) {
    bool more = false;
    for (const Turn& turn : turns) {
      for (const Process& process : turn.left) {
        if (!seen.emplace(process.pid, process.start).second) continue;
        parts_.send(process, SIGSTOP);
        stopped.push_back(process);
        more = true;
      }
    }
    if (!more || looks == 0) return stopped;
    --looks;
    look(turns);
  }
}

// SIGKILL until a look finds nobody new.
void Signaller::kill(Turns& turns) const {
  for (int looks = kLooksMost;;) {
    stop(turns, looks);
    bool more = false;
    for (Turn& turn : turns) {
      for (const Process& process : turn.left) {
        if (!turn.killed.emplace(process.pid, process.start).second) continue;
        parts_.send(process, SIGKILL);
        more = true;
      }
    }
    if (!more || looks == 0) break;
    --looks;
    look(turns);
  }
  for (Turn& turn : turns) {
    turn.entry->second.killed.insert(turn.killed.begin(), turn.killed.end());
  }
}

// All are stopped before one hears of its end, so that none of them makes another meanwhile; and
// all that were stopped go on, though the last look may have missed one.
void Signaller::ask_to_end(Turns& turns) const {
  int looks = kLooksMost;
  std::vector<Process> all = stop(turns, looks);
  // What a user's sudo runs, as in tick(), also where it is of a session that is asked here, too.
  Known killed;
  for (const Turn& turn : turns) {
    Job& job = turn.entry->second;
    for (const Process& process : turn.left) {
      if (!job.user || process.real_uid == job.uid) continue;
      job.killed.emplace(process.pid, process.start);
      if (killed.emplace(process.pid, process.start).second) parts_.send(process, SIGKILL);
    }
  }
  std::erase_if(all, [&](const Process& process) {
    return killed.contains({process.pid, process.start});
  });
  for (const Process& process : all) {
    parts_.send(process, SIGTERM);
    parts_.send(process, SIGHUP);
  }
  for (const Process& process : all) parts_.send(process, SIGCONT);
}

void Signaller::begin(Turn& turn, SteadyTime now) const {
  Job& job = turn.entry->second;
  job.begun = true;
  job.kill_at = job.caller ? now : now + kPatience;
  const std::size_t reached = job.caller ? turn.killed.size() : turn.left.size();
  parts_.log.notice(
      fmt::format("signalled: {} pid={} processes={}", job.whose, job.leader.pid, reached));
}

bool Signaller::leads(const Job& job) const {
  if (job.user) return false;
  const auto leader = parts_.checks.processes().find(job.leader.pid);
  return leader ? leader->start == job.leader.start && leader->alive()
                : leader.error() == Missing::unreadable;
}

// False where the job is over. The host process goes last: it closes the session once its children
// have ended, and while it lives they are found as its descendants.
bool Signaller::follow(Turn& turn, bool killing) const {
  const std::vector<Process>& left = turn.left;
  Job& job = turn.entry->second;
  const bool leader = leads(job);
  if (left.empty() && !leader) {
    parts_.log.notice(fmt::format("gone: {} killed={}", job.whose, job.killed.size()));
    return false;
  }
  if (!left.empty() && !killing) return true;
  ++job.rounds;
  if (!left.empty() && job.rounds < kRoundsMost) return true;
  if (left.empty() && job.rounds <= kRoundsOfLeader) {
    parts_.send(job.leader, SIGTERM);
    parts_.send(job.leader, SIGCONT);  // a sudo stops itself with what it runs
    return true;
  }
  if (job.members) parts_.send(job.leader, SIGKILL);
  if (job.rounds < kRoundsMost) return true;
  if (!std::exchange(job.lives_on, true)) {
    std::string pids;
    for (const Process& process : left) pids += fmt::format(" {}", process.pid);
    parts_.log.error(fmt::format("lives on: {} pid={} processes={}{}", job.whose, job.leader.pid,
                                 left.size(), pids));
  }
  // A session is known as long as it is there: who asks for it again does not have everything that
  // its user began since end.
  job.rounds = 0;
  job.due += kAgain;
  return !job.user;
}

SteadyTime Signaller::next() const {
  SteadyTime next = SteadyTime::max();
  for (const auto& [login, job] : jobs_) next = std::min(next, job.due);
  return next;
}

}  // namespace latchkey::endd
