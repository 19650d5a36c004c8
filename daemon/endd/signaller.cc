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

bool send_signal(const Processes& processes, const Process& process, int signal) {
  if (process.pid <= 1) return false;
  // glibc 2.36 of Debian 12 has wrappers only from a newer header; the calls are of Linux 5.3.
  const ipc::Fd handle(static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0)));
  if (!handle) return false;
  const auto now = processes.find(process.pid);  // behind the handle: it cannot change any more
  if (!now || now->start != process.start) return false;
  return ::syscall(SYS_pidfd_send_signal, handle.get(), signal, nullptr, 0) == 0;
}

SignalAnswer Signaller::end(std::string_view login, SteadyTime now) {
  auto target = checks_.examine(login);
  if (!target) {
    return {std::string(name(target.error().outcome)), std::move(target.error().why), 0};
  }
  const auto under_way = jobs_.find(login);
  if (under_way != jobs_.end()) {
    return {"ending", "", static_cast<std::int64_t>(under_way->second.processes.size()) + 1};
  }
  if (jobs_.size() >= kJobsMost) return {"refused", "too many sessions end just now", 0};
  const auto all = checks_.processes().all();
  Job job{now + kPatience, target->leader, members(all, target->leader, ::getpid())};
  std::int64_t reached = 0;
  // The host process last: it closes the session once its child has ended.
  for (const Process& process : job.processes) {
    reached += send_(process, SIGTERM) ? 1 : 0;
    send_(process, SIGHUP);
    send_(process, SIGCONT);
  }
  reached += send_(job.leader, SIGTERM) ? 1 : 0;
  log_.notice(fmt::format("signalled: login={} service={} user={} processes={} of {}",
                          target->login, target->service, target->person, reached,
                          job.processes.size() + 1));
  jobs_.emplace(target->login, std::move(job));
  return {"ending", "", reached};
}

// Those of the session that are there still, and those that joined it since.
std::vector<Process> Signaller::present(const Job& job) const {
  const auto all = checks_.processes().all();
  std::vector<Process> found = members(all, job.leader, ::getpid());
  const auto same = [](const Process& a, const Process& b) {
    return a.pid == b.pid && a.start == b.start;
  };
  const bool leads = std::any_of(all.begin(), all.end(),
                                 [&](const Process& each) { return same(each, job.leader); });
  if (!leads) found.clear();  // its pid may be somebody else's by now
  for (const Process& process : job.processes) {
    const bool there = std::any_of(all.begin(), all.end(),
                                   [&](const Process& each) { return same(each, process); });
    const bool known = std::any_of(found.begin(), found.end(),
                                   [&](const Process& each) { return same(each, process); });
    if (there && !known) found.push_back(process);
  }
  if (leads) found.push_back(job.leader);
  std::erase_if(found, [](const Process& process) { return !process.alive(); });
  return found;
}

void Signaller::tick(SteadyTime now) {
  for (auto job = jobs_.begin(); job != jobs_.end();) {
    if (job->second.due > now) {
      ++job;
      continue;
    }
    const auto left = present(job->second);
    for (const Process& process : left) send_(process, SIGKILL);
    if (!left.empty())
      log_.notice(fmt::format("killed: login={} processes={}", job->first, left.size()));
    job = jobs_.erase(job);
  }
}

SteadyTime Signaller::next() const {
  SteadyTime next = SteadyTime::max();
  for (const auto& [login, job] : jobs_) next = std::min(next, job.due);
  return next;
}

}  // namespace latchkey::endd
