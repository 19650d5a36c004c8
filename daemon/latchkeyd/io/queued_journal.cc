// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/io/queued_journal.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "ipc/time_text.h"

namespace latchkey::latchkeyd {
namespace {

constexpr std::array<std::string_view, 5> kLevelNames{"error", "warning", "notice", "info",
                                                      "debug"};

bool is_printable(char byte) { return byte >= ' ' && byte <= '~'; }

// One line of printable ASCII. Unlike printable() it leaves quotes and backslashes alone: the
// messages are ours and quote foreign names already.
std::string one_line(std::string_view text, std::size_t most) {
  std::string line;
  line.reserve(std::min(text.size(), most));
  for (const char byte : text) {
    if (line.size() > most) break;
    if (is_printable(byte)) {
      line += byte;
    } else {
      line += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
    }
  }
  if (line.size() > most) {
    line.resize(most - 3);
    line += "...";
  }
  return line;
}

bool needs_quotes(std::string_view value) {
  return value.empty() || value.find_first_of(" \"=\\") != std::string_view::npos;
}

std::size_t size_of(const JournalLine& line) {
  std::size_t bytes = line.message.size() + 64;
  for (const auto& [name, value] : line.fields) bytes += name.size() + value.size() + 64;
  return bytes;
}

}  // namespace

LogLevel parse_log_level(std::string_view name) {
  const auto* const found = std::find(kLevelNames.begin(), kLevelNames.end(), name);
  if (found == kLevelNames.end()) return LogLevel::info;
  return static_cast<LogLevel>(found - kLevelNames.begin());
}

std::string text_line(const JournalLine& line) {
  std::string text =
      fmt::format("{} {}: {}", ipc::format_time(line.time),
                  kLevelNames.at(static_cast<std::size_t>(line.level)), line.message);
  for (const auto& [name, value] : line.fields) {
    text.append(" ").append(name).append("=");
    if (!needs_quotes(value)) {
      text.append(value);
      continue;
    }
    text += '"';
    for (const char byte : value) {
      if (byte == '"' || byte == '\\') text += '\\';
      text += byte;
    }
    text += '"';
  }
  return text;
}

QueuedJournal::QueuedJournal(JournalSink sink, LogLevel level, const Clock& clock)
    : sink_(std::move(sink)), level_(level), clock_(clock), thread_([this] { run(); }) {}

QueuedJournal::~QueuedJournal() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void QueuedJournal::write(LogLevel level, std::string_view message,
                          std::span<const LogField> fields) {
  if (!enabled(level)) return;
  JournalLine line{level, clock_.wall(), one_line(message, kMessageMost), {}};
  for (const LogField& field : fields.first(std::min(fields.size(), kFieldsMost))) {
    line.fields.emplace_back(field.name, one_line(field.value, kFieldMost));
  }
  const std::size_t bytes = size_of(line);
  {
    const std::lock_guard lock(mutex_);
    if (lines_.size() >= kLinesMost || bytes_ + bytes > kBytesMost) {
      ++lost_;
      return;
    }
    bytes_ += bytes;
    lines_.push_back(std::move(line));
  }
  wake_.notify_one();
}

void QueuedJournal::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [&] { return stopping_ || !lines_.empty() || lost_ > 0; });
    if (lines_.empty() && lost_ == 0) return;
    // The bytes stay counted until they are written: a sink that hangs must not let the queue grow
    // behind it.
    const std::deque<JournalLine> lines = std::exchange(lines_, {});
    const std::size_t lost = std::exchange(lost_, 0);
    lock.unlock();
    std::size_t bytes = 0;
    for (const JournalLine& line : lines) {
      sink_(line);
      bytes += size_of(line);
    }
    if (lost > 0) {
      sink_(JournalLine{LogLevel::warning,
                        clock_.wall(),
                        "lines of the journal were lost because it took them too slowly",
                        {{"lines", std::to_string(lost)}}});
    }
    lock.lock();
    bytes_ -= bytes;
  }
}

}  // namespace latchkey::latchkeyd
