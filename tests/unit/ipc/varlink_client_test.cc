// SPDX-License-Identifier: Apache-2.0
#include "ipc/varlink_client.h"

#include <poll.h>
#include <sys/socket.h>

#include <future>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "ipc/control_calls.h"
#include "ipc/unix_socket.h"
#include "tests/support/temporary_folder.h"

namespace latchkey::ipc::varlink {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kLong{30};

// The next call without its NUL; empty at the end of the connection.
std::string read_call(int connection) {
  std::string call;
  char byte = 0;
  while (::recv(connection, &byte, 1, 0) == 1 && byte != '\0') call += byte;
  return call;
}

// A daemon of one connection: reads one call, then does what the test says.
class ScriptedDaemon {
 public:
  using Script = std::function<void(int connection, const std::string& call)>;

  explicit ScriptedDaemon(Script script) {
    listener_ = *listen_at(
        {.path = path(), .type = SocketType::stream, .mode = 0600, .owner = {}, .group = {}});
    thread_ = std::thread([this, script = std::move(script)] {
      pollfd ready{listener_.get(), POLLIN, 0};
      ::poll(&ready, 1, 30'000);
      const Fd connection(::accept(listener_.get(), nullptr, nullptr));
      const std::string call = read_call(connection.get());
      script(connection.get(), call);
    });
  }
  ScriptedDaemon(const ScriptedDaemon&) = delete;
  ScriptedDaemon& operator=(const ScriptedDaemon&) = delete;
  ~ScriptedDaemon() { thread_.join(); }

  std::string path() const { return folder_ / "control.sock"; }

 private:
  test::TemporaryFolder folder_;
  Fd listener_;
  std::thread thread_;
};

void send_text(int connection, const std::string& text) {
  ASSERT_EQ(::send(connection, text.data(), text.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(text.size()));
}

TEST(VarlinkClient, gives_the_reply_to_its_call) {
  std::string seen;
  {
    ScriptedDaemon daemon([&](int connection, const std::string& call) {
      seen = call;
      send_text(connection, encode(Reply{R"({"y":2})", {}, false}));
    });
    auto client = VarlinkClient::connect(daemon.path());
    ASSERT_TRUE(client);
    const auto reply = client->call("a.B", R"({"x":1})", kLong);
    ASSERT_TRUE(reply) << reply.error().detail;
    EXPECT_EQ(reply->parameters, R"({"y":2})");
  }
  EXPECT_EQ(seen, R"({"method":"a.B","parameters":{"x":1}})");
}

TEST(VarlinkClient, gives_a_large_reply_that_comes_in_pieces) {
  const std::string large(1'000'000, 'x');
  ScriptedDaemon daemon([&](int connection, const std::string&) {
    std::string reply = encode(Reply{"{\"y\":\"" + large + "\"}", {}, false});
    while (!reply.empty()) {
      const ssize_t sent = ::send(connection, reply.data(), reply.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      reply.erase(0, static_cast<std::size_t>(sent));
    }
  });
  auto client = VarlinkClient::connect(daemon.path());
  ASSERT_TRUE(client);
  const auto reply = client->call("a.B", "{}", kLong);
  ASSERT_TRUE(reply) << reply.error().detail;
  EXPECT_EQ(reply->parameters.size(), large.size() + 8);
}

TEST(VarlinkClient, gives_an_error_as_a_value) {
  ScriptedDaemon daemon([](int connection, const std::string&) {
    send_text(connection, encode(Reply{"{}", "a.Failed", false}));
  });
  auto client = VarlinkClient::connect(daemon.path());
  ASSERT_TRUE(client);
  const auto reply = client->call("a.B", "{}", kLong);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->error, "a.Failed");
}

TEST(VarlinkClient, says_that_the_daemon_closed) {
  ScriptedDaemon daemon([](int, const std::string&) {});
  auto client = VarlinkClient::connect(daemon.path());
  ASSERT_TRUE(client);
  const auto reply = client->call("a.B", "{}", kLong);
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind, FaultKind::closed);
}

TEST(VarlinkClient, gives_up_at_its_deadline_where_the_daemon_is_silent_or_trickles) {
  for (const std::string& beginning : {std::string(), std::string("{\"parameters\":")}) {
    std::promise<void> done;
    ScriptedDaemon daemon([&](int connection, const std::string&) {
      send_text(connection, beginning);
      done.get_future().wait();
    });
    auto client = VarlinkClient::connect(daemon.path());
    ASSERT_TRUE(client);
    const auto reply = client->call("a.B", "{}", milliseconds(20));
    done.set_value();
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().kind, FaultKind::timeout);
  }
}

TEST(VarlinkClient, refuses_a_reply_that_is_no_varlink) {
  ScriptedDaemon daemon([](int connection, const std::string&) {
    send_text(connection, std::string("HTTP/1.1 400 Bad Request\r\n") + '\0');
  });
  auto client = VarlinkClient::connect(daemon.path());
  ASSERT_TRUE(client);
  const auto reply = client->call("a.B", "{}", kLong);
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind, FaultKind::malformed);
}

TEST(VarlinkClient, names_the_path_where_nobody_listens) {
  const test::TemporaryFolder folder;
  const auto client = VarlinkClient::connect(folder / "none.sock");
  ASSERT_FALSE(client);
  EXPECT_NE(client.error().detail.find(folder / "none.sock"), std::string::npos);
}

TEST(ControlCall, carries_typed_requests_answers_and_errors) {
  using control::MethodError;
  ScriptedDaemon daemon([](int connection, std::string call) {
    Service service({});
    control::serve<control::Explain>(
        service, [](const Peer&, const control::ExplainRequest& request, auto done) {
          if (request.id == "00000000") {
            return done(tl::unexpected(MethodError{MethodError::Kind::not_found, {}, {}}));
          }
          control::ExplainAnswer answer;
          answer.decision.id = request.id;
          answer.decision.reason = "token_expired";
          done(std::move(answer));
        });
    for (; !call.empty(); call = read_call(connection)) {
      ASSERT_TRUE(service.handle(call, Peer{},
                                 [&](const std::string& reply) { send_text(connection, reply); }));
    }
  });
  auto client = VarlinkClient::connect(daemon.path());
  ASSERT_TRUE(client);
  const auto answer = control::call<control::Explain>(*client, {"deadbeef"});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->decision.id, "deadbeef");
  EXPECT_EQ(answer->decision.reason, "token_expired");

  const auto missing = control::call<control::Explain>(*client, {"00000000"});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, control::CallError::Kind::method);
  EXPECT_EQ(missing.error().error.kind, MethodError::Kind::not_found);

  const auto wrong = client->call(std::string(control::Explain::kMethod), R"({"id":7})", kLong);
  ASSERT_TRUE(wrong);
  const MethodError error = control::method_error(*wrong);
  EXPECT_EQ(error.kind, MethodError::Kind::invalid_parameter);
  EXPECT_EQ(error.text, "id");
}

}  // namespace
}  // namespace latchkey::ipc::varlink
