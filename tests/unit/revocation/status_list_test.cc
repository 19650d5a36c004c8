// SPDX-License-Identifier: Apache-2.0
#include "core/revocation/status_list.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/jose/base64url.h"
#include "tests/unit/revocation/packed.h"

namespace latchkey::revocation {
namespace {

using testing::packed;

constexpr std::size_t kMost = 1'000;

std::string fault_of(std::uint64_t bits, std::string_view data, std::size_t most = kMost) {
  const auto list = StatusList::unpack(bits, data, most);
  return list ? "good" : std::string(item_fault_name(list.error().fault));
}

std::string statuses(std::uint64_t bits, std::string_view lst, std::uint64_t count) {
  const auto data = jose::decode_base64url(lst);
  const auto list = StatusList::unpack(bits, data.value(), kMost);
  if (!list) return list.error().detail;
  std::string out;
  for (std::uint64_t i = 0; i < count; ++i) {
    constexpr std::string_view kLetters = "vis*?";
    out += kLetters[static_cast<std::size_t>(list->at(i))];
  }
  return out;
}

// The examples of section 4.1 and 4.2.
TEST(StatusList, SaysWhatTheExamplesOfTheDraftSay) {
  EXPECT_EQ(statuses(1, "eNrbuRgAAhcBXQ", 17), "ivviiiviiivvvivi?");
  EXPECT_EQ(statuses(2, "eNo76fITAAPfAgc", 13), "isv*viviis**?");
}

// Appendix C.1 and C.2: 2^20 statuses, all of them valid but these.
TEST(StatusList, SaysWhatTheTestVectorsOfTheDraftSay) {
  const std::string one =
      "eNrt3AENwCAMAEGogklACtKQPg9LugC9k_ACvreiogEAAKkeCQAAAAAAAAAAAAAAAAAAAIBylgQAAAAAAAAA"
      "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAXG9IAAAAAAAAAPwsJAAAAAAAAAAAAAAAvhsSAAAA"
      "AAAAAAAA7KpLAAAAAAAAAAAAAAAAAAAAAJsLCQAAAAAAAAAAADjelAAAAAAAAAAAKjDMAQAAAACAZC8L2AEb";
  const std::string two =
      "eNrt2zENACEQAEEuoaBABP5VIO01fCjIHTMStt9ovGVIAAAAAABAbiEBAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
      "AAAAAAAAAAAAAEB5WwIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
      "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAID0ugQAAAAAAAAAAAAAAAAAQG12SgAAAAAAAAAAAAAA"
      "AAAAAAAAAAAAAOCSIQEAAAAAAAAAAAAAAAAAAAAAAAD8ExIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
      "AAAAwJEuAQAAAAAAAAAAAAAAAAAAAAAAAMB9SwIAAAAAAAAAAAAAAAAAAACoYUoAAAAAAAAAAAAAAEBqH81g"
      "AQw";
  constexpr std::uint64_t kCount = 1'048'576;
  constexpr auto kInvalid = TokenStatus::invalid;
  constexpr auto kSuspended = TokenStatus::suspended;
  const std::vector<std::pair<std::uint64_t, TokenStatus>> set = {{0, kInvalid},
                                                                  {1'993, kSuspended},
                                                                  {25'460, kInvalid},
                                                                  {159'495, TokenStatus::other},
                                                                  {495'669, kInvalid},
                                                                  {554'353, kInvalid},
                                                                  {645'645, kSuspended},
                                                                  {723'232, kInvalid},
                                                                  {854'545, kInvalid},
                                                                  {934'534, kSuspended},
                                                                  {1'000'345, TokenStatus::other}};
  const auto of_one = StatusList::unpack(1, jose::decode_base64url(one).value(), kCount).value();
  const auto of_two = StatusList::unpack(2, jose::decode_base64url(two).value(), kCount).value();
  EXPECT_EQ(of_one.size(), kCount);
  EXPECT_EQ(of_two.size(), kCount);
  std::size_t next = 0;
  for (std::uint64_t i = 0; i < kCount; ++i) {
    const bool is = next < set.size() && set[next].first == i;
    ASSERT_EQ(of_one.at(i), is ? kInvalid : TokenStatus::valid) << i;
    ASSERT_EQ(of_two.at(i), is ? set[next].second : TokenStatus::valid) << i;
    next += is ? 1U : 0U;
  }
}

TEST(StatusList, OfFourAndEightBitsNamesWhatItKnowsAndRefusesTheRest) {
  const auto four = StatusList::unpack(4, packed("\x10\x32\xCF"), kMost).value();
  EXPECT_EQ(four.size(), 6U);
  EXPECT_EQ(four.at(0), TokenStatus::valid);
  EXPECT_EQ(four.at(1), TokenStatus::invalid);
  EXPECT_EQ(four.at(2), TokenStatus::suspended);
  EXPECT_EQ(four.at(3), TokenStatus::other);
  EXPECT_EQ(four.at(4), TokenStatus::other);
  EXPECT_EQ(four.at(5), TokenStatus::other);
  EXPECT_EQ(four.at(6), TokenStatus::unknown);
  const auto eight =
      StatusList::unpack(8, packed(std::string_view("\x00\x01\x02\x03\xFF", 5)), kMost).value();
  EXPECT_EQ(eight.size(), 5U);
  EXPECT_EQ(eight.at(0), TokenStatus::valid);
  EXPECT_EQ(eight.at(1), TokenStatus::invalid);
  EXPECT_EQ(eight.at(2), TokenStatus::suspended);
  EXPECT_EQ(eight.at(3), TokenStatus::other);
  EXPECT_EQ(eight.at(4), TokenStatus::other);
}

TEST(StatusList, SaysNothingOfAnIndexOutsideOfIt) {
  for (const std::uint64_t bits : {1U, 2U, 4U, 8U}) {
    const auto list = StatusList::unpack(bits, packed(std::string(3, '\0')), kMost).value();
    const std::uint64_t size = 24 / bits;
    ASSERT_EQ(list.size(), size);
    EXPECT_EQ(list.at(size - 1), TokenStatus::valid);
    EXPECT_EQ(list.at(size), TokenStatus::unknown);
    EXPECT_EQ(list.at(size + 1), TokenStatus::unknown);
    EXPECT_EQ(list.at(~std::uint64_t{0}), TokenStatus::unknown);
  }
}

TEST(StatusList, IsUnpackedWithinItsBounds) {
  struct Case {
    std::string name;
    std::uint64_t bits;
    std::string data;
    std::string want;
  };
  std::string damaged = packed("abc");
  damaged.back() = static_cast<char>(damaged.back() ^ 1);
  std::string gzip = packed("abc");
  gzip[0] = '\x1f';
  gzip[1] = '\x8b';
  const std::vector<Case> cases = {
      {"as many bytes as may be", 1, packed(std::string(kMost, 'x')), "good"},
      {"one less", 1, packed(std::string(kMost - 1, 'x')), "good"},
      {"one more", 1, packed(std::string(kMost + 1, 'x')), "bounds"},
      {"not packed hard", 1, packed(std::string(kMost, 'x'), 0), "good"},
      {"a bomb: 64 MiB of zeros in 64 KiB", 1, packed(std::string(64 << 20, '\0')), "bounds"},
      {"empty", 1, packed(""), "bounds"},
      {"no data", 1, "", "form"},
      {"cut by a byte", 1, packed("abc").substr(0, packed("abc").size() - 1), "form"},
      {"its header alone", 1, packed("abc").substr(0, 2), "form"},
      {"a wrong checksum, RFC 1950", 1, damaged, "form"},
      {"a byte behind it", 1, packed("abc") + "x", "form"},
      {"a second list behind it", 1, packed("abc") + packed("abc"), "form"},
      {"bare DEFLATE", 1, packed("abc").substr(2), "form"},
      {"gzip", 1, gzip, "form"},
      {"a preset dictionary", 1, std::string("\x78\xbb\x00\x00\x00\x01", 6) + "abc", "form"},
      {"no bits", 0, packed("abc"), "claim"},
      {"two bits", 2, packed("abc"), "good"},
      {"three bits", 3, packed("abc"), "claim"},
      {"sixteen bits", 16, packed("abc"), "claim"},
      {"2^63 bits", std::uint64_t{1} << 63, packed("abc"), "claim"},
  };
  for (const auto& c : cases) EXPECT_EQ(fault_of(c.bits, c.data), c.want) << c.name;
}

TEST(StatusList, TakesTheBytesOfItsArrayAndNoMore) {
  const std::string array(1'250'000, '\x55');
  const auto list = StatusList::unpack(1, packed(array), 2'000'000).value();
  EXPECT_EQ(list.bytes(), 1'250'000U);
  EXPECT_EQ(list.size(), 10'000'000U);
  EXPECT_EQ(list.at(9'999'998), TokenStatus::invalid);
  EXPECT_EQ(list.at(9'999'999), TokenStatus::valid);
  EXPECT_EQ(list.at(10'000'000), TokenStatus::unknown);
}

TEST(StatusList, NamesEachStatus) {
  EXPECT_EQ(token_status_name(TokenStatus::valid), "valid");
  EXPECT_EQ(token_status_name(TokenStatus::other), "other");
  EXPECT_EQ(token_status_name(TokenStatus::unknown), "unknown");
}

TEST(StatusList, IsTakenBackWhereWhatWasNoGoodOneIsOne) {
  const auto of = [](std::uint64_t bits, std::string bytes) {
    return StatusList::unpack(bits, testing::packed(bytes), 100).value();
  };
  const StatusList one = of(1, {0x00, 0x02});
  EXPECT_FALSE(one.taken_back_by(one));
  EXPECT_FALSE(one.taken_back_by(of(1, {0x01, 0x03, 0x01}))) << "more, and longer";
  EXPECT_TRUE(one.taken_back_by(of(1, {0x01, 0x01}))) << "another one instead";
  EXPECT_TRUE(one.taken_back_by(of(1, {0x00}))) << "of it nothing is said any more";
  EXPECT_FALSE(of(1, {0x02, 0x00}).taken_back_by(of(1, {0x02}))) << "of no revoked one";
  const StatusList suspended = of(2, {0x08});
  EXPECT_FALSE(suspended.taken_back_by(of(2, {0x04}))) << "revoked";
  EXPECT_TRUE(suspended.taken_back_by(of(2, {0x02}))) << "another one is suspended";
  EXPECT_FALSE(suspended.taken_back_by(of(1, {0x02}))) << "the second of other bits";
  EXPECT_TRUE(suspended.taken_back_by(of(1, {0x08}))) << "the same bytes, and other bits";
}

}  // namespace
}  // namespace latchkey::revocation
