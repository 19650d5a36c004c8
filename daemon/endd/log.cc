// SPDX-License-Identifier: Apache-2.0
//
// One write() a line, so that lines of several processes on one stderr do not mix.
#include "daemon/endd/log.h"

#include <unistd.h>

#include <string>

#include "daemon/endd/terminal.h"

namespace latchkey::endd {
namespace {

constexpr std::size_t kLineMost = 2'048;

}  // namespace

void Log::write(int level, std::string_view text) const {
  std::string line = prefixed_ ? "<" + std::to_string(level) + ">" : "latchkey-endd: ";
  line += one_line(text.substr(0, kLineMost));
  line += '\n';
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace latchkey::endd
