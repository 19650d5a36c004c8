// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/io/control_server.h"

#include <poll.h>
#include <sys/socket.h>

#include <asio/steady_timer.hpp>
#include <functional>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/latchkeyd/io/ticker.h"
#include "ipc/varlink.h"
#include "tests/unit/latchkeyd/fakes.h"

namespace latchkey::latchkeyd {
namespace {

using std::chrono::milliseconds;
using testing::FakeClock;
using testing::FakeJournal;
using ::testing::HasSubstr;
using testing::TempDir;
namespace varlink = ipc::varlink;

// The server runs on a thread of its own; the test is a client that blocks.
class ControlServerTest : public ::testing::Test {
 protected:
  void start(ControlServer::Limits limits = {}) {
    service.add_interface("test", "interface test");
    service.add_method("test.Echo",
                       [](const ipc::Peer&, std::string parameters, varlink::Service::Done done) {
                         done({std::move(parameters), {}, false});
                       });
    service.add_method("test.Uid",
                       [](const ipc::Peer& peer, const std::string&, varlink::Service::Done done) {
                         done({"{\"uid\":" + std::to_string(peer.uid) + "}", {}, false});
                       });
    service.add_method("test.Later",
                       [this](const ipc::Peer&, const std::string&, varlink::Service::Done done) {
                         later.push_back(std::move(done));
                       });
    service.add_method("test.Big",
                       [](const ipc::Peer&, const std::string&, varlink::Service::Done done) {
                         done({"{\"big\":\"" + std::string(3'000'000, 'x') + "\"}", {}, false});
                       });
    auto listener = ipc::listen_at({.path = path, .type = ipc::SocketType::stream});
    ASSERT_TRUE(listener) << listener.error().detail;
    server.emplace(loop, *std::move(listener), service, journal, limits);
    server->start();
    thread = std::thread([this] { loop.run(); });
  }
  ~ControlServerTest() override {
    loop.post([this] {
      server.reset();
      loop.stop();
    });
    if (thread.joinable()) thread.join();
  }

