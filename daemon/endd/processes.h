// SPDX-License-Identifier: Apache-2.0
//
// The processes of this host, off /proc, by what everybody may read of them; and which of them
// belong to a session.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace latchkey::endd {

// What the kernel gives a process outside of any login (audit(7)).
inline constexpr std::uint32_t kNoAuditSession = 0xffff'ffff;

struct Process {
  pid_t pid = 0;
  pid_t parent = 0;
  pid_t session = 0;             // of POSIX: the pid of its leader
  std::uint32_t terminal = 0;    // its device number as /proc writes it; 0: none
  unsigned long long start = 0;  // in ticks since the boot; with the pid, given once
  char state = '?';
  std::string comm;
  uid_t uid = 0;  // the effective one: sudo keeps its caller's as the real one
  std::uint32_t audit_session = kNoAuditSession;

  bool alive() const { return state != 'Z' && state != 'X'; }
};

class Processes {
 public:
  explicit Processes(std::string folder = "/proc") : folder_(std::move(folder)) {}

  // Nothing where there is none, or what is read of it makes no sense.
  std::optional<Process> find(pid_t pid) const;
  std::vector<Process> all() const;

 private:
  std::string folder_;
};

// Those that descend from the leader, those of the POSIX sessions that one of them leads, and those
// of the leader's audit session where the login began it: what was put into the background or has
// lost its parent too. The leader itself is not among them, nor is pid 1, nor `self`.
std::vector<Process> members(std::span<const Process> all, const Process& leader, pid_t self);

}  // namespace latchkey::endd
