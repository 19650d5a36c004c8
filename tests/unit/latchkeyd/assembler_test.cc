// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/assembler.h"

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/jose/scratch.h"
#include "core/jose/token_digest.h"
#include "wire/limits.h"

namespace latchkey::latchkeyd {
namespace {

constexpr std::string_view kDigest = "0123456789abcdef";

Assembler assembler() { return Assembler(wire::SecretBuffer(wire::kTokenMost)); }

TEST(Assembler, TakesPartsInOrderAndNothingElse) {
  struct Case {
    std::string_view name;
    std::vector<wire::Part> parts;
    std::optional<Reason> want;  // of the last part; none: the token is whole
  };
  const Case cases[] = {
      {"one part is a token", {{1, 1, kDigest, "abc"}}, std::nullopt},
      {"three parts in order are a token",
       {{1, 3, kDigest, "a"}, {2, 3, kDigest, "b"}, {3, 3, kDigest, "c"}},
       std::nullopt},
      {"refused when the first part is missing",
       {{2, 3, kDigest, "b"}},
       Reason::token_parts_invalid},
      {"refused when a part is left out",
       {{1, 3, kDigest, "a"}, {3, 3, kDigest, "c"}},
       Reason::token_parts_invalid},
      {"refused when a part comes twice",
       {{1, 3, kDigest, "a"}, {1, 3, kDigest, "a"}},
       Reason::token_parts_invalid},
      {"refused when a part goes back",
       {{1, 3, kDigest, "a"}, {2, 3, kDigest, "b"}, {1, 3, kDigest, "a"}},
       Reason::token_parts_invalid},
      {"refused when the number of parts changes",
       {{1, 3, kDigest, "a"}, {2, 4, kDigest, "b"}},
       Reason::token_parts_invalid},
      {"refused when the digest changes",
       {{1, 2, kDigest, "a"}, {2, 2, "0123456789abcdee", "b"}},
       Reason::token_parts_invalid},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    Assembler parts = assembler();
    Expected<void> last;
    for (const wire::Part& part : test.parts) {
      ASSERT_TRUE(last) << "only the last part may be refused";
      last = parts.add(part);
    }
    EXPECT_EQ(last.has_value(), !test.want.has_value());
    EXPECT_EQ(parts.complete(), !test.want.has_value());
    if (test.want) {
      EXPECT_EQ(last.error().reason, *test.want);
    }
  }
}

TEST(Assembler, SaysWhichPartIsWantedNext) {
  Assembler parts = assembler();
  EXPECT_EQ(parts.next(), 1U);
  EXPECT_EQ(parts.parts(), 0U);
  ASSERT_TRUE(parts.add({1, 2, kDigest, "a"}));
  EXPECT_EQ(parts.next(), 2U);
  EXPECT_EQ(parts.parts(), 2U);
  EXPECT_FALSE(parts.complete());
}

TEST(Assembler, HoldsATokenOfTheFullSizeAndNoByteMore) {
  struct Case {
    std::string_view name;
    std::size_t size;
    std::optional<Reason> want;
  };
  const Case cases[] = {
      {"one byte below the limit", wire::kTokenMost - 1, std::nullopt},
      {"exactly the limit", wire::kTokenMost, std::nullopt},
      {"one byte above the limit", wire::kTokenMost + 1, Reason::token_too_long},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    Assembler parts = assembler();
    const std::string first(1'000, 'a');
    const std::string second(test.size - first.size(), 'b');
    ASSERT_TRUE(parts.add({1, 2, kDigest, first}));
    const Expected<void> added = parts.add({2, 2, kDigest, second});
    EXPECT_EQ(added.has_value(), !test.want.has_value());
    EXPECT_EQ(parts.view().size(), test.want ? first.size() : test.size);
    if (test.want) {
      EXPECT_EQ(added.error().reason, *test.want);
    }
  }
}

TEST(Assembler, RefusesWithoutMemory) {
  Assembler parts{wire::SecretBuffer()};
  const Expected<void> added = parts.add({1, 1, kDigest, "a"});
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().reason, Reason::internal_error);
  EXPECT_FALSE(parts.complete());
}

TEST(Assembler, FitsTheDigestOfTheWholeTokenOnly) {
  jose::Scratch scratch;
  const auto digest = jose::digest_token("abc", scratch);
  const auto other = jose::digest_token("abd", scratch);
  ASSERT_TRUE(digest && other);
  const std::string promised = digest->hex().substr(0, wire::kPartDigestSize);
  Assembler parts = assembler();
  ASSERT_TRUE(parts.add({1, 2, promised, "ab"}));
  EXPECT_FALSE(parts.fits(*digest)) << "not while a part is missing";
  ASSERT_TRUE(parts.add({2, 2, promised, "c"}));
  EXPECT_TRUE(parts.fits(*digest));
  EXPECT_FALSE(parts.fits(*other));
  EXPECT_EQ(parts.release().view(), "abc");
}

}  // namespace
}  // namespace latchkey::latchkeyd
