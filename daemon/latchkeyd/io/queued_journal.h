// SPDX-License-Identifier: Apache-2.0
//
// The journal as the daemon has it: lines are made safe and bounded by whoever writes them, put
// into a bounded queue, and taken out by one thread, which may block on journald or on a pipe that
// nobody reads. No login ever waits for a log.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/time.h"
#include "daemon/latchkeyd/io/clock.h"
#include "daemon/latchkeyd/io/journal.h"

namespace latchkey::latchkeyd {

// A line as a sink gets it: printable ASCII throughout.
struct JournalLine {
  LogLevel level = LogLevel::info;
  WallTime time{};
  std::string message;
  std::vector<std::pair<std::string, std::string>> fields;  // names in lower snake_case
};

// Where lines end up. May block; called from one thread.
using JournalSink = std::function<void(const JournalLine&)>;

// systemd's journal where stderr is connected to it, lines of text on stderr elsewhere.
JournalSink system_sink();

// "2026-03-01T09:30:00.125Z notice: message key=value key="two words"" without an end of line.
std::string text_line(const JournalLine& line);

// "error", "warning", "notice", "info", "debug"; info for anything else.
LogLevel parse_log_level(std::string_view name);

class QueuedJournal final : public Journal {
 public:
  static constexpr std::size_t kLinesMost = 4'096;
  static constexpr std::size_t kBytesMost = 1'048'576;
  static constexpr std::size_t kMessageMost = 2'048;
  static constexpr std::size_t kFieldMost = 1'024;
  static constexpr std::size_t kFieldsMost = 32;

  // `clock` outlives it.
  QueuedJournal(JournalSink sink, LogLevel level, const Clock& clock);
  // Writes what is queued, then ends the thread.
  ~QueuedJournal() override;

  void write(LogLevel level, std::string_view message, std::span<const LogField> fields) override;
  bool enabled(LogLevel level) const override {
    return level <= level_.load(std::memory_order_relaxed);
  }

  // From any thread.
  void set_level(LogLevel level) { level_.store(level, std::memory_order_relaxed); }

 private:
  void run();

  JournalSink sink_;
  std::atomic<LogLevel> level_;
  const Clock& clock_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<JournalLine> lines_;
  std::size_t bytes_ = 0;
  std::size_t lost_ = 0;
  bool stopping_ = false;

  std::thread thread_;
};

}  // namespace latchkey::latchkeyd
