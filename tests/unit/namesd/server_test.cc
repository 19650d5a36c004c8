// SPDX-License-Identifier: Apache-2.0
//
// The connections: whose room is whose, who is dropped, and that nobody waits for another. Peers
// are made up, sockets are pairs, time is told.
#include "daemon/namesd/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/temporary_folder.h"
#include "tests/unit/namesd/world.h"

namespace latchkey::namesd {
namespace {

using std::chrono::milliseconds;
using ::testing::EndsWith;
using ::testing::HasSubstr;

const std::string kAskBob =
    testing::call_text("GetUserRecord", R"({"userName":"bob","service":"io.latchkey.Names"})") +
    '\0';

accounts::NamesContent many(std::size_t users) {
  auto content = testing::content();
  content.settings.enumerate = true;
  for (std::uint32_t i = 0; i < users; ++i) {
    const std::string name = "user" + std::to_string(i);
    content.users.push_back(
        {name, 300'000 + i, 300'000 + i, {}, 0, "/home/" + name, "/bin/sh", ""});
  }
  return content;
}

class ServerTest : public ::testing::Test {
 protected:
  // The client's end of a connection of that uid.
  ipc::Fd connect(uid_t uid) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()), 0);
    server.adopt(ipc::Fd(ends[0]), {.pid = 1, .uid = uid, .gid = uid});
    return ipc::Fd(ends[1]);
  }
  static void send(const ipc::Fd& client, const std::string& text) {
    EXPECT_EQ(::send(client.get(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  // What lies there; "closed" at the end where the other end is.
  static std::string take(const ipc::Fd& client) {
    std::string text;
    std::array<char, 65'536> buffer{};
    for (;;) {
      const ssize_t got = ::recv(client.get(), buffer.data(), buffer.size(), 0);
      if (got < 0 && errno == EAGAIN) return text;
      if (got <= 0) return text + "closed";
      text.append(buffer.data(), static_cast<std::size_t>(got));
    }
  }
  bool turn() { return server.turn(milliseconds(0)); }
  std::string ask(const ipc::Fd& client, const std::string& text = kAskBob) {
    send(client, text);
    turn();
    return take(client);
  }
  bool is_closed(const ipc::Fd& client) { return take(client) == "closed"; }

  Desk desk{{.vendor = "", .product = "", .version = "", .url = ""},
            [](const ipc::Peer&) { return false; }};
  int end = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  Server::TimePoint now{std::chrono::hours(1)};
  Desk::Shown book = testing::shown();
  Server server{{.listener = ipc::Fd(),
                 .signals = ipc::Fd(end),
                 .desk = desk,
                 .book = [this](auto) { return book; },
                 .now = [this] { return now; }}};
};

TEST_F(ServerTest, AnswersCallByCallAsTheyCome) {
  const auto client = connect(1000);
  EXPECT_THAT(ask(client), HasSubstr(R"("uid":200002)"));
  EXPECT_THAT(ask(client), HasSubstr(R"("uid":200002)"));
  for (const char c : kAskBob.substr(0, kAskBob.size() - 1)) EXPECT_EQ(ask(client, {c}), "");
  EXPECT_THAT(ask(client, std::string(1, '\0')), HasSubstr(R"("uid":200002)"));
  const std::string three = ask(client, kAskBob + kAskBob + kAskBob);
  EXPECT_EQ(std::count(three.begin(), three.end(), '\0'), 3);
}

TEST_F(ServerTest, AnswersWhoHasAskedBeforeItWasLookedAt) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()), 0);
  const ipc::Fd client(ends[1]);
  send(client, kAskBob);
  turn();
  server.adopt(ipc::Fd(ends[0]), {.pid = 1, .uid = 1000, .gid = 1000});
  EXPECT_THAT(take(client), HasSubstr(R"("uid":200002)"));
}

