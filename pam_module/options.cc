// SPDX-License-Identifier: Apache-2.0
#include "pam_module/options.h"

#include <sys/un.h>

#include "wire/limits.h"
#include "wire/text.h"

namespace latchkey::pam_module {
namespace {

constexpr std::size_t kPathMost = sizeof(sockaddr_un::sun_path) - 1;

const char* socket_fault(std::string_view path) noexcept {
  if (!path.starts_with('/')) return "the path is not absolute";
  if (path.ends_with('/')) return "the path names a directory";
  if (path.size() > kPathMost) return "the path is too long for a socket";
  return nullptr;
}

const char* folder_fault(std::string_view path) noexcept {
  if (!path.starts_with('/')) return "the path is not absolute";
  if (path.size() > kPathMost) return "the path is too long";
  return nullptr;
}

const char* timeout_fault(std::string_view text, unsigned& milliseconds) noexcept {
  constexpr const char* kWhy = "a number of seconds from 1 to 60 is wanted";
  unsigned seconds = 0;
  if (text.empty() || text.size() > 2 || text.front() == '0') return kWhy;
  for (const char c : text) {
    if (c < '0' || c > '9') return kWhy;
    seconds = seconds * 10 + static_cast<unsigned>(c - '0');
  }
  if (seconds > kTimeoutMostSeconds) return kWhy;
  milliseconds = seconds * 1'000;
  return nullptr;
}

// The first of some names joined by commas, taken off the front.
std::string_view take_name(std::string_view& names) noexcept {
  const std::size_t comma = names.find(',');
  const std::string_view name(names.data(), comma == names.npos ? names.size() : comma);
  names.remove_prefix(comma == names.npos ? names.size() : comma + 1);
  return name;
}

// No blank, colon, slash or control character: a name that has one is a slip of the pen (quotes,
// "root;rescue" and the like are caught as well), and would exempt nobody without a word.
bool is_name(std::string_view name) noexcept {
  if (name.empty() || name.size() > wire::kUserMost || name.front() == '-') return false;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    const bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
    const bool digit = byte >= '0' && byte <= '9';
    const bool mark = byte == '.' || byte == '_' || byte == '-' || byte == '@' || byte == '$' ||
                      byte == '+' || byte == '\\';
    if (!letter && !digit && !mark && byte < 0x80) return false;
  }
  return true;
}

const char* exempt_fault(std::string_view names) noexcept {
  if (names.empty() || names.ends_with(',')) return "a name is empty";
  while (!names.empty()) {
    if (!is_name(take_name(names))) return "a name is empty or no user name";
  }
  return nullptr;
}

}  // namespace

bool Options::is_exempt(std::string_view user) const noexcept {
  std::string_view names = exempt;
  while (!names.empty()) {
    if (take_name(names) == user) return true;
  }
  return false;
}

OptionError parse_options(int argc, const char** argv, Options& options) noexcept {
  Options parsed;
  bool has_socket = false;
  bool has_sessions = false;
  for (int i = 0; i < argc; ++i) {
    std::string_view word = argv[i];
    const char* why = "unknown option";
    if (wire::take(word, "socket=")) {
      why = has_socket ? "given twice" : socket_fault(word);
      has_socket = true;
      parsed.socket = word;
    } else if (wire::take(word, "sessions=")) {
      why = has_sessions ? "given twice" : folder_fault(word);
      has_sessions = true;
      parsed.sessions = word;
    } else if (wire::take(word, "timeout=")) {
      why = parsed.timeout_ms != 0 ? "given twice" : timeout_fault(word, parsed.timeout_ms);
    } else if (wire::take(word, "exempt=")) {
      why = !parsed.exempt.empty() ? "given twice" : exempt_fault(word);
      parsed.exempt = word;
    }
    if (why != nullptr) return {.word = argv[i], .why = why};
  }
  if (parsed.timeout_ms == 0) parsed.timeout_ms = wire::kDaemonSilenceMs;
  options = parsed;
  return {};
}

}  // namespace latchkey::pam_module
