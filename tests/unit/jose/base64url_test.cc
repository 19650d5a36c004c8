// SPDX-License-Identifier: Apache-2.0
#include "core/jose/base64url.h"

#include <numeric>

#include <gtest/gtest.h>

namespace latchkey::jose {
namespace {

struct Case {
  std::string_view name;
  std::string_view input;
  std::optional<std::string> want;
};

TEST(Base64url, DecodesTheCanonicalFormOnly) {
  using namespace std::string_literals;
  const Case cases[] = {
      {"decoded: nothing", "", ""},
      {"decoded: one byte", "Zg", "f"},
      {"decoded: two bytes", "Zm8", "fo"},
      {"decoded: three bytes", "Zm9v", "foo"},
      {"decoded: six bytes", "Zm9vYmFy", "foobar"},
      {"decoded: the two letters of the URL alphabet", "-_-_", "\xfb\xff\xbf"},
      {"decoded: RFC 7515 appendix C", "A-z_4ME", "\x03\xec\xff\xe0\xc1"},
      {"decoded: NUL", "AA", "\0"s},
      {"refused: one character too many", "Zm9vY", std::nullopt},
      {"refused: a single character", "Z", std::nullopt},
      {"refused: padding, RFC 7515 section 2", "Zg==", std::nullopt},
      {"refused: padding of three", "Zm8=", std::nullopt},
      {"refused: padding alone", "====", std::nullopt},
      {"refused: the alphabet of plain base64, plus", "+_-_", std::nullopt},
      {"refused: the alphabet of plain base64, slash", "-/-_", std::nullopt},
      {"refused: blank inside", "Zm 9", std::nullopt},
      {"refused: trailing newline", "Zm9v\n", std::nullopt},
      {"refused: newline within the last group", "Zm\n", std::nullopt},
      {"refused: NUL inside", std::string_view("Zm\0v", 4), std::nullopt},
      {"refused: byte above ASCII", "Zm\xc3\xb6", std::nullopt},
      {"refused: trailing bits of one byte, RFC 4648 section 3.5", "Zh", std::nullopt},
      {"refused: highest trailing bit of one byte", "Zo", std::nullopt},
      {"refused: trailing bits of two bytes", "Zm9", std::nullopt},
      {"refused: a dot", "Zm9.", std::nullopt},
  };
  for (const Case& c : cases) EXPECT_EQ(decode_base64url(c.input), c.want) << c.name;
}

// Whatever decodes, encodes to the same text: no two texts mean the same bytes.
TEST(Base64url, EveryPairAndTripleThatDecodesEncodesBack) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string pair{static_cast<char>(first), static_cast<char>(second)};
      for (const std::string& text : {pair, pair + "w", pair + "AA"}) {
        const auto bytes = decode_base64url(text);
        if (bytes) {
          ASSERT_EQ(encode_base64url(*bytes), text);
        }
      }
    }
  }
}

TEST(Base64url, EveryLengthComesBack) {
  std::string bytes(300, '\0');
  std::iota(bytes.begin(), bytes.end(), '\0');
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const std::string text = encode_base64url(std::string_view(bytes).substr(0, size));
    EXPECT_EQ(base64url_decoded_size(text.size()), size);
    EXPECT_EQ(decode_base64url(text), bytes.substr(0, size));
  }
}

TEST(Base64url, RefusedWhenTheBufferIsOneByteShort) {
  std::array<std::uint8_t, 3> buffer{};
  EXPECT_EQ(decode_base64url("Zm9v", buffer), 3U);
  EXPECT_FALSE(decode_base64url("Zm9v", std::span(buffer).first(2)));
}

}  // namespace
}  // namespace latchkey::jose