TEST_F(ServerTest, AnswersWhoWritesNoMoreAndThenCloses) {
  const auto client = connect(1000);
  send(client, kAskBob);
  ::shutdown(client.get(), SHUT_WR);
  turn();
  EXPECT_THAT(take(client), HasSubstr(R"("uid":200002)"));
  turn();
  EXPECT_EQ(server.connections(), 0U);
}

TEST_F(ServerTest, ForgetsWhoHasGone) {
  connect(1000);
  EXPECT_EQ(server.connections(), 1U);
  turn();
  EXPECT_EQ(server.connections(), 0U);
}

TEST_F(ServerTest, ClosesOnWhatIsNoCallAndOnWhatIsTooLong) {
  for (const std::string& text :
       {std::string("{}\0", 3), std::string(1, '\0'), std::string(Server::kCallMost + 1, ' ')}) {
    const auto client = connect(1000);
    EXPECT_THAT(ask(client, text), EndsWith("closed")) << text.size();
  }
  EXPECT_EQ(server.connections(), 0U);
}

TEST_F(ServerTest, EndsWhenItIsTold) {
  EXPECT_TRUE(turn());
  ::eventfd_write(end, 1);
  EXPECT_FALSE(turn());
}

TEST_F(ServerTest, ClosesTheQuietestOfAUserAtHisLimitAndOfNobodyElse) {
  const auto other = connect(2000);
  const auto root = connect(0);
  std::vector<ipc::Fd> clients;
  for (std::size_t i = 0; i < Server::kUserMost; ++i) clients.push_back(connect(1000));
  EXPECT_THAT(ask(clients[0]), HasSubstr("200002"));
  const auto one_more = connect(1000);
  EXPECT_TRUE(is_closed(clients[1])) << "the first one has asked since";
  for (const ipc::Fd* client :
       std::initializer_list<const ipc::Fd*>{&clients[0], &clients[2], &one_more, &other, &root})
    EXPECT_FALSE(is_closed(*client));
  EXPECT_EQ(server.connections(), Server::kUserMost + 2);
}

TEST_F(ServerTest, KeepsRoomForRootWhateverTheOthersDo) {
  std::vector<ipc::Fd> clients;
  const std::size_t users = Server::kOthersMost / Server::kUserMost + 2;
  for (uid_t uid = 1000; uid < 1000 + users; ++uid)
    for (std::size_t i = 0; i < Server::kUserMost; ++i) clients.push_back(connect(uid));
  EXPECT_EQ(server.connections(), Server::kOthersMost);
  std::vector<ipc::Fd> roots;
  for (std::size_t i = 0; i < Server::kRootMost; ++i) roots.push_back(connect(0));
  EXPECT_EQ(server.connections(), Server::kOthersMost + Server::kRootMost);
  EXPECT_FALSE(is_closed(roots.front()));
  EXPECT_FALSE(is_closed(clients.back()));
  EXPECT_TRUE(is_closed(clients.front()));
  const auto one_more = connect(0);
  EXPECT_TRUE(is_closed(roots.front()));
  EXPECT_FALSE(is_closed(clients.back()));
}

TEST_F(ServerTest, ClosesWhoAsksNothingForLong) {
  const auto quiet = connect(1000);
  const auto half = connect(1000);
  const auto asks = connect(1000);
  now += Server::kIdle - milliseconds(1);
  ask(half, "{");
  EXPECT_THAT(ask(asks), HasSubstr("200002"));
  EXPECT_FALSE(is_closed(quiet));
  now += std::chrono::seconds(1);
  turn();
  EXPECT_TRUE(is_closed(quiet));
  EXPECT_TRUE(is_closed(half)) << "half a call is none";
  EXPECT_FALSE(is_closed(asks));
}

