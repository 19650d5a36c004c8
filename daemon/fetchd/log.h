// SPDX-License-Identifier: Apache-2.0
//
// Lines on stderr: the service manager's journal, or whoever started us by hand. What is logged
// here names issuers, documents and causes; documents themselves, tokens and secrets never come
// near it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace latchkey::fetchd {

// syslog's numbers, as sd-daemon(3) has them.
enum class LogLevel : std::uint8_t { error = 3, warning = 4, notice = 5, info = 6, debug = 7 };

std::optional<LogLevel> find_log_level(std::string_view name);

class Log {
 public:
  // With `prefixed` each line begins with "<level>", for the journal.
  Log(LogLevel most, bool prefixed) : most_(most), prefixed_(prefixed) {}

  void set_most(LogLevel most) { most_ = most; }

  // One line, made printable and bounded. Losing it is no fault.
  void write(LogLevel level, std::string_view text) const;
  void error(std::string_view text) const { write(LogLevel::error, text); }
  void warning(std::string_view text) const { write(LogLevel::warning, text); }
  void notice(std::string_view text) const { write(LogLevel::notice, text); }
  void info(std::string_view text) const { write(LogLevel::info, text); }
  void debug(std::string_view text) const { write(LogLevel::debug, text); }

 private:
  LogLevel most_;
  bool prefixed_;
};

}  // namespace latchkey::fetchd
