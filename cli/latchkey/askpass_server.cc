// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkey/askpass_server.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/latchkey/askpass_protocol.h"
#include "wire/limits.h"

namespace latchkey::cli {
namespace {

constexpr int kAskpassPatienceMs = 5'000;  // an askpass process sends its prompt at once

bool name_of(const std::string& path, sockaddr_un& name) {
  name = {};
  name.sun_family = AF_UNIX;
  if (path.size() >= sizeof name.sun_path) return false;
  std::memcpy(name.sun_path, path.data(), path.size());
  return true;
}

// 0 where it cannot be told.
pid_t parent_of(pid_t pid) {
  std::array<char, 64> path{};
  std::snprintf(path.data(), path.size(), "/proc/%d/status", static_cast<int>(pid));
  std::FILE* file = std::fopen(path.data(), "re");
  if (file == nullptr) return 0;
  std::array<char, 256> line{};
  constexpr std::string_view kName = "PPid:";
  long parent = 0;
  while (parent == 0 && std::fgets(line.data(), static_cast<int>(line.size()), file) != nullptr) {
    if (std::string_view(line.data()).starts_with(kName))
      parent = std::strtol(line.data() + kName.size(), nullptr, 10);
  }
  std::fclose(file);
  return static_cast<pid_t>(parent);
}

// Empty where it cannot be told.
std::string program_of(pid_t pid) {
  std::array<char, 64> link{};
  std::snprintf(link.data(), link.size(), "/proc/%d/exe", static_cast<int>(pid));
  std::array<char, 4'096> path{};
  const ssize_t size = ::readlink(link.data(), path.data(), path.size());
  return size > 0 ? std::string(path.data(), static_cast<std::size_t>(size)) : std::string();
}

bool is_ssh(const std::string& program) { return program.substr(program.rfind('/') + 1) == "ssh"; }

// The process that started this askpass, and whether it stands behind an ssh: ssh runs the ssh of a
// ProxyJump or ProxyCommand as its descendant, and the prompts of both come here. That one may be
// another binary, or have lost its parents on the way: who does not descend from the tool is taken
// for one.
Asker asker_of(pid_t askpass, pid_t tool) {
  Asker asker{.pid = parent_of(askpass), .nested = false};
  const std::string program = program_of(asker.pid);
  pid_t ancestor = asker.pid;
  while (ancestor != tool && !asker.nested) {
    ancestor = parent_of(ancestor);
    const std::string above = program_of(ancestor);
    asker.nested = ancestor <= 1 || above == program || is_ssh(above);
  }
  return asker;
}

char letter_of(PromptAnswer::Kind kind) {
  switch (kind) {
    case PromptAnswer::Kind::part:
      return kAnswerPart;
    case PromptAnswer::Kind::notice:
      return kAnswerNotice;
    case PromptAnswer::Kind::withheld:
      return kAnswerWithheld;
    case PromptAnswer::Kind::foreign:
      break;
  }
  return kAnswerForeign;
}

void reply(int peer, PromptAnswer& answer) {
  const char kind = letter_of(answer.kind);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): sendmsg does not write through it.
  std::array<iovec, 2> pieces{iovec{const_cast<char*>(&kind), 1},
                              iovec{answer.text.data(), answer.text.size()}};
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = pieces.size();
  while (::sendmsg(peer, &message, MSG_NOSIGNAL) < 0 && errno == EINTR) {
  }
  wire::wipe(std::span<char>(answer.text));
}

void serve_one(int peer, pid_t tool, PromptPolicy& policy, std::string_view token,
               std::string_view digest) {
  ucred who{};
  socklen_t size = sizeof who;
  if (::getsockopt(peer, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0 || who.uid != ::geteuid())
    return;
  pollfd readable{peer, POLLIN, 0};
  if (::poll(&readable, 1, kAskpassPatienceMs) != 1) return;
  std::array<char, 8'192> prompt{};
  const ssize_t got = ::recv(peer, prompt.data(), prompt.size(), MSG_TRUNC | MSG_DONTWAIT);
  if (got < 0 || static_cast<std::size_t>(got) > prompt.size()) return;
  PromptAnswer answer = policy.answer({prompt.data(), static_cast<std::size_t>(got)},
                                      asker_of(who.pid, tool), token, digest);
  reply(peer, answer);
}

void pass_on(int signals, const Child& child) {
  signalfd_siginfo arrived{};
  if (::read(signals, &arrived, sizeof arrived) == static_cast<ssize_t>(sizeof arrived)) {
    ::kill(child.pid, static_cast<int>(arrived.ssi_signo));
  }
}

}  // namespace

int listen_at(const std::string& path) {
  sockaddr_un name{};
  if (!name_of(path, name)) {
    errno = ENAMETOOLONG;
    return -1;
  }
  const int listener = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (listener < 0) return -1;
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0 ||
      ::listen(listener, 16) != 0) {
    const int error = errno;
    ::close(listener);
    errno = error;
    return -1;
  }
  return listener;
}

void serve_askpass(int listener, int signals, const Child& child, PromptPolicy& policy,
                   std::string_view token, std::string_view digest) {
  std::array<pollfd, 3> watched{pollfd{child.pidfd, POLLIN, 0}, pollfd{listener, POLLIN, 0},
                                pollfd{signals, POLLIN, 0}};
  for (;;) {
    if (::poll(watched.data(), watched.size(), -1) < 0) {
      if (errno == EINTR) continue;
      return;
    }
    if (watched[0].revents != 0) return;
    if ((watched[2].revents & POLLIN) != 0) pass_on(signals, child);
    if ((watched[1].revents & POLLIN) == 0) continue;
    const int peer = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (peer < 0) continue;
    serve_one(peer, child.pid, policy, token, digest);
    ::close(peer);
  }
}

}  // namespace latchkey::cli
