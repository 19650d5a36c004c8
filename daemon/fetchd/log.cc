// SPDX-License-Identifier: Apache-2.0
//
// One write() a line, so that lines of several processes on one stderr do not mix.
#include "daemon/fetchd/log.h"

#include <unistd.h>

#include <array>
#include <string>
#include <utility>

#include "daemon/fetchd/http_fields.h"

namespace latchkey::fetchd {
namespace {

constexpr std::size_t kLineMost = 2'048;

constexpr std::array<std::pair<std::string_view, LogLevel>, 5> kLevels{
    {{"error", LogLevel::error},
     {"warning", LogLevel::warning},
     {"notice", LogLevel::notice},
     {"info", LogLevel::info},
     {"debug", LogLevel::debug}}};

}  // namespace

std::optional<LogLevel> find_log_level(std::string_view name) {
  for (const auto& [word, level] : kLevels) {
    if (word == name) return level;
  }
  return std::nullopt;
}

void Log::write(LogLevel level, std::string_view text) const {
  if (level > most_) return;
  std::string line =
      prefixed_ ? "<" + std::to_string(static_cast<int>(level)) + ">" : "latchkey-fetchd: ";
  line += printable(text, kLineMost);
  line += '\n';
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace latchkey::fetchd
