// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "ipc/varlink.h"

namespace latchkey::ipc::varlink {
namespace {

using std::string_view_literals::operator""sv;

// Feeds `stream` in pieces of `piece` bytes and collects messages until the end or a fault.
std::vector<std::string> cut(Framer& framer, std::string_view stream, std::size_t piece,
                             bool* failed = nullptr) {
  std::vector<std::string> messages;
  while (!stream.empty()) {
    const std::span<char> room = framer.prepare();
    const std::size_t take = std::min({piece, room.size(), stream.size()});
    std::copy_n(stream.begin(), take, room.begin());
    framer.commit(take);
    stream.remove_prefix(take);
    for (;;) {
      const auto next = framer.next();
      if (!next) {
        EXPECT_EQ(next.error().kind, FaultKind::too_large);
        if (failed != nullptr) *failed = true;
        return messages;
      }
      if (!*next) break;
      messages.emplace_back(**next);
    }
  }
  return messages;
}

TEST(VarlinkFramer, cuts_at_each_nul_however_the_bytes_arrive) {
  const std::vector<std::string> want{"{\"a\":1}", "", "{}", std::string(10'000, 'x')};
  std::string stream;
  for (const std::string& message : want) stream += message + '\0';
  for (const std::size_t piece : {1UL, 2UL, 7UL, 4'096UL, 1'000'000UL}) {
    Framer framer(10'000);
    EXPECT_EQ(cut(framer, stream, piece), want) << piece;
  }
}

TEST(VarlinkFramer, gives_nothing_before_the_nul) {
  Framer framer(100);
  EXPECT_TRUE(cut(framer, "{\"a\":1}", 3).empty());
  EXPECT_EQ(cut(framer, "\0"sv, 1), std::vector<std::string>{"{\"a\":1}"});
}

TEST(VarlinkFramer, takes_a_message_of_exactly_the_limit) {
  Framer framer(100);
  EXPECT_EQ(cut(framer, std::string(100, 'x') + '\0', 11).size(), 1U);
}

TEST(VarlinkFramer, refuses_one_byte_above_the_limit_with_or_without_its_nul) {
  for (const std::string& stream : {std::string(101, 'x') + '\0', std::string(101, 'x')}) {
    Framer framer(100);
    bool failed = false;
    EXPECT_TRUE(cut(framer, stream, 11, &failed).empty());
    EXPECT_TRUE(failed);
  }
}

TEST(VarlinkFramer, gives_the_good_messages_that_came_before_an_endless_one) {
  Framer framer(100);
  bool failed = false;
  EXPECT_EQ(cut(framer, "{}" + std::string(1, '\0') + std::string(200, 'x'), 1'000, &failed).size(),
            1U);
  EXPECT_TRUE(failed);
}

TEST(VarlinkFramer, never_holds_more_than_the_limit_and_a_read) {
  Framer framer(100'000);
  std::size_t most = 0;
  for (int read = 0; read < 20; ++read) {
    const auto room = framer.prepare();
    most = std::max(most, room.size());
    framer.commit(std::min<std::size_t>(room.size(), 5'000));
    ASSERT_TRUE(framer.next());
  }
  EXPECT_LE(most, 104'096U);
}

}  // namespace
}  // namespace latchkey::ipc::varlink
