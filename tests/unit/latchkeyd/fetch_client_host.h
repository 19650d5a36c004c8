// SPDX-License-Identifier: Apache-2.0
//
// What a client of fetchd is tested with: the test is fetchd.
#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "daemon/latchkeyd/io/fetch_client.h"
#include "ipc/fetch_protocol.h"
#include "ipc/unix_socket.h"
#include "tests/unit/latchkeyd/fakes.h"

namespace latchkey::latchkeyd::fetch_client_test {

using testing::TempDir;
namespace fetch = ipc::fetch;
using Status = FetchResult::Status;

struct Seen {
  Status status;
  std::string body;
  std::string error;
  std::string etag;
  std::optional<std::chrono::seconds> max_age;
  std::string last_modified;
};

// The test is fetchd: it accepts, reads and answers when told; the loop runs in between.
class FetchClientTest : public ::testing::Test {
 protected:
  void listen() {
    listener = ipc::listen_at({.path = path, .type = ipc::SocketType::seqpacket}).value();
  }
  void accept() {
    pollfd ready{listener.get(), POLLIN, 0};
    ASSERT_EQ(::poll(&ready, 1, 10'000), 1);
    peer = ipc::Fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    ASSERT_TRUE(peer);
  }
  void ask(std::string issuer = "corp") {
    client.fetch_keys({std::move(issuer), "digest", "\"e\"", "a date"},
                      [this](const FetchResult& result) {
                        seen.push_back({result.status, std::string(result.body), result.error,
                                        result.etag, result.max_age, result.last_modified});
                      });
  }
  fetch::Request read_request() {
    const auto received = fetch::receive_message(peer.get());
    return fetch::decode_request(received.value().message).value();
  }
  void answer(fetch::Answer answer, std::string_view body = {}) {
    ipc::Fd sealed;
    if (!body.empty()) sealed = fetch::make_sealed(body).value();
    ASSERT_TRUE(fetch::send_message(peer.get(), fetch::encode(answer), sealed.get()));
  }
  // Runs the loop until so many results are there.
  void run_until(std::size_t count) {
    while (seen.size() < count) loop.context().run_one();
  }

  TempDir folder;
  std::string path = folder / "fetch.sock";
  ipc::Fd listener;
  ipc::Fd peer;
  Loop loop;
  FetchClient client{loop, {.path = path}};
  std::vector<Seen> seen;
};

}  // namespace latchkey::latchkeyd::fetch_client_test
