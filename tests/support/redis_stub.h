// SPDX-License-Identifier: Apache-2.0
//
// A server that says what a test wants it to, whatever it is asked: for what no Redis would say, or
// not at a moment that a test can choose.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/temporary_folder.h"

namespace latchkey::test {

class RedisStub {
 public:
  // Of each connection the answers to its commands, after which it is closed.
  using Script = std::vector<std::vector<std::string>>;

  explicit RedisStub(Script script) : script_(std::move(script)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path().copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_, 8), 0);
    thread_ = std::thread([this] { serve(); });
  }
  RedisStub(const RedisStub&) = delete;
  RedisStub& operator=(const RedisStub&) = delete;
  ~RedisStub() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }

  std::string path() const { return folder_.path() + "/redis"; }

 private:
  void serve() {
    for (const auto& answers : script_) {
      const int peer = ::accept(listener_, nullptr, nullptr);
      if (peer < 0) return;
      for (const std::string& answer : answers) {
        // A command is so small that it comes in one piece.
        std::array<char, 4'096> command{};
        if (::recv(peer, command.data(), command.size(), 0) <= 0) break;
        std::string_view left = answer;
        while (!left.empty()) {
          const ssize_t sent = ::send(peer, left.data(), left.size(), MSG_NOSIGNAL);
          if (sent <= 0) break;
          left.remove_prefix(static_cast<std::size_t>(sent));
        }
      }
      ::close(peer);
    }
  }

  TemporaryFolder folder_;
  Script script_;
  int listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::thread thread_;
};

}  // namespace latchkey::test
