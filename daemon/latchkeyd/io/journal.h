// SPDX-License-Identifier: Apache-2.0
//
// The structured log. A line is a level, a sentence and named fields; it never holds a token, a
// part of one, or a claim of an unverified token. Implementations escape what does not print and
// bound each field, so that a line stays a line.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

#include "core/base/reason.h"

namespace latchkey::latchkeyd {

enum class LogLevel : std::uint8_t { error, warning, notice, info, debug };

inline LogLevel log_level(ReasonLevel level) {
  switch (level) {
    case ReasonLevel::error:
      return LogLevel::error;
    case ReasonLevel::warning:
      return LogLevel::warning;
    case ReasonLevel::notice:
      return LogLevel::notice;
    case ReasonLevel::info:
      break;
  }
  return LogLevel::info;
}

// `name` is lower snake_case ("request_id"); the journal's field is LATCHKEY_ + its upper case.
struct LogField {
  std::string_view name;
  std::string_view value;
};

class Journal {
 public:
  virtual ~Journal() = default;

  // From any thread. Never blocks: what cannot be written at once is queued within bounds, and what
  // does not fit is counted and reported.
  virtual void write(LogLevel level, std::string_view message,
                     std::span<const LogField> fields) = 0;

  // Whether a line of that level would be written: for callers to whom making it costs something.
  virtual bool enabled(LogLevel level) const = 0;

  void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {}) {
    if (enabled(level))
      write(level, message, std::span<const LogField>(fields.begin(), fields.size()));
  }
};

}  // namespace latchkey::latchkeyd