TEST_F(ServerTest, MakesALongAnswerAsItIsTaken) {
  book = testing::shown(many(10'000));
  const auto client = connect(1000);
  const auto other = connect(1000);
  const std::string all =
      testing::call_text("GetUserRecord", R"({"service":"io.latchkey.Names"})", R"(,"more":true)");
  std::string taken = ask(client, all + '\0');
  EXPECT_THAT(ask(other), HasSubstr("200002")) << "nobody waits for it";
  // What it goes by is what was there when it was asked, whatever the file says by now.
  book = testing::shown();
  for (std::string more = "x"; !more.empty(); taken += more) {
    turn();
    more = take(client);
  }
  EXPECT_EQ(std::count(taken.begin(), taken.end(), '\0'), 10'002);
  EXPECT_THAT(taken, HasSubstr("user9999"));
  EXPECT_THAT(taken, EndsWith(std::string(R"("incomplete":false}})") + '\0'))
      << "does not continue";
  EXPECT_THAT(ask(client), HasSubstr("200002"));
}

TEST_F(ServerTest, DropsWhoDoesNotTakeHisAnswer) {
  book = testing::shown(many(10'000));
  const auto client = connect(1000);
  const std::string all =
      testing::call_text("GetUserRecord", R"({"service":"io.latchkey.Names"})", R"(,"more":true)");
  send(client, all + '\0');
  for (int i = 0; i < 100; ++i) turn();
  now += Server::kTaking - milliseconds(1);
  turn();
  EXPECT_EQ(server.connections(), 1U);
  now += std::chrono::seconds(1);
  turn();
  EXPECT_EQ(server.connections(), 0U);
  const std::string taken = take(client);
  EXPECT_THAT(taken, EndsWith("closed"));
  EXPECT_LT(taken.size(), 1'000'000U);
}

TEST_F(ServerTest, IsNotKeptBusyByOneWhoPipelines) {
  const auto client = connect(1000);
  const auto other = connect(2000);
  std::string calls;
  for (int i = 0; i < 200; ++i) calls += kAskBob;
  send(client, calls);
  send(other, kAskBob);
  turn();
  EXPECT_THAT(take(other), HasSubstr("200002"));
  std::string taken = take(client);
  EXPECT_LT(std::count(taken.begin(), taken.end(), '\0'), 200) << "the rest is for later turns";
  for (int i = 0; i < 50; ++i) {
    turn();
    taken += take(client);
  }
  EXPECT_EQ(std::count(taken.begin(), taken.end(), '\0'), 200);
}

TEST(NamesServer, TakesConnectionsOfItsSocketWithTheirPeers) {
  const test::TemporaryFolder folder;
  ipc::Peer seen;
  Desk desk({.vendor = "", .product = "", .version = "", .url = ""}, [&](const ipc::Peer& peer) {
    seen = peer;
    return true;
  });
  auto listener = ipc::listen_at({.path = folder / "names.sock",
                                  .type = ipc::SocketType::stream,
                                  .mode = 0666,
                                  .owner = {},
                                  .group = {}});
  ASSERT_TRUE(listener.has_value());
  Server server({.listener = *std::move(listener),
                 .signals = ipc::Fd(::eventfd(0, EFD_CLOEXEC)),
                 .desk = desk,
                 .book = [book = testing::shown()](auto) { return book; }});
  const auto client =
      ipc::connect_to(folder / "names.sock", ipc::SocketType::stream, milliseconds(1));
  ASSERT_TRUE(client.has_value());
  const std::string call =
      testing::call_text("GetUserRecord", R"({"userName":"alice","service":"io.latchkey.Names"})");
  ASSERT_GT(::send(client->get(), call.c_str(), call.size() + 1, MSG_NOSIGNAL), 0);
  server.turn(milliseconds(0));
  std::array<char, 4'096> buffer{};
  const ssize_t got = ::recv(client->get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  ASSERT_GT(got, 0);
  const bool root = ::geteuid() == 0;
  EXPECT_EQ(seen.pid, root ? ::getpid() : 0) << "nobody else's process is looked at";
  EXPECT_THAT(std::string(buffer.data(), static_cast<std::size_t>(got)),
              HasSubstr(root ? R"("userName":"alice")" : "NoRecordFound"));
}

}  // namespace
}  // namespace latchkey::namesd
