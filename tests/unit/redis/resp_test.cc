// SPDX-License-Identifier: Apache-2.0
#include "redis/resp.h"

#include <string>
#include <vector>

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

std::string text_of(const std::string& value) {
  return "$" + std::to_string(value.size()) + "\r\n" + value + "\r\n";
}
std::string array_of(const std::vector<std::string>& elements) {
  std::string bytes = "*" + std::to_string(elements.size()) + "\r\n";
  for (const std::string& each : elements) bytes += each;
  return bytes;
}

TEST(Resp, ReadsPastAnArrayThatIsOverABoundAndTakesWhatStandsBesideIt) {
  const std::vector<std::string> fields(3'000, text_of("x"));
  const std::vector<std::string> texts(limits::kArrayElements / 2,
                                       text_of(std::string(2'000, 'x')));
  const std::vector<std::string> nested(200, array_of({text_of("x"), ":1\r\n"}));
  const std::string huge = text_of(std::string(limits::kArrayBytes + 1, 'x'));
  for (const std::string& over :
       {array_of(fields), array_of(texts), array_of(nested), array_of({huge}),
        array_of({array_of({}), huge, array_of(fields), text_of("y")})}) {
    const std::string bytes = array_of({text_of("a"), over, text_of("b")});
    for (const std::size_t step : {std::size_t{1}, std::size_t{1'000}, bytes.size()}) {
      ReplyReader reader;
      ASSERT_EQ(fed(reader, bytes, step), "");
      const auto reply = reader.take();
      ASSERT_TRUE(reply);
      EXPECT_FALSE(reply->cut);
      ASSERT_EQ(reply->elements.size(), 3U);
      EXPECT_EQ(reply->elements[0].text, "a");
      EXPECT_TRUE(reply->elements[1].cut);
      EXPECT_TRUE(reply->elements[1].elements.empty());
      EXPECT_EQ(reply->elements[2].text, "b");
    }
  }
}

TEST(Resp, TakesAnArrayThatIsWithinTheBounds) {
  const std::vector<std::string> most(limits::kArrayElements, ":1\r\n");
  ReplyReader reader;
  ASSERT_EQ(fed(reader, array_of(most), 7), "");
  EXPECT_EQ(reader.take()->elements.size(), limits::kArrayElements);
  ASSERT_EQ(fed(reader, array_of({text_of("item"), text_of(std::string(100'000, 'x'))}), 999), "");
  const auto reply = reader.take();
  EXPECT_FALSE(reply->cut);
  EXPECT_EQ(reply->elements.at(1).text.size(), limits::kText);
}

// What anybody can write into a stream, 32 times, and however much of it.
TEST(Resp, AReplyMayBeOfAnySize) {
  const std::string mega(1'048'576, 'x');
  ReplyReader reader;
  ASSERT_EQ(fed(reader, "*32\r\n", 6), "");
  for (int entry = 0; entry < 32; ++entry) {
    ASSERT_EQ(fed(reader, "*2\r\n" + text_of("1-0") + "*8\r\n", 100), "");
    for (int text = 0; text < 8; ++text) ASSERT_EQ(fed(reader, text_of(mega), 65'536), "");
  }
  const auto reply = reader.take();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->elements.at(31).elements.at(0).text, "1-0");
  EXPECT_TRUE(reply->elements[31].elements.at(1).cut);
}

TEST(Resp, BelievesNoNumberThatIsClaimed) {
  EXPECT_EQ(error_of("*9223372036854775807\r\n*9223372036854775807\r\n$536870912\r\nx"), "");
}

TEST(Resp, RefusesMoreThanAnybodyAskedFor) {
  const std::vector<std::string> some(100, array_of(std::vector<std::string>(100, ":1\r\n")));
  EXPECT_EQ(error_of(array_of(some)), "more than was asked for");
  const std::vector<std::string> texts(100, array_of({text_of(std::string(60'000, 'x'))}));
  EXPECT_EQ(error_of(array_of(texts)), "more than was asked for");
  EXPECT_EQ(error_of("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n"), "");
  EXPECT_EQ(error_of("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n"),
            "arrays that are too deep");
  EXPECT_EQ(error_of("$536870913\r\n"), "a text of an impossible size");
  EXPECT_EQ(error_of("+" + std::string(limits::kLine + 2, 'x')), "a line that is too long");
}

TEST(Resp, GivesWhatIsThereOfAReplyWhoseRestDoesNotCome) {
  ReplyReader reader;
  EXPECT_FALSE(reader.take_unfinished());
  const std::string entry = array_of({text_of("1-0"), array_of({text_of("item"), text_of("a")})});
  ASSERT_EQ(fed(reader, "*3\r\n" + entry + "*2\r\n$3\r\n1-1\r\n*2\r\n$4\r\nitem\r\n$9\r\nab", 5),
            "");
  const auto reply = reader.take_unfinished();
  ASSERT_TRUE(reply);
  EXPECT_TRUE(reply->unfinished);
  ASSERT_EQ(reply->elements.size(), 2U);
  EXPECT_FALSE(reply->elements[0].unfinished);
  EXPECT_TRUE(reply->elements[1].unfinished);
  EXPECT_EQ(reply->elements[1].elements.at(0).text, "1-1");
  EXPECT_EQ(reply->elements[1].elements.at(1).elements.size(), 1U)
      << "a text that is not whole is none";
}

TEST(Resp, RefusesWhatIsNoReply) {
  EXPECT_EQ(error_of("\r\n"), "an empty line");
  EXPECT_EQ(error_of("+OK\n"), "a line without its end");
  EXPECT_EQ(error_of("!3\r\n"), "a reply of an unknown type");
  EXPECT_EQ(error_of("$-2\r\n"), "a text of an impossible size");
  EXPECT_EQ(error_of("*-2\r\n"), "an array of an impossible size");
  for (const std::string number : {"", "x", "1x", "+1", "99999999999999999999"})
    EXPECT_EQ(error_of(":" + number + "\r\n"), "no number") << number;
}

}  // namespace
}  // namespace latchkey::redis
