// SPDX-License-Identifier: Apache-2.0
#include "daemon/endd/members.h"

#include <algorithm>
#include <utility>

namespace latchkey::endd {

Members::Members(Process leader, uid_t person, pid_t self)
    : leader_(std::move(leader)), person_(person), self_(self) {
  if (leader_.session == leader_.pid) sessions_.emplace(leader_.pid, leader_.start);
}

std::vector<Process> Members::look(std::span<const Process> all) {
  Starts present;
  for (const Process& process : all) present.emplace(process.pid, process.start);
  if (std::exchange(fresh_, false)) {
    const auto parent = std::find_if(all.begin(), all.end(), [&](const Process& process) {
      return process.pid == leader_.parent;
    });
    // Within sudo the audit session is that of the login around it, which is not to end.
    own_audit_ = leader_.audit_session != kNoAuditSession && parent != all.end() &&
                 parent->audit_session != leader_.audit_session;
  }
  forget_others(present);
  Starts found;
  std::vector<Process> members;
  for (bool more = true; more;) {
    more = false;
    for (const Process& process : all) {
      if (process.pid <= 1 || process.pid == self_) continue;
      if (leads_ && process.pid == leader_.pid) continue;
      if (found.contains(process.pid) || !belongs(process)) continue;
      found.emplace(process.pid, process.start);
      take(process, present);
      members.push_back(process);
      more = true;
    }
  }
  // A session's number is given anew once nobody is in it.
  std::erase_if(sessions_, [&](const auto& entry) {
    return !(leads_ && leader_.session == entry.first) &&
           std::none_of(members.begin(), members.end(),
                        [&](const Process& process) { return process.session == entry.first; });
  });
  return members;
}

// Pids and session numbers that are somebody else's by now.
void Members::forget_others(const Starts& present) {
  const auto is_there = [&](pid_t pid, unsigned long long start) {
    const auto at = present.find(pid);
    return at != present.end() && at->second == start;
  };
  leads_ = is_there(leader_.pid, leader_.start);
  std::erase_if(known_, [&](const auto& entry) { return !is_there(entry.first, entry.second); });
  std::erase_if(sessions_, [&](const auto& entry) {
    return present.contains(entry.first) && !is_there(entry.first, entry.second);
  });
}

bool Members::belongs(const Process& process) const {
  if (known_.contains(process.pid)) return true;
  const bool audited = leader_.audit_session != kNoAuditSession;
  const bool same_audit = process.audit_session == leader_.audit_session;
  if (audited && process.audit_session != kNoAuditSession && !same_audit) return false;
  return known_.contains(process.parent) || (leads_ && process.parent == leader_.pid) ||
         sessions_.contains(process.session) ||
         (own_audit_ && same_audit && process.uid == person_);
}

void Members::take(const Process& process, const Starts& present) {
  const bool related = known_.contains(process.pid) || known_.contains(process.parent) ||
                       (leads_ && process.parent == leader_.pid) || process.session == process.pid;
  known_.emplace(process.pid, process.start);
  // The session around the host process is not the login's: sshd may have been started in a shell.
  if (!related || process.session <= 1 || process.session == leader_.session) return;
  const auto leader = present.find(process.session);
  sessions_.emplace(process.session, leader == present.end() ? 0 : leader->second);
}

}  // namespace latchkey::endd
