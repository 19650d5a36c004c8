// SPDX-License-Identifier: Apache-2.0
#include "wire/parts.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace latchkey::wire {
namespace {

const std::string kDigest = "0123456789abcdef";

std::string marker(unsigned part, unsigned parts, std::size_t most) {
  std::array<char, kMarkerMost> out;
  return std::string(make_marker({.part = part, .parts = parts, .most = most}, out));
}

TEST(Marker, IsWrittenAsTheProtocolHasIt) {
  EXPECT_EQ(marker(1, 0, 500), "[latchkey/1 1/? 500]: ");
  EXPECT_EQ(marker(2, 7, 1000), "[latchkey/1 2/7 1000]: ");
  EXPECT_EQ(marker(160, 160, 65'536), "[latchkey/1 160/160 65536]: ");
}

TEST(Marker, IsNotWrittenWhenItSaysNothingPossible) {
  EXPECT_EQ(marker(0, 1, 500), "");
  EXPECT_EQ(marker(2, 1, 500), "");
  EXPECT_EQ(marker(2, 0, 500), "") << "an unknown number of parts is known after the first";
  EXPECT_EQ(marker(1, kPartsMost + 1, 500), "");
  EXPECT_EQ(marker(1, 1, kPartLeast - 1), "");
  EXPECT_NE(marker(1, 1, kPartLeast), "");
  EXPECT_EQ(marker(1, 1, kTokenMost + 1), "");
}

TEST(Marker, IsFoundAtTheEndOfAPrompt) {
  struct Case {
    std::string name;
    std::string prompt;
    bool want;
  };
  const std::vector<Case> cases = {
      {"found alone", "[latchkey/1 2/3 500]: ", true},
      {"found behind ssh's prefix and a text",
       "(alice@host) Sign in\nToken [latchkey/1 2/3 500]: ", true},
      {"found behind another marker", "[latchkey/1 1/? 1000]: [latchkey/1 2/3 500]: ", true},
      {"not found in an empty prompt", "", false},
      {"not found in a password prompt", "Password: ", false},
      {"not found before the end", "[latchkey/1 2/3 500]: x", false},
      {"not found without its blank", "[latchkey/1 2/3 500]:", false},
      {"not found with a second blank", "[latchkey/1 2/3 500]:  ", false},
      {"not found with another version", "[latchkey/2 2/3 500]: ", false},
      {"not found with a leading zero", "[latchkey/1 02/3 500]: ", false},
      {"not found with part 0", "[latchkey/1 0/3 500]: ", false},
      {"not found with a part behind the last", "[latchkey/1 4/3 500]: ", false},
      {"not found with '?' for a later part", "[latchkey/1 2/? 500]: ", false},
      {"not found with too many parts", "[latchkey/1 1/161 500]: ", false},
      {"not found with a number that would wrap", "[latchkey/1 4294967297/3 500]: ", false},
      {"not found with no room for a byte", "[latchkey/1 2/3 29]: ", false},
      {"not found with more room than a token takes", "[latchkey/1 2/3 65537]: ", false},
      {"not found with a sign", "[latchkey/1 +2/3 500]: ", false},
      {"not found without numbers", "[latchkey/1 /]: ", false},
      {"not found in another case", "[Latchkey/1 2/3 500]: ", false},
  };
  for (const Case& c : cases) {
    const std::optional<Marker> found = find_marker(c.prompt);
    EXPECT_EQ(found.has_value(), c.want) << c.name;
    if (!found) continue;
    EXPECT_EQ(found->part, 2U) << c.name;
    EXPECT_EQ(found->parts, 3U) << c.name;
    EXPECT_EQ(found->most, 500U) << c.name;
  }
  const std::optional<Marker> first = find_marker("[latchkey/1 1/? 1000]: ");
  ASSERT_TRUE(first);
  EXPECT_EQ(first.value_or(Marker{.parts = 9}).parts, 0U);
}

TEST(Marker, EveryCutOfOneIsNone) {
  const std::string whole = "Token [latchkey/1 160/160 65536]: ";
  ASSERT_TRUE(find_marker(whole));
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(find_marker(whole.substr(0, size))) << size;
}

TEST(Part, IsWrittenAndReadAsTheProtocolHasIt) {
  std::array<char, 100> out;
  const std::string_view text =
      make_part({.part = 2, .parts = 13, .digest = kDigest, .data = "a.b-_"}, out);
  EXPECT_EQ(text, "lk1.2.13.0123456789abcdef.a.b-_");
  const ParsedPart parsed = parse_part(text);
  ASSERT_EQ(parsed.kind, PartKind::part);
  EXPECT_EQ(parsed.part.part, 2U);
  EXPECT_EQ(parsed.part.parts, 13U);
  EXPECT_EQ(parsed.part.digest, kDigest);
  EXPECT_EQ(parsed.part.data, "a.b-_");
}

TEST(Part, IsToldFromAWholeTokenAndFromABrokenOne) {
  struct Case {
    std::string name;
    std::string answer;
    PartKind want;
  };
  const std::vector<Case> cases = {
      {"a part", "lk1.1.1.0123456789abcdef.x", PartKind::part},
      {"whole: a token", "eyJhbGciOiJFUzI1NiJ9.e30.AA", PartKind::whole},
      {"whole: nothing", "", PartKind::whole},
      {"whole: a shorter start", "lk1", PartKind::whole},
      {"whole: another version", "lk2.1.1.0123456789abcdef.x", PartKind::whole},
      {"broken: the start alone", "lk1.", PartKind::broken},
      {"broken: part 0", "lk1.0.1.0123456789abcdef.x", PartKind::broken},
      {"broken: a part behind the last", "lk1.2.1.0123456789abcdef.x", PartKind::broken},
      {"broken: 161 parts", "lk1.1.161.0123456789abcdef.x", PartKind::broken},
      {"broken: a leading zero", "lk1.01.1.0123456789abcdef.x", PartKind::broken},
      {"broken: a number that would wrap", "lk1.4294967297.1.0123456789abcdef.x", PartKind::broken},
      {"broken: a short digest", "lk1.1.1.0123456789abcde.x", PartKind::broken},
      {"broken: a long digest", "lk1.1.1.0123456789abcdef0.x", PartKind::broken},
      {"broken: an upper-case digest", "lk1.1.1.0123456789ABCDEF.x", PartKind::broken},
      {"broken: no data", "lk1.1.1.0123456789abcdef.", PartKind::broken},
      {"broken: no dot before the data", "lk1.1.1.0123456789abcdef", PartKind::broken},
      {"broken: no number of parts", "lk1.1..0123456789abcdef.x", PartKind::broken},
      {"broken: a missing dot", "lk1.1-1.0123456789abcdef.x", PartKind::broken},
  };
  for (const Case& c : cases) EXPECT_EQ(parse_part(c.answer).kind, c.want) << c.name;
}

TEST(Part, EveryCutOfOneIsNoneBeforeItsData) {
  const std::string whole = "lk1.12.160." + kDigest + ".data";
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const PartKind want = size < 4                   ? PartKind::whole
                          : size <= whole.size() - 4 ? PartKind::broken
                                                     : PartKind::part;
    EXPECT_EQ(parse_part(whole.substr(0, size)).kind, want) << size;
  }
}

TEST(Part, IsNotWrittenWhenItWouldNotBeReadOrDoesNotFit) {
  std::array<char, 100> out;
  EXPECT_EQ(make_part({.part = 0, .parts = 1, .digest = kDigest, .data = "x"}, out), "");
  EXPECT_EQ(make_part({.part = 2, .parts = 1, .digest = kDigest, .data = "x"}, out), "");
  EXPECT_EQ(make_part({.part = 1, .parts = kPartsMost + 1, .digest = kDigest, .data = "x"}, out),
            "");
  EXPECT_EQ(make_part({.part = 1, .parts = 1, .digest = "0123", .data = "x"}, out), "");
  EXPECT_EQ(make_part({.part = 1, .parts = 1, .digest = kDigest, .data = ""}, out), "");
  const std::string exact = "lk1.1.1." + kDigest + ".x";
  for (std::size_t room = 0; room <= exact.size(); ++room) {
    const auto text = make_part({.part = 1, .parts = 1, .digest = kDigest, .data = "x"},
                                std::span(out.data(), room));
    EXPECT_EQ(text, room < exact.size() ? "" : exact) << room;
  }
}

TEST(Part, SlicesGiveTheTokenBackAndEachAnswerFits) {
  for (const std::size_t most : {kPartMostSudo, kPartMostSsh}) {
    const std::size_t room = most - kPartPrefixMost;
    for (const std::size_t size :
         {std::size_t{1}, room - 1, room, room + 1, 2 * room, std::size_t{16'000}, kTokenMost}) {
      std::string token(size, 'x');
      for (std::size_t i = 0; i < size; ++i) token[i] = static_cast<char>('A' + i % 26);
      const unsigned parts = parts_of(size, most);
      ASSERT_GE(parts, 1U);
      EXPECT_EQ(parts, (size + room - 1) / room);
      std::string joined;
      for (unsigned k = 1; k <= parts; ++k) {
        std::vector<char> out(most);
        const std::string_view data = slice_of(token, k, most);
        const std::string_view text =
            make_part({.part = k, .parts = parts, .digest = kDigest, .data = data}, out);
        ASSERT_EQ(parse_part(text).kind, PartKind::part) << k << "/" << parts;
        joined += parse_part(text).part.data;
      }
      EXPECT_EQ(joined, token);
      EXPECT_EQ(slice_of(token, 0, most), "");
      EXPECT_EQ(slice_of(token, parts + 1, most), "");
    }
  }
}

TEST(Part, ThereIsNoneOfATokenThatCannotBeGiven) {
  EXPECT_EQ(parts_of(0, kPartMostSsh), 0U);
  EXPECT_EQ(parts_of(kTokenMost + 1, kPartMostSsh), 0U);
  EXPECT_EQ(parts_of(1, kPartLeast - 1), 0U);
  EXPECT_EQ(parts_of(kPartsMost, kPartLeast), kPartsMost);
  EXPECT_EQ(parts_of(kPartsMost + 1, kPartLeast), 0U) << "one part more than there may be";
}

}  // namespace
}  // namespace latchkey::wire
