// SPDX-License-Identifier: Apache-2.0
#include "daemon/endd/signaller.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <iterator>
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
            .members = Members(target->leader, target->uid, ::getpid())};
    // Enough to know them by, should all of them lose their parents before the next look.
    const Census family(parts_.checks.processes().family(job.leader));
    job.seen = alive(job.members->look(family)).size();
    known = jobs_.emplace(target->login, std::move(job)).first;
  }
  Job& job = known->second;
  if (!job.begun) job.begin_no_later(begin_at);
  if (whole_user && !job.whole_user)
    job.whole_user = !job.begun || end_user(job, begin_at) != nullptr;
  return {"ending", why, static_cast<std::int64_t>(job.seen)};
}

// None where there are too many: then it is one of thousands that live on.
Signaller::Job* Signaller::end_user(const Job& session, SteadyTime begin_at) {
  const bool logins_known = session.leader.audit_session != kNoAuditSession;
  const auto same = [&](const Job& user) {
    return user.uid == session.uid && !user.begun && user.begin_at == begin_at &&
           user.user->logins_known() == logins_known;
  };
  if (const auto known = std::find_if(users_.begin(), users_.end(), same); known != users_.end())
    return &*known;
  if (users_.size() >= parts_.jobs_most) {
    parts_.log.error(fmt::format("not ended: whole user uid={} why=too many end just now",  //
                                 session.uid));
    return nullptr;
  }
  return &users_.emplace_back(Job{.due = begin_at,
                                  .begin_at = begin_at,
                                  .whose = fmt::format("whole user uid={}", session.uid),
                                  .uid = session.uid,
                                  .leader = {},
                                  .members = {},
                                  .user = UserProcesses(session.uid, logins_known, ::getpid())});
}

void Signaller::tick(SteadyTime now) {
  Turns turns = due(now);
  if (turns.empty()) return;
  for (const Turn& turn : turns)
    turn.job->due =
        round_up(now + std::chrono::nanoseconds(1), turn.job->lives_on ? kSlowly : kEvery);
  const bool blind = !look(turns);
  if (std::exchange(blind_, blind) != blind) {
    if (blind)
      parts_.log.error("the processes of this host cannot be looked at; nothing ends meanwhile");
    else
      parts_.log.notice("the processes of this host can be looked at again");
  }
  if (blind) return;
  Turns asked;
  Turns users;
  Turns killed;
  Turns waiting;
  for (Turn& turn : turns) {
    Job& job = *turn.job;
    if (!job.begun && now < job.begin_at) {
      job.due = std::min(job.due, job.begin_at);
      continue;
    }
    // What sudo runs has another's power, root's: a handler of SIGTERM could make a process that
    // nobody finds again. The person was told and had the grace time.
    const bool kills = job.begun ? now >= job.kill_at : job.caller;
    if (job.begun && !kills) {
      waiting.push_back(std::move(turn));
    } else if (asked.size() + users.size() + killed.size() < kActsMost) {
      (kills ? killed : job.user ? users : asked).push_back(std::move(turn));
    } else {
      job.due = now;  // its turn is right after what else the caller has to do
    }
  }
  end_users(asked, users, now);
  end_users(killed, users, now);
  kill(killed);
  ask(asked, users, now);
  for (Turn& turn : waiting) follow(turn, false, now);
  for (Turn& turn : killed) {
    if (!turn.job->begun) {
      begin(turn, turn.job->killed, now);
    } else {
      follow(turn, true, now);
    }
  }
  std::erase_if(jobs_, [](const auto& entry) { return entry.second.over; });
  users_.remove_if([](const Job& job) { return job.over; });
}

// What users have beside the sessions that begin to end now goes along with them.
void Signaller::end_users(const Turns& sessions, Turns& users, SteadyTime now) {
  for (const Turn& turn : sessions) {
    if (turn.job->begun || !turn.job->whole_user) continue;
    Job* user = end_user(*turn.job, now);
    const auto same = [&](const Turn& each) { return each.job == user; };
    if (user != nullptr && std::none_of(users.begin(), users.end(), same)) users.push_back({user});
  }
}

// The longest due first.
Signaller::Turns Signaller::due(SteadyTime now) {
  Turns turns;
  for (auto& [login, job] : jobs_)
    if (job.due <= now) turns.push_back({&job});
  for (Job& job : users_)
    if (job.due <= now) turns.push_back({&job});
  std::stable_sort(turns.begin(), turns.end(),
                   [](const Turn& a, const Turn& b) { return a.job->due < b.job->due; });
  return turns;
}

// Those of each session that are there still, and those that joined it since. False where the look
// failed (no descriptors, no memory), and everything is as it was.
bool Signaller::look(Turns& turns) const {
  const Census census(parts_.all());
  if (census.all().empty()) return false;
  UserProcesses::Starts hosts;
  for (const auto& [login, job] : jobs_) hosts.emplace(job.leader.pid, job.leader.start);
  for (Turn& turn : turns) {
    Job& job = *turn.job;
    turn.left = alive(job.user ? job.user->look(census, hosts) : job.members->look(census));
    job.seen = turn.left.size();
  }
  return true;
}

bool Signaller::take_in(Turns& users) const {
  if (users.empty()) return true;
  const Census census(parts_.all());
  if (census.all().empty()) return false;
  for (Turn& turn : users)
    if (!turn.job->user->take_in(census, parts_.checks.processes())) return false;
  return look(users);
}

