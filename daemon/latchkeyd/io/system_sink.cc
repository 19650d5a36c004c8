// SPDX-License-Identifier: Apache-2.0
//
// The sinks of the real journal. JOURNAL_STREAM tells whether stderr is journald's
// (systemd.exec(5)).
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <vector>

#include <fmt/format.h>
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "daemon/latchkeyd/io/queued_journal.h"

namespace latchkey::latchkeyd {
namespace {

constexpr std::array<int, 5> kPriorities{3, 4, 5, 6, 7};  // syslog(3)

bool stderr_is_journal() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat status {};
  if (stream == nullptr || ::fstat(STDERR_FILENO, &status) != 0) return false;
  return fmt::format("{}:{}", status.st_dev, status.st_ino) == stream;
}

std::string field_name(std::string_view name) {
  std::string upper = "LATCHKEY_";
  for (const char letter : name) {
    upper += letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
  }
  return upper;
}

void to_journald(const JournalLine& line) {
  std::vector<std::string> fields;
  fields.reserve(line.fields.size() + 2);
  fields.push_back("MESSAGE=" + line.message);
  fields.push_back(
      fmt::format("PRIORITY={}", kPriorities.at(static_cast<std::size_t>(line.level))));
  for (const auto& [name, value] : line.fields) fields.push_back(field_name(name) + "=" + value);
  std::vector<iovec> vectors;
  vectors.reserve(fields.size());
  for (std::string& field : fields) vectors.push_back({field.data(), field.size()});
  // A journald that is gone loses the line; there is nobody left to tell.
  (void)sd_journal_sendv(vectors.data(), static_cast<int>(vectors.size()));
}

void to_stderr(const JournalLine& line) {
  const std::string text = text_line(line) + "\n";
  for (std::size_t written = 0; written < text.size();) {
    const ssize_t step = ::write(STDERR_FILENO, text.data() + written, text.size() - written);
    if (step < 0 && errno == EINTR) continue;
    if (step <= 0) return;
    written += static_cast<std::size_t>(step);
  }
}

}  // namespace

JournalSink system_sink() {
  if (stderr_is_journal()) return to_journald;
  return to_stderr;
}

}  // namespace latchkey::latchkeyd
