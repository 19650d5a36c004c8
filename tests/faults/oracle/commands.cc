// SPDX-License-Identifier: Apache-2.0
#include "tests/faults/oracle/commands.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace latchkey::faults {

Commands::Commands() { ::fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK); }

void Commands::take(Schedule& schedule) {
  std::array<char, 512> buffer;
  while (!ended_) {
    const ssize_t got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) break;
    if (got == 0) ended_ = true;
    rest_.append(buffer.data(), static_cast<std::size_t>(got));
  }
  for (std::size_t end; (end = rest_.find('\n')) != std::string::npos; rest_.erase(0, end + 1)) {
    const std::string line = rest_.substr(0, end);
    if (line == "end") ended_ = true;
    schedule.obey(line);
    ++taken_;
  }
}

}  // namespace latchkey::faults