// All are stopped, until a look finds none that was not stopped before it: a process that was sent
// SIGSTOP forks no more, and what it had forked before is in the next look.
std::vector<Signaller::Stopped> Signaller::stop(Turns& turns, int& looks) const {
  std::vector<Stopped> stopped;
  Known seen;
  for (;;) {
    bool more = false;
    for (const Turn& turn : turns) {
      for (const Process& process : turn.left) {
        if (!seen.emplace(process.pid, process.start).second) continue;
        parts_.send(process, SIGSTOP);
        stopped.push_back({process, turn.job->uid});
        more = true;
      }
    }
    if (!more || looks == 0) return stopped;
    --looks;
    look(turns);
  }
}

// SIGKILL until a look finds nobody new: to all that were stopped, though the last look may have
// missed one.
void Signaller::kill(Turns& turns) const {
  if (turns.empty()) return;
  std::vector<Known> of_turns(turns.size());
  Known killed;
  for (int looks = kLooksMost;;) {
    bool more = false;
    for (const auto& [process, person] : stop(turns, looks)) {
      if (!killed.emplace(process.pid, process.start).second) continue;
      parts_.send(process, SIGKILL);
      more = true;
    }
    for (std::size_t i = 0; i < turns.size(); ++i)
      for (const Process& process : turns[i].left) of_turns[i].emplace(process.pid, process.start);
    if (!more || looks == 0) break;
    --looks;
    look(turns);
  }
  for (std::size_t i = 0; i < turns.size(); ++i)
    turns[i].job->killed = std::max(turns[i].job->killed, of_turns[i].size());
}

void Signaller::ask(Turns& asked, Turns& users, SteadyTime now) {
  const bool taken_in = take_in(users);
  for (Turn& turn : users) {
    if (!taken_in) {
      turn.job->due = round_up(now + std::chrono::nanoseconds(1), kEvery);
    } else if (turn.left.empty()) {
      turn.job->over = true;
    } else {
      asked.push_back(std::move(turn));
    }
  }
  ask_to_end(asked);
  for (Turn& turn : asked) begin(turn, turn.left.size(), now);
}

// All are stopped before one hears of its end, so that none of them makes another meanwhile; and
// all that were stopped go on, though the last look may have missed one.
void Signaller::ask_to_end(Turns& turns) const {
  int looks = kLooksMost;
  std::vector<Stopped> all = stop(turns, looks);
  // What runs with another's power, as in tick(); it may have got it before it was stopped.
  Known killed;
  const auto kill = [&](const Process& process) {
    if (killed.emplace(process.pid, process.start).second) parts_.send(process, SIGKILL);
  };
  for (const auto& [process, person] : all)
    if (process.real_uid != person) kill(process);
  for (const Turn& turn : turns) {
    for (const Process& process : turn.left) {
      if (process.real_uid == turn.job->uid) continue;
      kill(process);
      ++turn.job->killed_first;
    }
  }
  std::erase_if(all, [&](const Stopped& each) {
    return killed.contains({each.process.pid, each.process.start});
  });
  for (const auto& [process, person] : all) {
    parts_.send(process, SIGTERM);
    parts_.send(process, SIGHUP);
  }
  for (const auto& [process, person] : all) parts_.send(process, SIGCONT);
}

void Signaller::begin(Turn& turn, std::size_t reached, SteadyTime now) const {
  Job& job = *turn.job;
  job.begun = true;
  job.due = round_up(now + std::chrono::nanoseconds(1), kEvery);
  job.kill_at = job.caller ? now : now + kPatience;
  parts_.log.notice(
      fmt::format("signalled: {} pid={} processes={}", job.whose, job.leader.pid, reached));
}

bool Signaller::leads(const Job& job) const {
  if (job.user) return false;
  const auto leader = parts_.checks.processes().find(job.leader.pid);
  return leader ? leader->start == job.leader.start && leader->alive()
                : leader.error() != Missing::gone;
}

// The host process goes last: it closes the session once its children have ended, and while it
// lives they are found as its descendants.
void Signaller::follow(Turn& turn, bool killing, SteadyTime now) const {
  const std::vector<Process>& left = turn.left;
  Job& job = *turn.job;
  if (left.empty() && !leads(job)) {
    parts_.log.notice(fmt::format("gone: {} killed={}", job.whose, job.killed_first + job.killed));
    job.over = true;
    return;
  }
  if (left.empty()) {
    if ((job.lives_on && !killing) || !lead_out(job)) return;
  } else {
    if (!killing || ++job.rounds < kRoundsMost) return;
    if (job.members) parts_.send(job.leader, SIGKILL);
  }
  if (!std::exchange(job.lives_on, true)) {
    std::string pids;
    for (const Process& process : left) pids += fmt::format(" {}", process.pid);
    parts_.log.error(fmt::format("lives on: {} pid={} processes={}{}", job.whose, job.leader.pid,
                                 left.size(), pids));
  }
  // It is known as long as it is there, and looked at, or a pid of it could be another's by then.
  job.rounds = 0;
  job.rounds_of_leader = 0;
  job.kill_at = now + kAgain;
}

// True where it has had its time.
bool Signaller::lead_out(Job& job) const {
  if (++job.rounds_of_leader <= kRoundsOfLeader) {
    parts_.send(job.leader, SIGTERM);
    parts_.send(job.leader, SIGCONT);  // a sudo stops itself with what it runs
    return false;
  }
  parts_.send(job.leader, SIGKILL);
  return job.rounds_of_leader >= kRoundsMost;
}

SteadyTime Signaller::next() const {
  SteadyTime next = SteadyTime::max();
  for (const auto& [login, job] : jobs_) next = std::min(next, job.due);
  for (const Job& job : users_) next = std::min(next, job.due);
  return next;
}

}  // namespace latchkey::endd
