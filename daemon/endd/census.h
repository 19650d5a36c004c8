// SPDX-License-Identifier: Apache-2.0
//
// The processes of one look at /proc, found by what they have in common. The look is what costs:
// one serves any number of sessions, and each of them touches no more of it than its own.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "daemon/endd/processes.h"

namespace latchkey::endd {

class Census {
 public:
  using Visit = std::function<void(const Process&)>;

  explicit Census(std::vector<Process> all);

  // Null: there was none.
  const Process* find(pid_t pid) const;
  bool has(pid_t pid, unsigned long long start) const;
  const std::vector<Process>& all() const { return all_; }
  void each_child(pid_t parent, const Visit& visit) const;
  void each_of_session(pid_t session, const Visit& visit) const;
  void each_of_audit_session(std::uint32_t session, const Visit& visit) const;

 private:
  using Order = std::vector<std::uint32_t>;  // places in all_

  std::vector<Process> all_;  // by pid
  Order by_parent_;
  Order by_session_;
  Order by_audit_session_;
};

}  // namespace latchkey::endd