  ipc::Fd connect() const {
    auto socket = ipc::connect_to(path, ipc::SocketType::stream, milliseconds(10'000)).value();
    const int flags = ::fcntl(socket.get(), F_GETFL);
    ::fcntl(socket.get(), F_SETFL, flags & ~O_NONBLOCK);
    const timeval most{30, 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &most, sizeof(most));
    return socket;
  }
  static void send(const ipc::Fd& socket, std::string_view bytes) {
    ASSERT_EQ(::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  static std::string call_text(std::string method, std::string parameters = "{}") {
    return varlink::encode(varlink::Call{std::move(method), std::move(parameters)});
  }
  // Up to the next NUL; what there was where the connection ends.
  static std::string receive(const ipc::Fd& socket) {
    std::string text;
    char byte = 0;
    while (::recv(socket.get(), &byte, 1, 0) == 1 && byte != '\0') text += byte;
    return text;
  }
  static bool ended(const ipc::Fd& socket) {
    char byte = 0;
    return ::recv(socket.get(), &byte, 1, 0) <= 0;
  }
  // Runs on the server's thread and is waited for.
  void on_loop(const std::function<void()>& work) {
    std::promise<void> done;
    loop.post([&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }

  TempDir folder;
  std::string path = folder / "control.sock";
  FakeJournal journal;
  varlink::Service service{{"Latchkey", "test", "1", ""}};
  std::vector<varlink::Service::Done> later;
  Loop loop;
  std::optional<ControlServer> server;
  std::thread thread;
};

TEST_F(ControlServerTest, AnswersCallsInTheirOrderAlsoWhenTheyComeTogether) {
  start();
  const ipc::Fd socket = connect();
  std::string calls;
  for (int i = 0; i < 100; ++i)
    calls += call_text("test.Echo", "{\"n\":" + std::to_string(i) + "}");
  send(socket, calls);
  for (int i = 0; i < 100; ++i)
    EXPECT_THAT(receive(socket), HasSubstr("\"n\":" + std::to_string(i) + "}"));
}

TEST_F(ControlServerTest, TakesACallThatComesByteByByte) {
  start();
  const ipc::Fd socket = connect();
  for (const char byte : call_text("test.Echo", "{\"a\":1}"))
    send(socket, std::string_view(&byte, 1));
  EXPECT_THAT(receive(socket), HasSubstr("\"a\":1"));
}

TEST_F(ControlServerTest, TellsTheHandlerWhoThePeerIs) {
  start();
  const ipc::Fd socket = connect();
  send(socket, call_text("test.Uid"));
  EXPECT_THAT(receive(socket), HasSubstr("\"uid\":" + std::to_string(::geteuid()) + "}"));
}

TEST_F(ControlServerTest, LaterAnswerIsSentAndTheNextCallWaitsForIt) {
  start();
  const ipc::Fd socket = connect();
  send(socket, call_text("test.Later") + call_text("test.Echo", "{\"second\":true}"));
  const ipc::Fd other = connect();
  send(other, call_text("test.Echo", "{\"other\":true}"));
  EXPECT_THAT(receive(other), HasSubstr("other")) << "one caller's wait is none of another's";
  bool asked = false;
  while (!asked) on_loop([&] { asked = !later.empty(); });
  on_loop([&] { later.at(0)({"{\"first\":true}", {}, false}); });
  EXPECT_THAT(receive(socket), HasSubstr("first"));
  EXPECT_THAT(receive(socket), HasSubstr("second"));
}

TEST_F(ControlServerTest, AnswerToAClientThatIsGoneGoesNowhere) {
  start();
  {
    const ipc::Fd socket = connect();
    send(socket, call_text("test.Later"));
    bool asked = false;
    while (!asked) on_loop([&] { asked = !later.empty(); });
  }
  on_loop([&] { later.at(0)({}); });
  const ipc::Fd next = connect();
  send(next, call_text("test.Echo"));
  EXPECT_NE(receive(next), "");
}

// Found as: 64 RefreshKeys of root, all hung up while fetchd stood still, kept root out for 16 s.
TEST_F(ControlServerTest, ClientsThatHangUpWhileTheirCallsWaitGiveTheirPlacesBackAtOnce) {
  start({.clients = 3, .clients_of_uid = 3});
  std::vector<ipc::Fd> sockets;
  for (int i = 0; i < 3; ++i) {
    sockets.push_back(connect());
    send(sockets.back(), call_text("test.Later"));
  }
  bool asked = false;
  while (!asked) on_loop([&] { asked = later.size() == 3; });
  sockets.clear();
  // The server sees the end of a connection in its own time, but the answers are never there.
  bool served = false;
  for (int i = 0; i < 100 && !served; ++i) {
    const ipc::Fd next = connect();
    const std::string text = call_text("test.Echo");
    (void)::send(next.get(), text.data(), text.size(), MSG_NOSIGNAL);
    served = !receive(next).empty();
  }
  EXPECT_TRUE(served);
}

TEST_F(ControlServerTest, ClientThatEndedItsOwnSideOnlyStillGetsItsAnswers) {
  start();
  const ipc::Fd socket = connect();
  send(socket, call_text("test.Later") + call_text("test.Echo", "{\"second\":true}"));
  ASSERT_EQ(::shutdown(socket.get(), SHUT_WR), 0);
  bool asked = false;
  while (!asked) on_loop([&] { asked = !later.empty(); });
  on_loop([&] { later.at(0)({"{\"first\":true}", {}, false}); });
  EXPECT_THAT(receive(socket), HasSubstr("first"));
  EXPECT_THAT(receive(socket), HasSubstr("second"));
}

TEST_F(ControlServerTest, LargeAnswerReachesASlowReaderWhole) {
  start();
  const ipc::Fd socket = connect();
  send(socket, call_text("test.Big"));
  std::string text;
  std::array<char, 65'536> room{};
  while (text.find('\0') == std::string::npos) {
    const ssize_t size = ::recv(socket.get(), room.data(), room.size(), 0);
    ASSERT_GT(size, 0);
    text.append(room.data(), static_cast<std::size_t>(size));
  }
  EXPECT_GT(text.size(), 3'000'000U);
}

struct BadMessage {
  std::string name;
  std::string bytes;
};

TEST_F(ControlServerTest, NonsenseEndsItsOwnConnectionOnly) {
  start();
  const ipc::Fd good = connect();
  const std::vector<BadMessage> cases = {
      {"no JSON", std::string("hello\0", 6)},
      {"an empty message", std::string("\0", 1)},
      {"no object", std::string("[]\0", 3)},
      {"no method", std::string("{}\0", 3)},
      {"a message without end", std::string(varlink::kCallMost + 1, 'x')},
  };
  for (const BadMessage& test : cases) {
    const ipc::Fd bad = connect();
    (void)::send(bad.get(), test.bytes.data(), test.bytes.size(), MSG_NOSIGNAL);
    EXPECT_TRUE(ended(bad)) << test.name;
    EXPECT_GE(journal.count("was ended"), 1U) << test.name;
  }
  send(good, call_text("test.Echo"));
  EXPECT_NE(receive(good), "");
}

TEST_F(ControlServerTest, UnknownMethodIsAnErrorAndTheConnectionGoesOn) {
  start();
  const ipc::Fd socket = connect();
  send(socket, call_text("test.Missing"));
  EXPECT_THAT(receive(socket), HasSubstr("MethodNotFound"));
  send(socket, call_text("test.Echo"));
  EXPECT_NE(receive(socket), "");
}

TEST_F(ControlServerTest, SilentClientIsDropped) {
  start({.idle = milliseconds(1)});
  const ipc::Fd socket = connect();
  EXPECT_TRUE(ended(socket));
}

TEST_F(ControlServerTest, ClientThatDoesNotTakeItsAnswerIsDropped) {
  start({.sending = milliseconds(1)});
  const ipc::Fd socket = connect();
  send(socket, call_text("test.Big"));
  std::size_t size = 0;
  std::array<char, 65'536> room{};
  pollfd hung_up{socket.get(), POLLRDHUP, 0};
  ASSERT_EQ(::poll(&hung_up, 1, 30'000), 1);
  for (ssize_t step = 1; step > 0; size += static_cast<std::size_t>(std::max<ssize_t>(step, 0))) {
    step = ::recv(socket.get(), room.data(), room.size(), 0);
  }
  EXPECT_LT(size, 3'000'000U);
}

TEST_F(ControlServerTest, ClientsAreBoundedAndPlacesAreGivenBack) {
  start({.clients = 3, .clients_of_uid = 3});
  std::vector<ipc::Fd> sockets;
  for (int i = 0; i < 3; ++i) {
    sockets.push_back(connect());
    send(sockets.back(), call_text("test.Echo"));
    EXPECT_NE(receive(sockets.back()), "");
  }
  const ipc::Fd fourth = connect();
  EXPECT_TRUE(ended(fourth));
  EXPECT_EQ(journal.count("too many connections"), 1U);
  sockets.pop_back();
  // The server sees the end of a connection in its own time.
  for (bool served = false; !served;) {
    const ipc::Fd next = connect();
    (void)::send(next.get(), call_text("test.Echo").data(), call_text("test.Echo").size(),
                 MSG_NOSIGNAL);
    served = !receive(next).empty();
  }
}

TEST(Ticker, TicksWhenPokedAndAgainWhenItIsDue) {
  Loop loop;
  const FakeClock clock;
  int ticks = 0;
  Ticker ticker(loop, clock, [&] {
    ++ticks;
    return clock.steady();  // due again at once
  });
  loop.context().poll();
  EXPECT_EQ(ticks, 0);
  ticker.poke();
  EXPECT_EQ(ticks, 0) << "never inside the call";
  while (ticks < 3) loop.context().run_one();
}

}  // namespace
}  // namespace latchkey::latchkeyd
