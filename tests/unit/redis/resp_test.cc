// SPDX-License-Identifier: Apache-2.0
#include "redis/resp.h"

#include <string>

#include <gtest/gtest.h>

namespace latchkey::redis {
namespace {

using Type = Reply::Type;

// All of it, in pieces of `step` bytes; the error, or "" where every byte was taken.
std::string fed(ReplyReader& reader, std::string_view bytes, std::size_t step) {
  while (!bytes.empty()) {
    const auto used = reader.feed(bytes.substr(0, step));
    if (!used) return used.error();
    if (*used == 0) return "";
    bytes.remove_prefix(*used);
  }
  return "";
}

std::string error_of(std::string_view bytes) {
  ReplyReader reader;
  return fed(reader, bytes, bytes.size());
}

TEST(Resp, ACommandIsAnArrayOfTextsWithTheirSizes) {
  EXPECT_EQ(command({"GET", "a b", ""}), "*3\r\n$3\r\nGET\r\n$3\r\na b\r\n$0\r\n\r\n");
}

TEST(Resp, ReadsEveryTypeHoweverItIsCut) {
  const std::string bytes =
      "*6\r\n+OK\r\n-ERR no\r\n:-7\r\n$5\r\na\r\nbc\r\n$-1\r\n*2\r\n*0\r\n*-1\r\n";
  for (std::size_t step = 1; step <= bytes.size(); ++step) {
    ReplyReader reader;
    ASSERT_EQ(fed(reader, bytes, step), "") << step;
    const auto reply = reader.take();
    ASSERT_TRUE(reply) << step;
    ASSERT_EQ(reply->elements.size(), 6U);
    EXPECT_TRUE(reply->elements[0].is(Type::status));
    EXPECT_TRUE(reply->elements[1].is(Type::error));
    EXPECT_EQ(reply->elements[1].text, "ERR no");
    EXPECT_EQ(reply->elements[2].integer, -7);
    EXPECT_EQ(reply->elements[3].text, "a\r\nbc");
    EXPECT_TRUE(reply->elements[4].is(Type::nil));
    EXPECT_TRUE(reply->elements[5].elements[0].is(Type::array));
    EXPECT_TRUE(reply->elements[5].elements[1].is(Type::nil));
    EXPECT_FALSE(reader.take());
  }
}

TEST(Resp, StopsBehindAReply) {
  ReplyReader reader;
  EXPECT_EQ(reader.feed("+one\r\n+two\r\n").value(), 6U);
  EXPECT_EQ(reader.take()->text, "one");
}

TEST(Resp, KeepsNoMoreOfATextThanAnybodyWants) {
  for (const std::size_t size : {limits::kText - 1, limits::kText, limits::kText + 1}) {
    ReplyReader reader;
    const std::string bytes =
        "*2\r\n$" + std::to_string(size) + "\r\n" + std::string(size, 'x') + "\r\n:1\r\n";
    ASSERT_EQ(fed(reader, bytes, 1'000), "");
    const auto reply = reader.take();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->elements[0].text.size(), std::min(size, limits::kText));
    EXPECT_EQ(reply->elements[1].integer, 1);
  }
}

TEST(Resp, RefusesWhatIsBeyondABound) {
  EXPECT_EQ(error_of("*4096\r\n"), "");
  EXPECT_EQ(error_of("*4097\r\n"), "an array of too many elements");
  EXPECT_EQ(error_of("*4000\r\n*97\r\n"), "an array of too many elements");
  EXPECT_EQ(error_of("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n"), "");
  EXPECT_EQ(error_of("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n"),
            "arrays that are too deep");
  EXPECT_EQ(error_of("$536870913\r\n"), "a text of an impossible size");
  EXPECT_EQ(error_of("+" + std::string(limits::kLine + 2, 'x')), "a line that is too long");
}

TEST(Resp, RefusesWhatIsNoReply) {
  EXPECT_EQ(error_of("\r\n"), "an empty line");
  EXPECT_EQ(error_of("+OK\n"), "a line without its end");
  EXPECT_EQ(error_of("!3\r\n"), "a reply of an unknown type");
  EXPECT_EQ(error_of("$-2\r\n"), "a text of an impossible size");
  EXPECT_EQ(error_of("*-2\r\n"), "an array of too many elements");
  for (const std::string number : {"", "x", "1x", "+1", "99999999999999999999"})
    EXPECT_EQ(error_of(":" + number + "\r\n"), "no number") << number;
}

}  // namespace
}  // namespace latchkey::redis
