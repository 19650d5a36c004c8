// SPDX-License-Identifier: Apache-2.0
#include "daemon/endd/members.h"

#include <algorithm>
#include <utility>

namespace latchkey::endd {

Members::Members(Process leader, uid_t person, pid_t self)
    : leader_(std::move(leader)), person_(person), self_(self) {
  if (leader_.session == leader_.pid) sessions_.emplace(leader_.pid, leader_.start);
}

std::vector<Process> Members::look(const Census& census) {
  if (census.all().empty()) return {};
  if (std::exchange(fresh_, false)) begin(census);
  forget_others(census);
  Look look{.census = census, .found = {}, .open = {}};
  const auto relative = [&](const Process& process) { take(look, process, true); };
  for (const auto& [pid, known] : known_) take(look, *census.find(pid), known.related);
  for (const auto& [session, start] : sessions_) census.each_of_session(session, relative);
  if (leads_) census.each_child(leader_.pid, relative);
  if (own_audit_) {
    census.each_of_audit_session(leader_.audit_session, [&](const Process& process) {
      if (process.uid == person_) take(look, process, false);
    });
  }
  while (!look.open.empty()) {
    const Process& process = *look.open.back();
    look.open.pop_back();
    const bool related = known_.at(process.pid).related;
    if (related) take_session(look, process);
    census.each_child(process.pid, [&](const Process& child) { take(look, child, related); });
  }
  std::vector<Process> members;
  std::vector<pid_t> in_use;
  for (const auto& [pid, process] : look.found) {
    members.push_back(*process);
    in_use.push_back(process->session);
  }
  std::sort(in_use.begin(), in_use.end());
  // A session's number is given anew once nobody is in it.
  std::erase_if(sessions_, [&](const auto& entry) {
    return !(leads_ && leader_.session == entry.first) &&
           !std::binary_search(in_use.begin(), in_use.end(), entry.first);
  });
  return members;
}

void Members::begin(const Census& census) {
  // Within sudo the audit session is that of the login around it, which is not to end.
  const Process* parent = census.find(leader_.parent);
  own_audit_ = leader_.audit_session != kNoAuditSession && parent != nullptr &&
               parent->audit_session != leader_.audit_session;
}

// Pids and session numbers that are somebody else's by now.
void Members::forget_others(const Census& census) {
  leads_ = census.has(leader_.pid, leader_.start);
  std::erase_if(known_,
                [&](const auto& entry) { return !census.has(entry.first, entry.second.start); });
  std::erase_if(sessions_, [&](const auto& entry) {
    return census.find(entry.first) != nullptr && !census.has(entry.first, entry.second);
  });
}

// Of a process that is here for its audit session the children are, too, but not those it shares a
// POSIX session with: they may be a service of root's that was restarted from within the login.
void Members::take(Look& look, const Process& process, bool related) {
  if (process.pid <= 1 || process.pid == self_) return;
  if (leads_ && process.pid == leader_.pid) return;
  const bool another_login = leader_.audit_session != kNoAuditSession &&
                             process.audit_session != kNoAuditSession &&
                             process.audit_session != leader_.audit_session;
  if (another_login && !known_.contains(process.pid)) return;
  related = related || process.session == process.pid;
  Known& known = known_.emplace(process.pid, Known{process.start, false}).first->second;
  const bool news = look.found.emplace(process.pid, &process).second || (related && !known.related);
  known.related = known.related || related;
  if (news) look.open.push_back(&process);
}

void Members::take_session(Look& look, const Process& process) {
  // The session around the host process is not the login's: sshd may have been started in a shell.
  if (process.session <= 1 || process.session == leader_.session) return;
  const Process* leader = look.census.find(process.session);
  if (!sessions_.emplace(process.session, leader == nullptr ? 0 : leader->start).second) return;
  look.census.each_of_session(process.session,
                              [&](const Process& each) { take(look, each, true); });
}

}  // namespace latchkey::endd
