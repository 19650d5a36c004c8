// SPDX-License-Identifier: Apache-2.0
#include "bench/null_server.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "wire/codec.h"
#include "wire/parts.h"

namespace latchkey::bench {
namespace {

[[noreturn]] void give_up(const char* what) {
  std::perror(what);
  std::exit(2);
}

// The frames that latchkeyd sends to somebody whom it lets in.
struct Frames {
  Frames() {
    std::array<char, wire::kMarkerMost> marker;
    std::string text = "Token ";
    text += wire::make_marker({.part = 1, .parts = 0, .most = wire::kPartMostSsh}, marker);
    ask_size = wire::encode_ask({.echo = wire::Echo::off, .text = text}, ask).size;
    wire::Verdict allow{.result = wire::Result::allow, .request_id = "00000000"};
    allow.environment[0] = "LATCHKEY_LOGIN=00000000000000000000000000000000";
    allow.environment_count = 1;
    verdict_size = wire::encode_verdict(allow, verdict).size;
    if (ask_size == 0 || verdict_size == 0) give_up("frames");
  }
  std::array<std::byte, 256> ask;
  std::array<std::byte, 256> verdict;
  std::size_t ask_size;
  std::size_t verdict_size;
};

class Loop {
 public:
  explicit Loop(int listener) : listener_(listener), epoll_(::epoll_create1(0)) {
    epoll_event event{.events = EPOLLIN | EPOLLEXCLUSIVE, .data = {.fd = listener_}};
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &event) != 0) give_up("epoll_ctl");
    waits_for_answer_.resize(65'536);
  }

  [[noreturn]] void run() {
    std::array<epoll_event, 64> events;
    while (true) {
      const int ready = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < ready; ++i) {
        const int fd = events[static_cast<std::size_t>(i)].data.fd;
        fd == listener_ ? accept() : advance(fd);
      }
    }
  }

 private:
  void accept() {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return;
    waits_for_answer_[static_cast<std::size_t>(fd)] = false;
    advance(fd);
    if (open_) {
      epoll_event event{.events = EPOLLIN | EPOLLET, .data = {.fd = fd}};
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    }
  }

  void advance(int fd) {
    open_ = true;
    while (open_) {
      const ssize_t got = ::recv(fd, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
      if (got < 0) return;
      auto waits = waits_for_answer_[static_cast<std::size_t>(fd)];
      if (got > 0 && !waits) {
        ::send(fd, frames_.ask.data(), frames_.ask_size, MSG_NOSIGNAL);
        waits = true;
        continue;
      }
      if (got > 0) ::send(fd, frames_.verdict.data(), frames_.verdict_size, MSG_NOSIGNAL);
      ::close(fd);
      open_ = false;
    }
  }

  int listener_;
  int epoll_;
  Frames frames_;
  std::array<std::byte, wire::kAnswerFrameMost> buffer_;
  std::vector<bool> waits_for_answer_;
  bool open_ = false;
};

}  // namespace

NullServers::NullServers(const std::string& path, unsigned count) {
  const int listener = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ::unlink(path.c_str());
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener, 128) != 0) {
    give_up("the null socket");
  }
  for (unsigned i = 0; i < count; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      Loop(listener).run();
    }
    processes_.push_back(child);
  }
  ::close(listener);
}

NullServers::~NullServers() {
  for (const pid_t process : processes_) {
    ::kill(process, SIGKILL);
    ::waitpid(process, nullptr, 0);
  }
}

}  // namespace latchkey::bench
