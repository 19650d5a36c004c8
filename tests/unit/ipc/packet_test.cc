// SPDX-License-Identifier: Apache-2.0
#include "ipc/packet.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "ipc/fd.h"

namespace latchkey::ipc {
namespace {

struct Look {
  ssize_t got = 0;
  int error = 0;
};

// How many of these looks are taken.
std::size_t taken(const std::vector<Look>& looks) {
  Looks state;
  std::size_t count = 0;
  for (const Look& look : looks) {
    ++count;
    if (!state.again(look.got, look.error)) break;
  }
  return count;
}

TEST(Packet, IsLookedForOnceMoreBehindAnEndAndBehindAReset) {
  constexpr Look kEnd{0, 0};
  constexpr Look kReset{-1, ECONNRESET};
  constexpr Look kSignal{-1, EINTR};
  constexpr Look kNothing{-1, EAGAIN};
  constexpr Look kMessage{7, 0};
  struct Case {
    std::string name;
    std::vector<Look> looks;
    std::size_t want;
  };
  const std::vector<Case> cases = {
      {"a message", {kMessage, kMessage}, 1},
      {"told too early", {kEnd, kMessage, kMessage}, 2},
      {"the end", {kEnd, kEnd, kMessage}, 2},
      {"behind a reset", {kReset, kMessage, kMessage}, 2},
      {"an end, a reset, and what lay behind both", {kEnd, kReset, kMessage, kMessage}, 3},
      {"a reset and no more", {kReset, kEnd, kEnd, kMessage}, 3},
      {"reset twice", {kReset, kReset, kMessage}, 2},
      {"interrupted", {kSignal, kSignal, kSignal, kMessage, kMessage}, 4},
      {"nothing yet", {kNothing, kMessage}, 1},
  };
  for (const auto& c : cases) EXPECT_EQ(taken(c.looks), c.want) << c.name;
}

class PacketTest : public ::testing::Test {
 protected:
  PacketTest() {
    std::array<int, 2> pair{-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.data()), 0);
    near = Fd(pair[0]);
    far = Fd(pair[1]);
  }
  std::string receive(int flags = 0) {
    std::array<char, 64> room{};
    const ssize_t got = receive_packet(near.get(), room.data(), room.size(), flags);
    return got < 0 ? "nothing" : std::string(room.data(), static_cast<std::size_t>(got));
  }
  Fd near;
  Fd far;
};

TEST_F(PacketTest, ComesThoughItsPeerLeftSomethingUnread) {
  ASSERT_EQ(::send(near.get(), "unread", 6, 0), 6);
  ASSERT_EQ(::send(far.get(), "last", 4, 0), 4);
  far.reset();
  EXPECT_EQ(receive(), "last");
  EXPECT_EQ(receive(), "");
}

TEST_F(PacketTest, IsTheEndWhereThePeerLeftSomethingUnreadAndSaidNothing) {
  ASSERT_EQ(::send(near.get(), "unread", 6, 0), 6);
  far.reset();
  EXPECT_EQ(receive(), "");
}

TEST_F(PacketTest, IsNotThereYet) {
  EXPECT_EQ(receive(MSG_DONTWAIT), "nothing");
  EXPECT_EQ(errno, EAGAIN);
}

}  // namespace
}  // namespace latchkey::ipc
