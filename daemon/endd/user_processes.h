// SPDX-License-Identifier: Apache-2.0
//
// What is a user's beside the sessions that end: other sessions, jobs of at and cron, of which
// logind knows nothing. By the real user id, since a service of root's may have the user's as its
// effective one for a while. Where the kernel knows logins (audit), what began in one of the
// user's own: what somebody else began in the user's name (sudo -u) ends with that login, and a
// service was begun by root. A container that began in no login of the user's is somebody else's,
// though its user has the same number.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "daemon/endd/census.h"
#include "daemon/endd/processes.h"

namespace latchkey::endd {

class UserProcesses {
 public:
  using Starts = std::map<pid_t, unsigned long long>;  // of processes: when they began

  // `logins_known`: whether the host process of the user's session has an audit session.
  UserProcesses(uid_t user, bool logins_known, pid_t self)
      : user_(user), logins_known_(logins_known), self_(self) {}

  bool logins_known() const { return logins_known_; }

  // Those that there are now are watched from now on. False where that cannot be told just now.
  bool take_in(const Census& census, const Processes& processes);
  // Those that were taken in and are there still, what descends from them within the same login,
  // and what else is the user's there. Zombies too; none of `hosts`, which end by themselves when
  // their sessions have. By rising pid.
  std::vector<Process> look(const Census& census, const Starts& hosts);

 private:
  uid_t user_;
  bool logins_known_;
  pid_t self_;
  Starts known_;
  std::set<std::uint32_t> logins_;  // audit sessions
};

}  // namespace latchkey::endd
