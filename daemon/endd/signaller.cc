// SPDX-License-Identifier: Apache-2.0
#include "daemon/endd/signaller.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "ipc/fd.h"

namespace latchkey::endd {

using ipc::control::SignalAnswer;

namespace {

constexpr int kLooksMost = 10;  // at /proc in a row; the caller of end() waits for them

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

SignalAnswer Signaller::end(std::string_view login, std::chrono::seconds grace, SteadyTime now) {
  if (const auto job = jobs_.find(login); job != jobs_.end()) {
    Job& known = job->second;
    known.begin_at = std::min(known.begin_at, now + grace);
    if (!known.begun && known.begin_at <= now) begin(job->first, known, now);
    known.due = std::min(known.due, known.begin_at);
    return {"ending", "", static_cast<std::int64_t>(known.reached)};
  }
  auto target = checks_.examine(login);
  if (!target) {
    return {std::string(name(target.error().outcome)), std::move(target.error().why), 0};
  }
  if (jobs_.size() >= kJobsMost) return {"refused", "too many sessions end just now", 0};
  Job job{.due = now + std::min<std::chrono::milliseconds>(kEvery, grace),
          .begin_at = now + grace,
          .whose = fmt::format("service={} user={}", target->service, target->person),
          .caller = target->caller,
          .leader = target->leader,
          .members = Members(target->leader, target->uid, ::getpid())};
  if (grace > std::chrono::seconds(0)) {
    static_cast<void>(present(job));
  } else {
    begin(target->login, job, now);
  }
  const auto reached = static_cast<std::int64_t>(job.reached);
  jobs_.emplace(target->login, std::move(job));
  return {"ending", "", reached};
}

void Signaller::begin(const std::string& login, Job& job, SteadyTime now) const {
  job.begun = true;
  job.due = now + kEvery;
  job.kill_at = now + kPatience;
  if (job.caller) {
    // What sudo runs has another's power, root's: a handler of SIGTERM could make a process that
    // nobody finds again. The person was told and had the grace time.
    job.kill_at = now;
    kill(job);
  } else {
    ask_to_end(job);
  }
  log_.notice(fmt::format("signalled: login={} {} pid={} processes={}", login, job.whose,
                          job.leader.pid, job.reached));
}

// All are stopped before one hears of its end, so that none of them makes another meanwhile.
void Signaller::ask_to_end(Job& job) const {
  int looks = kLooksMost;
  const auto found = stop(job, looks);
  for (const Process& process : found) {
    send_(process, SIGTERM);
    send_(process, SIGHUP);
  }
  for (const Process& process : found) send_(process, SIGCONT);
  job.reached = found.size();
}

// Those of the session that are there still, and those that joined it since.
std::vector<Process> Signaller::present(Job& job) const {
  std::vector<Process> found = job.members.look(checks_.processes().all());
  std::erase_if(found, [](const Process& process) { return !process.alive(); });
  return found;
}

// Stops all of them, until a look finds none that was not stopped before it: a process that was
// sent SIGSTOP forks no more, and what it had forked before is in the next look.
std::vector<Process> Signaller::stop(Job& job, int& looks) const {
  std::set<std::pair<pid_t, unsigned long long>> stopped;
  std::vector<Process> found;
  while (looks-- > 0) {
    found = present(job);
    bool more = false;
    for (const Process& process : found) {
      if (!stopped.emplace(process.pid, process.start).second) continue;
      send_(process, SIGSTOP);
      more = true;
    }
    if (!more) break;
  }
  return found;
}

// SIGKILL until a look finds nobody new; what is left of them.
std::vector<Process> Signaller::kill(Job& job) const {
  std::set<std::pair<pid_t, unsigned long long>> killed;
  std::vector<Process> found;
  for (int looks = kLooksMost; looks > 0;) {
    found = stop(job, looks);
    bool more = false;
    for (const Process& process : found) {
      if (!killed.emplace(process.pid, process.start).second) continue;
      send_(process, SIGKILL);
      more = true;
    }
    if (!more) break;
  }
  job.reached = std::max(job.reached, killed.size());
  job.killed = std::max(job.killed, killed.size());
  return found;
}

bool Signaller::leads(const Job& job) const {
  const auto leader = checks_.processes().find(job.leader.pid);
  return leader ? leader->start == job.leader.start && leader->alive()
                : leader.error() == Missing::unreadable;
}

// False where the job is over. The host process goes last: it closes the session once its children
// have ended, and while it lives they are found as its descendants.
bool Signaller::advance(const std::string& login, Job& job, SteadyTime now) const {
  if (!job.begun && now < job.begin_at) {
    static_cast<void>(present(job));
    job.due = std::min<SteadyTime>(now + kEvery, job.begin_at);
    return true;
  }
  if (!job.begun) {
    begin(login, job, now);
    return true;
  }
  job.due = now + kEvery;
  const bool killing = now >= job.kill_at;
  const auto left = killing ? kill(job) : present(job);
  const bool leader = leads(job);
  if (left.empty() && !leader) {
    log_.notice(fmt::format("gone: login={} killed={}", login, job.killed));
    return false;
  }
  if (!left.empty() && !killing) return true;
  ++job.rounds;
  if (!left.empty() && job.rounds < kRoundsMost) return true;
  if (left.empty() && job.rounds <= kRoundsOfLeader) {
    send_(job.leader, SIGTERM);
    send_(job.leader, SIGCONT);  // a sudo stops itself with what it runs
    return true;
  }
  send_(job.leader, SIGKILL);
  if (job.rounds < kRoundsMost) return true;
  std::string pids;
  for (const Process& process : left) pids += fmt::format(" {}", process.pid);
  log_.error(fmt::format("lives on: login={} pid={} processes={}{}", login, job.leader.pid,
                         left.size(), pids));
  return false;
}

void Signaller::tick(SteadyTime now) {
  const auto job = std::min_element(jobs_.begin(), jobs_.end(), [](const auto& a, const auto& b) {
    return a.second.due < b.second.due;
  });
  if (job == jobs_.end() || job->second.due > now) return;
  if (!advance(job->first, job->second, now)) jobs_.erase(job);
}

SteadyTime Signaller::next() const {
  SteadyTime next = SteadyTime::max();
  for (const auto& [login, job] : jobs_) next = std::min(next, job.due);
  return next;
}

}  // namespace latchkey::endd
