// SPDX-License-Identifier: Apache-2.0
#include "core/claims/claim_reader.h"

#include <string>

#include <gtest/gtest.h>

#include "core/base/limits.h"

namespace latchkey::claims {
namespace {

using jose::JsonReader;

TEST(FindClaim, TheLiteralNameWinsOverThePath) {
  JsonReader reader;
  const auto root =
      *reader.read(R"({"a":{"b":{"c":1},"x.y":4},"a.b":2,"https://id.example/groups":3,"s":"t"})");
  EXPECT_EQ(find_claim(root, "a.b")->as_integer(), 2);
  EXPECT_EQ(find_claim(root, "a.b.c")->as_integer(), 1);
  EXPECT_EQ(find_claim(root, "a.x.y")->as_integer(), 4);
  EXPECT_EQ(find_claim(root, "https://id.example/groups")->as_integer(), 3);
  for (const std::string_view name : {"b", "a.c", "a.b.c.d", "s.t", "", ".", "a.", ".a", "a..b"}) {
    EXPECT_FALSE(find_claim(root, name)) << name;
  }
}

TEST(FindClaim, NamesOnThePathMayHoldDotsAndTheLongestCounts) {
  JsonReader reader;
  const auto root = *reader.read(
      R"({"k.io":{"ns":1,"sa":{"name":2},"x":{"y":3}},"k":{"io":{"ns":4,"only":5}},"k.io.x":{"y":6}})");
  EXPECT_EQ(find_claim(root, "k.io.ns")->as_integer(), 1);
  EXPECT_EQ(find_claim(root, "k.io.sa.name")->as_integer(), 2);
  EXPECT_EQ(find_claim(root, "k.io.x.y")->as_integer(), 6);
  EXPECT_EQ(find_claim(root, "k.io.only")->as_integer(), 5);
  EXPECT_FALSE(find_claim(root, "k.io.none"));
  EXPECT_FALSE(find_claim(root, "k.io.sa.name.x"));
}

std::string quoted_of(std::size_t size) { return "\"" + std::string(size, 'x') + "\""; }

TEST(ReadString, IsAStringWithinTheLimitOrAbsent) {
  JsonReader reader;
  const auto read = [&](const std::string& value) {
    return read_string(*reader.read(R"({"c":)" + value + "}"), "c");
  };
  EXPECT_EQ(read("\"x\"").value(), std::optional<std::string>("x"));
  EXPECT_EQ(read("\"\"").value(), std::optional<std::string>(""));
  EXPECT_EQ(read(quoted_of(limits::kClaimStringBytes))->value().size(), limits::kClaimStringBytes);
  for (const std::string& value :
       {std::string("1"), std::string("null"), std::string("[\"x\"]"), std::string("{}"),
        std::string("true"), quoted_of(limits::kClaimStringBytes + 1)}) {
    const auto result = read(value);
    ASSERT_FALSE(result) << value.substr(0, 20);
    EXPECT_EQ(result.error().reason, Reason::claim_invalid);
  }
  EXPECT_EQ(read_string(*reader.read("{}"), "c").value(), std::optional<std::string>());
}

TEST(ReadList, IsAStringOrAnArrayOfStrings) {
  JsonReader reader;
  const auto read = [&](const std::string& value) {
    return read_list(*reader.read(R"({"c":)" + value + "}"), "c", 3);
  };
  using List = std::optional<std::vector<std::string_view>>;
  EXPECT_EQ(read("\"x y\"").value(), List({"x y"})) << "blanks do not split";
  EXPECT_EQ(read("[]").value(), List(std::vector<std::string_view>{}));
  EXPECT_EQ(read(R"(["a","","c"])").value(), List({"a", "", "c"}));
  EXPECT_EQ(read_list(*reader.read("{}"), "c", 3).value(), List());
  for (const std::string& value :
       {std::string(R"(["a","b","c","d"])"), std::string(R"(["a",1])"), std::string("null"),
        std::string(R"([["a"]])"), std::string("{}"), std::string("7"),
        "[" + quoted_of(limits::kClaimStringBytes + 1) + "]"}) {
    const auto result = read(value);
    ASSERT_FALSE(result) << value.substr(0, 20);
    EXPECT_EQ(result.error().reason, Reason::claim_invalid);
  }
}

TEST(ReadDate, IsADateOrAbsent) {
  JsonReader reader;
  EXPECT_EQ(read_date(*reader.read("{}"), "exp").value(), std::optional<WallTime>());
  EXPECT_EQ(read_date(*reader.read(R"({"exp":1})"), "exp").value(),
            std::optional(WallTime(std::chrono::seconds(1))));
  const auto text = read_date(*reader.read(R"({"exp":"1"})"), "exp");
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().reason, Reason::claim_invalid);
}

}  // namespace
}  // namespace latchkey::claims
