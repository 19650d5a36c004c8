// SPDX-License-Identifier: Apache-2.0
//
// One line on the terminals of a session. What is written is endd's own: no name, no reason and
// nothing else that somebody could have made stands in it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "daemon/endd/processes.h"
#include "ipc/fault.h"

namespace latchkey::endd {

// "revoked", "expired", "administrator": why a session ends, and what the person is told.
std::string sentence(std::string_view cause, std::int64_t grace_s);

// The text as one printable line: whatever is no printable ASCII stands as an escape.
std::string one_line(std::string_view text);

class Terminals {
 public:
  explicit Terminals(std::string folder = "/dev/pts") : folder_(std::move(folder)) {}

  // Writes to the pseudo terminal of that number, and only where it is one: a character device of
  // that very number in the folder, which belongs to the person. Never waits. Faults: denied,
  // system.
  ipc::Result<void> tell(std::uint32_t device, uid_t owner, std::string_view text) const;

  // To each terminal of the processes, once; how many took it.
  std::size_t tell_all(std::span<const Process> processes, uid_t owner,
                       std::string_view text) const;

 private:
  std::string folder_;
};

}  // namespace latchkey::endd
