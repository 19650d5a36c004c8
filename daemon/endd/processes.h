// SPDX-License-Identifier: Apache-2.0
//
// The processes of this host, off /proc, by what everybody may read of them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

#include "ipc/unix_socket.h"

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
  bool threads_run = false;  // of a zombie: one whose first thread has ended is called so, too
  std::string comm;
  uid_t uid = 0;           // the effective one
  uid_t real_uid = 0;      // sudo keeps its caller's
  bool contained = false;  // in a pid namespace below ours, as a container's
  std::uint32_t audit_session = kNoAuditSession;

  bool alive() const { return (state != 'Z' && state != 'X') || threads_run; }
};

// Why a process was not found: the kernel has none of that pid, nobody can tell, or nobody can just
// now (no memory, no descriptors).
enum class Missing : std::uint8_t { gone, unreadable, passing };

class Processes {
 public:
  // Whether there is such a process though the folder has none (hidepid).
  using Taken = std::function<bool(pid_t)>;

  explicit Processes(std::string folder = "/proc", Taken taken = ipc::process_exists)
      : folder_(std::move(folder)), taken_(std::move(taken)) {}

  tl::expected<Process, Missing> find(pid_t pid) const;
  // Empty where a look fails: one that lacks a process would have it forgotten.
  std::vector<Process> all() const;
  // Those that it made itself and that were given to no other parent; zombies too.
  std::vector<Process> children(const Process& parent) const;
  // The process, its parent, and all that descend from it by parents that are there still: what can
  // be known of a session without a look at every process of the host. Empty where a look fails.
  std::vector<Process> family(const Process& leader) const;
  // Whose login the process is of, which it cannot change without root's power
  // (audit_setloginuid(3)); nothing outside of any and on a kernel without audit. Fails where it
  // cannot be read just now.
  tl::expected<std::optional<uid_t>, Missing> login_uid(pid_t pid) const;

 private:
  Missing missing(pid_t pid, int error) const;
  bool threads_ended(pid_t pid) const;
  std::string folder_of(pid_t pid) const { return folder_ + "/" + std::to_string(pid); }
  // Pids, also of what is another's child by now; nothing on a kernel without CONFIG_PROC_CHILDREN.
  std::optional<std::vector<pid_t>> child_pids(pid_t pid) const;

  std::string folder_;
  Taken taken_;
};

}  // namespace latchkey::endd
