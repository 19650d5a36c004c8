// SPDX-License-Identifier: Apache-2.0
//
// One write() a line, so that lines of several processes on one stderr do not mix.
#include "daemon/namesd/log.h"

#include <unistd.h>

namespace latchkey::namesd {
namespace {

constexpr std::size_t kLineMost = 2'048;

void to_stderr(const std::string& line) {
  const std::string whole = line + '\n';
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, whole.data(), whole.size());
}

}  // namespace

Log::Log(bool prefixed) : prefixed_(prefixed), sink_(to_stderr) {}

void Log::write(int level, std::string_view text) const {
  std::string line = prefixed_ ? "<" + std::to_string(level) + ">" : "latchkey-namesd: ";
  for (const char c : text.substr(0, kLineMost)) line += c >= 0x20 && c < 0x7f ? c : '?';
  sink_(line);
}

}  // namespace latchkey::namesd
