// SPDX-License-Identifier: Apache-2.0
#include "daemon/endd/server.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ipc/fd.h"
#include "ipc/unix_socket.h"
#include "ipc/varlink_service.h"
#include "tests/support/temporary_folder.h"

namespace latchkey::endd {
namespace {

constexpr std::chrono::seconds kPatience{20};

// What a client gets to read from a server that listens to these; empty where it is turned away.
std::string answer_to_a_client(std::vector<uid_t> peers) {
  const test::TemporaryFolder folder;
  const std::string path = folder / "end.sock";
  auto listener = ipc::listen_at(
      {.path = path, .type = ipc::SocketType::stream, .mode = 0600, .owner = {}, .group = {}});
  const int end = ::eventfd(0, EFD_CLOEXEC);
  const ipc::varlink::Service service({.vendor = "v", .product = "p", .version = "1", .url = ""});
  const Log log(false);
  Server server({.listener = *std::move(listener),
                 .signals = ipc::Fd(end),
                 .peers = std::move(peers),
                 .service = service,
                 .log = log,
                 .tick = [](auto) {},
                 .next = [] { return Server::TimePoint::max(); }});
  std::thread running([&] { server.run(); });
  std::string answer;
  if (const auto client = ipc::connect_to(path, ipc::SocketType::stream, kPatience)) {
    const std::string call = R"({"method":"org.varlink.service.GetInfo"})" + std::string(1, '\0');
    ::send(client->get(), call.data(), call.size(), MSG_NOSIGNAL);
    pollfd readable{client->get(), POLLIN, 0};
    std::array<char, 1'024> buffer{};
    if (::poll(&readable, 1, static_cast<int>(kPatience.count()) * 1'000) > 0) {
      const ssize_t got = ::recv(client->get(), buffer.data(), buffer.size(), 0);
      if (got > 0) answer.assign(buffer.data(), static_cast<std::size_t>(got));
    }
  }
  ::eventfd_write(end, 1);
  running.join();
  return answer;
}

TEST(EndServerTest, AnswersWhomItListensTo) {
  EXPECT_THAT(answer_to_a_client({::geteuid()}), ::testing::HasSubstr("product"));
}

TEST(EndServerTest, TurnsAwayEverybodyElseThoughTheSocketLetThemIn) {
  EXPECT_EQ(answer_to_a_client({::geteuid() + 1}), "");
}

}  // namespace
}  // namespace latchkey::endd
