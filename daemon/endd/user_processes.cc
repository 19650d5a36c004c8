// SPDX-License-Identifier: Apache-2.0
#include "daemon/endd/user_processes.h"

namespace latchkey::endd {

bool UserProcesses::take_in(const Census& census, const Processes& processes) {
  for (const Process& process : census.all()) {
    if (process.real_uid != user_) continue;
    const auto read = processes.login_uid(process.pid);
    if (!read) return false;
    const auto login = *read;
    if (login ? *login != user_ : logins_known_ || process.contained) continue;
    known_.insert_or_assign(process.pid, process.start);
    if (login && process.audit_session != kNoAuditSession) logins_.insert(process.audit_session);
  }
  return true;
}

std::vector<Process> UserProcesses::look(const Census& census, const Starts& hosts) {
  Starts found;
  std::vector<const Process*> open;
  const auto take = [&](const Process& process) {
    if (process.pid <= 1 || process.pid == self_) return;
    if (!found.emplace(process.pid, process.start).second) return;
    open.push_back(&process);
  };
  for (const auto& [pid, start] : known_) {
    if (census.has(pid, start)) take(*census.find(pid));
  }
  // What lost its parents.
  for (const std::uint32_t login : logins_) {
    census.each_of_audit_session(login, [&](const Process& process) {
      if (process.real_uid == user_) take(process);
    });
  }
  while (!open.empty()) {
    const Process& process = *open.back();
    open.pop_back();
    // Where logins are not known another one's may have been begun from within.
    census.each_child(process.pid, [&](const Process& child) {
      if (child.audit_session != process.audit_session) return;
      if (child.audit_session != kNoAuditSession || child.real_uid == user_) take(child);
    });
  }
  known_ = found;
  std::vector<Process> theirs;
  for (const auto& [pid, start] : found) {
    const auto host = hosts.find(pid);
    if (host == hosts.end() || host->second != start) theirs.push_back(*census.find(pid));
  }
  return theirs;
}

}  // namespace latchkey::endd
