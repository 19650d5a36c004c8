// SPDX-License-Identifier: Apache-2.0
//
// The floor of a conversation: empty programs that play the daemon's frames and think nothing. One
// bare epoll loop each, nothing allocated, nothing checked.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace latchkey::bench {

class NullServers {
 public:
  // `count` processes that accept from one socket at `path`, replacing what is there.
  NullServers(const std::string& path, unsigned count);
  // Ends them.
  ~NullServers();
  NullServers(const NullServers&) = delete;
  NullServers& operator=(const NullServers&) = delete;

  const std::vector<pid_t>& processes() const { return processes_; }

 private:
  std::vector<pid_t> processes_;
};

}  // namespace latchkey::bench
