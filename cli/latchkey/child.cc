// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkey/child.h"

#include <array>
#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace latchkey::cli {
namespace {

constexpr std::size_t kOutputMost = 1'048'576;

std::vector<char*> pointers(std::span<const std::string> words) {
  std::vector<char*> result;
  result.reserve(words.size() + 1);
  // posix_spawn takes char* const[] for historical reasons and does not write through them.
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast)
  for (const std::string& word : words) result.push_back(const_cast<char*>(word.c_str()));
  result.push_back(nullptr);
  return result;
}

// The child gets default dispositions for what the wrapper ignores while it waits, and the mask
// from before.
void set_signals(posix_spawnattr_t& attributes, const sigset_t& mask) {
  sigset_t defaults;
  sigemptyset(&defaults);
  for (const int number : {SIGINT, SIGQUIT, SIGPIPE}) sigaddset(&defaults, number);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setsigmask(&attributes, &mask);
  constexpr int kFlags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
  posix_spawnattr_setflags(&attributes, static_cast<short>(kFlags));
}

std::optional<pid_t> spawn(std::span<const std::string> command, char* const* environment,
                           const posix_spawn_file_actions_t* actions, const sigset_t& mask) {
  std::vector<char*> arguments = pointers(command);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  set_signals(attributes, mask);
  pid_t pid = -1;
  const int error =
      posix_spawnp(&pid, arguments[0], actions, &attributes, arguments.data(), environment);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) {
    errno = error;
    return std::nullopt;
  }
  return pid;
}

std::string read_all(int descriptor) {
  std::string text;
  std::array<char, 4096> buffer{};
  for (;;) {
    const ssize_t got = ::read(descriptor, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    if (text.size() < kOutputMost) text.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

int wait_for(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return 126;
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

std::optional<std::string> output_of(std::span<const std::string> command, const sigset_t& mask) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return std::nullopt;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  const auto pid = spawn(command, environ, &actions, mask);
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  std::string text = pid ? read_all(ends[0]) : std::string{};
  ::close(ends[0]);
  if (!pid || wait_for(*pid) != 0) return std::nullopt;
  return text;
}

std::optional<Child> start(std::span<const std::string> command,
                           std::span<const std::string> environment, const sigset_t& mask) {
  std::vector<char*> variables = pointers(environment);
  const auto pid = spawn(command, variables.data(), nullptr, mask);
  if (!pid) return std::nullopt;
  const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, *pid, 0U));  // is CLOEXEC by itself
  if (pidfd >= 0) return Child{*pid, pidfd};
  const int error = errno;
  ::kill(*pid, SIGTERM);
  wait_for(*pid);
  errno = error;
  return std::nullopt;
}

int reap(const Child& child) {
  const int status = wait_for(child.pid);
  if (child.pidfd >= 0) ::close(child.pidfd);
  return status;
}

}  // namespace latchkey::cli
