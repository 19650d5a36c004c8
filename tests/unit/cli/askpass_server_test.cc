// SPDX-License-Identifier: Apache-2.0
//
// The wrapper's server with real processes on the other side: which process asks is read from the
// kernel, so nothing here pretends to be one.
#include "cli/latchkey/askpass_server.h"

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>

#include <gtest/gtest.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/latchkey/askpass_protocol.h"
#include "ipc/packet.h"

namespace latchkey::cli {
namespace {

constexpr const char* kPrompt = "(alice@web1) Token [latchkey/1 1/? 1000]: ";

// What an askpass process is told, by its first byte; '?' where it is told nothing.
char ask(const std::string& path) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::memcpy(name.sun_path, path.c_str(), path.size());
  const int peer = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (::connect(peer, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) return '?';
  char told[64] = {'?'};
  ::send(peer, kPrompt, std::strlen(kPrompt), MSG_NOSIGNAL);
  ipc::receive_packet(peer, told, sizeof told, 0);
  ::close(peer);
  return told[0];
}

// In a chain of processes of one program: the tool, `between` more, and the askpass at its end.
// Ends with what the askpass was told as its status.
[[noreturn]] void tool(const std::string& path, int between) {
  const pid_t next = ::fork();
  if (next == 0) {
    if (between > 0) tool(path, between - 1);
    ::_exit(ask(path));
  }
  int status = 0;
  ::waitpid(next, &status, 0);
  ::_exit(WEXITSTATUS(status));
}

char told(int between) {
  char folder[] = "/tmp/latchkey-test.XXXXXX";
  if (::mkdtemp(folder) == nullptr) return '!';
  const std::string path = std::string(folder) + "/socket";
  const int listener = listen_at(path);
  const pid_t pid = ::fork();
  if (pid == 0) tool(path, between);
  const Child child{pid, static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U))};
  sigset_t none;
  sigemptyset(&none);
  const int signals = ::signalfd(-1, &none, SFD_CLOEXEC | SFD_NONBLOCK);
  PromptPolicy policy({false, {{"alice", "web1"}}, {}});
  serve_askpass(listener, signals, child, policy, "a.b.c", std::string(64, 'a'));
  const int status = reap(child);
  ::close(signals);
  ::close(listener);
  ::unlink(path.c_str());
  ::rmdir(folder);
  return static_cast<char>(status);
}

char told_stranger() {
  char folder[] = "/tmp/latchkey-test.XXXXXX";
  if (::mkdtemp(folder) == nullptr) return '!';
  const std::string path = std::string(folder) + "/socket";
  const int listener = listen_at(path);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::pause();
    ::_exit(0);
  }
  const pid_t other = ::fork();  // an askpass that this process has started, not the tool
  if (other == 0) {
    const char answer = ask(path);
    ::kill(pid, SIGTERM);
    ::_exit(answer);
  }
  const Child child{pid, static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U))};
  PromptPolicy policy({false, {{"alice", "web1"}}, {}});
  serve_askpass(listener, -1, child, policy, "a.b.c", std::string(64, 'a'));
  reap(child);
  int status = 0;
  ::waitpid(other, &status, 0);
  ::close(listener);
  ::unlink(path.c_str());
  ::rmdir(folder);
  return static_cast<char>(WEXITSTATUS(status));
}

TEST(AskpassServer, gives_the_token_to_the_tool_that_was_started) {
  EXPECT_EQ(told(0), kAnswerPart);
}

TEST(AskpassServer, withholds_it_from_the_ssh_of_a_jump_host) {
  EXPECT_EQ(told(1), kAnswerWithheld);
  EXPECT_EQ(told(2), kAnswerWithheld);
}

TEST(AskpassServer, withholds_it_from_who_does_not_descend_from_the_tool) {
  EXPECT_EQ(told_stranger(), kAnswerWithheld);
}

}  // namespace
}  // namespace latchkey::cli
