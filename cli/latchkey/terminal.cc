// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkey/terminal.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include "wire/secret_buffer.h"

namespace latchkey::cli {
namespace {

volatile std::sig_atomic_t interrupted = 0;

void note_interrupt(int number) { interrupted = number; }

// Echo off and interrupts noted while it lives.
class Silence {
 public:
  Silence(int terminal, bool silent) : terminal_(terminal) {
    struct sigaction action {};
    action.sa_handler = note_interrupt;
    for (std::size_t i = 0; i < kSignals.size(); ++i)
      ::sigaction(kSignals[i], &action, &former_[i]);
    changed_ = ::tcgetattr(terminal_, &settings_) == 0 && silent;
    if (!changed_) return;
    termios quiet = settings_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    quiet.c_lflag |= ECHONL;
    ::tcsetattr(terminal_, TCSAFLUSH, &quiet);
  }
  ~Silence() {
    if (changed_) ::tcsetattr(terminal_, TCSAFLUSH, &settings_);
    for (std::size_t i = 0; i < kSignals.size(); ++i)
      ::sigaction(kSignals[i], &former_[i], nullptr);
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;

 private:
  static constexpr std::array<int, 5> kSignals{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCONT};
  int terminal_;
  bool changed_ = false;
  termios settings_{};
  std::array<struct sigaction, kSignals.size()> former_{};
};

void put(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t done = ::write(descriptor, text.data(), text.size());
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(done));
  }
}

// One line into `line`; its length, or -1 at an interrupt, an error, or where it does not fit
// (never cut).
ssize_t read_line(int terminal, std::array<char, 4'096>& line) {
  std::size_t length = 0;
  while (interrupted == 0) {
    char c = 0;
    const ssize_t got = ::read(terminal, &c, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return -1;
    if (c == '\n') return static_cast<ssize_t>(length);
    if (length == line.size()) return -1;
    line[length++] = c;
  }
  return -1;
}

TerminalAnswer converse(int terminal, std::string_view prompt, std::string_view hint) {
  const bool confirm = hint == "confirm";
  const bool yes_or_no = confirm || prompt.find("(yes/no") != std::string_view::npos ||
                         prompt.find("type 'yes'") != std::string_view::npos;
  if (hint == "none") {
    put(terminal, prompt);
    put(terminal, "\n");
    return TerminalAnswer::given;
  }
  std::array<char, 4'096> line{};
  ssize_t length = -1;
  // Behind a stop and `fg` it is asked anew: the shell may have turned the echo on meanwhile.
  do {
    interrupted = 0;
    {
      const Silence silence(terminal, !yes_or_no);
      put(terminal, prompt);
      length = read_line(terminal, line);
    }
    if (interrupted != 0) put(terminal, "\n");
    if (interrupted != 0 && interrupted != SIGCONT) std::raise(interrupted);
  } while (interrupted == SIGCONT);
  TerminalAnswer answer = TerminalAnswer::refused;
  if (length >= 0 && confirm) {
    const std::string_view typed(line.data(), static_cast<std::size_t>(length));
    if (typed == "yes" || typed == "y") answer = TerminalAnswer::given;
  } else if (length >= 0) {
    put(STDOUT_FILENO, {line.data(), static_cast<std::size_t>(length)});
    put(STDOUT_FILENO, "\n");
    answer = TerminalAnswer::given;
  }
  wire::wipe(std::span<char>(line));
  return answer;
}

}  // namespace

TerminalAnswer ask_terminal(const char* prompt, const char* hint) {
  const int terminal = ::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (terminal < 0) return TerminalAnswer::no_terminal;
  const TerminalAnswer answer = converse(terminal, prompt, hint == nullptr ? "" : hint);
  ::close(terminal);
  return answer;
}

}  // namespace latchkey::cli
