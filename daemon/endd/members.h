// SPDX-License-Identifier: Apache-2.0
//
// Which processes belong to a session, from one look at /proc to the next: parents and host process
// may be gone by then, which is what somebody who wants to be forgotten would see to.
#pragma once

#include <sys/types.h>

#include <map>
#include <vector>

#include "daemon/endd/census.h"
#include "daemon/endd/processes.h"

namespace latchkey::endd {

class Members {
 public:
  // `person` is whose session it is; `self` is never a member.
  Members(Process leader, uid_t person, pid_t self);

  // Those that descend from the leader, those of the POSIX sessions that these began, and those of
  // the person in the audit session that the login began; and what was found before. Zombies too;
  // neither the leader nor pid 1. Never what is in another login's audit session, nor another
  // user's process, root's above all, for its audit session alone: a service that was restarted
  // from within a login carries that of the login. By rising pid. The first look may be at the
  // family of the leader alone (Processes::family); each later one is at all there are. One that
  // failed shows nobody and changes nothing.
  std::vector<Process> look(const Census& census);

 private:
  using Starts = std::map<pid_t, unsigned long long>;
  struct Known {
    unsigned long long start = 0;
    bool related = false;  // not here for its audit session alone: its POSIX session is the login's
  };
  // What one look has found so far, and of which it has yet to see what belongs to it in turn.
  struct Look {
    const Census& census;
    std::map<pid_t, const Process*> found;
    std::vector<const Process*> open;
  };

  void begin(const Census& census);
  void forget_others(const Census& census);
  void take(Look& look, const Process& process, bool related);
  void take_session(Look& look, const Process& process);

  Process leader_;
  uid_t person_;
  pid_t self_;
  bool fresh_ = true;
  bool leads_ = false;            // the leader is still there
  bool own_audit_ = false;        // the login began the leader's audit session
  std::map<pid_t, Known> known_;  // members
  Starts sessions_;  // POSIX sessions of the login, and when their leader began; 0: unseen
};

}  // namespace latchkey::endd
