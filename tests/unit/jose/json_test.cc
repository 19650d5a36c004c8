// SPDX-License-Identifier: Apache-2.0
#include "core/jose/json.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace latchkey::jose {
namespace {

std::string arrays(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

std::string object_of(std::size_t members) {
  std::string text = "{";
  for (std::size_t i = 0; i < members; ++i) {
    text += (i == 0 ? "\"" : ",\"") + std::string("name-") + std::to_string(i) + "\":1";
  }
  return text + "}";
}

struct Refusal {
  std::string_view name;
  std::string input;
  JsonError want;
};

TEST(JsonReader, RefusesWhatTwoParsersCouldReadDifferently) {
  const Refusal cases[] = {
      {"refused: nothing", "", JsonError::empty},
      {"refused: blanks only", " \n\t", JsonError::empty},
      {"refused: duplicate name", R"({"a":1,"a":2})", JsonError::duplicate_name},
      {"refused: duplicate name with the same value", R"({"a":1,"a":1})",
       JsonError::duplicate_name},
      {"refused: duplicate name by escape, RFC 7515 section 4", R"({"exp":1,"\u0065xp":2})",
       JsonError::duplicate_name},
      {"refused: duplicate empty name", R"({"":1,"":2})", JsonError::duplicate_name},
      {"refused: duplicate name with NUL", R"({"a\u0000":1,"a\u0000":2})",
       JsonError::duplicate_name},
      {"refused: duplicate name in an inner object", R"({"a":{"b":1,"b":2}})",
       JsonError::duplicate_name},
      {"refused: duplicate name in an object in an array", R"([1,[{"b":1,"c":3,"b":2}]])",
       JsonError::duplicate_name},
      {"refused: duplicate name, long, last of many", object_of(500).insert(1, R"("name-499":1,)"),
       JsonError::duplicate_name},
      {"refused: a second value", "{}{}", JsonError::syntax},
      {"refused: a second value after a blank", "{} 1", JsonError::syntax},
      {"refused: trailing comma", "[1,]", JsonError::syntax},
      {"refused: trailing NUL", std::string("{}\0", 3), JsonError::syntax},
      {"refused: byte order mark, RFC 8259 section 8.1", "\xEF\xBB\xBF{}", JsonError::syntax},
      {"refused: comment", "/*c*/{}", JsonError::syntax},
      {"refused: single quotes", "{'a':1}", JsonError::syntax},
      {"refused: cut word", "[tru]", JsonError::syntax},
      {"refused: bare name", "{a:1}", JsonError::syntax},
      {"refused: control character in a string", "[\"a\nb\"]", JsonError::syntax},
      {"refused: lone surrogate by escape", R"(["\ud800"])", JsonError::syntax},
      {"refused: bad escape", R"(["\x41"])", JsonError::syntax},
      {"refused: broken UTF-8", "[\"\xff\"]", JsonError::not_utf8},
      {"refused: overlong UTF-8", "[\"\xc0\xae\"]", JsonError::not_utf8},
      {"refused: surrogate in UTF-8", "[\"\xed\xa0\x80\"]", JsonError::not_utf8},
      {"refused: integer of 2^64", "[18446744073709551616]", JsonError::number},
      {"refused: number beyond a double", "[1e400]", JsonError::number},
      {"refused: NaN", "[NaN]", JsonError::syntax},
      {"refused: leading zero", "[01]", JsonError::number},
      {"refused: leading plus", "[+1]", JsonError::syntax},
      {"refused: fraction without digits", "[1.]", JsonError::number},
      {"refused: depth 17", arrays(17), JsonError::too_deep},
      {"refused: depth 3000", arrays(3'000), JsonError::too_deep},
      {"refused: depth 17 of objects",
       [] {
         std::string text = "1";
         for (int i = 0; i < 17; ++i) text = R"({"a":)" + text + "}";
         return text;
       }(),
       JsonError::too_deep},
      {"refused: 1025 members", object_of(1'025), JsonError::too_many_members},
      {"refused: one byte too long", "[" + std::string(limits::kJwkSetBytes - 1, ' ') + "]",
       JsonError::too_long},
  };
  JsonReader reader;
  for (const Refusal& c : cases) {
    const auto value = reader.read(c.input);
    ASSERT_FALSE(value) << c.name;
    EXPECT_EQ(value.error(), c.want) << c.name << ": " << describe(value.error());
    EXPECT_FALSE(describe(value.error()).empty());
  }
  EXPECT_TRUE(reader.read("{}")) << "a reader that refused reads the next text";
}

TEST(JsonReader, TakesWhatIsWithinTheBounds) {
  const std::string cases[] = {
      arrays(16),
      object_of(1'024),
      "[" + std::string(limits::kJwkSetBytes - 2, ' ') + "]",
      R"({"a":{"x":1},"b":{"x":1},"x":[{"x":1},{"x":1}]})",  // the same name in different objects
      R"({"a":1,"A":2,"a\u0000":3,"a ":4})",
      R"({"\u00e9":1,"e\u0301":2})",  // equal only where names are normalised, which no JSON reader
                                      // may
      "\t\r\n {} \n",
      "[18446744073709551615,-9223372036854775808,1e308,0,-0]",
      "\"text\"",
      "null",
  };
  JsonReader reader;
  for (const std::string& text : cases) EXPECT_TRUE(reader.read(text)) << text.substr(0, 60);
}

TEST(JsonReader, OwnLimitsHold) {
  JsonReader reader(JsonLimits{.bytes = 10, .depth = 2, .members = 1});
  EXPECT_TRUE(reader.read("[[1]]"));
  EXPECT_TRUE(reader.read(R"({"a":1}   )"));
  EXPECT_EQ(reader.read("[[[1]]]").error(), JsonError::too_deep);
  EXPECT_EQ(reader.read("           ").error(), JsonError::too_long);
  EXPECT_EQ(reader.read("{\"a\":1,\"b\":2}").error(), JsonError::too_long);
  JsonReader one(JsonLimits{.members = 1});
  EXPECT_EQ(one.read(R"({"a":1,"b":2})").error(), JsonError::too_many_members);
}

TEST(JsonReader, DuplicatesAreFoundAmongAnyNumberOfNames) {
  JsonReader reader;
  for (const std::size_t members : {2U, 3U, 31U, 32U, 33U, 34U, 200U}) {
    for (std::size_t at = 0; at < members; ++at) {
      // The first name once more, at every place.
      std::string text = "{\"name-0\":0";
      for (std::size_t i = 1; i < members; ++i) {
        text += ",\"name-" + std::to_string(i == at ? 0 : i) + "\":0";
      }
      text += "}";
      EXPECT_EQ(reader.read(text).has_value(), at == 0) << members << ' ' << at;
    }
  }
}

// Names whose cheap digests collide by design: same ends, same length.
TEST(JsonReader, NamesThatDifferInTheMiddleAreNoDuplicates) {
  JsonReader reader;
  std::string text = "{";
  for (int i = 0; i < 100; ++i) {
    text += (i == 0 ? "\"" : ",\"") + std::string("prefix--") + std::to_string(1'000 + i) +
            "--suffix\":0";
  }
  EXPECT_TRUE(reader.read(text + "}"));
  EXPECT_EQ(reader.read(text + R"(,"prefix--1050--suffix":0})").error(), JsonError::duplicate_name);
  EXPECT_TRUE(reader.read(R"({"prefix--a--suffix":0,"prefix--b--suffix":0})"));
}

// The look-up's digest of a name sees its ends and its length; a claim must not be taken for
// another whose name differs between.
TEST(JsonValue, IsNotFoundByANameThatDiffersInTheMiddle) {
  JsonReader reader;
  const auto value = reader.read(R"({"https://a.example/left/my-groups":1,"other":2})");
  ASSERT_TRUE(value);
  EXPECT_FALSE(value->find("https://a.example/west/my-groups"));
  EXPECT_FALSE(value->find("https://a.example/left/my-groupz"));
  ASSERT_TRUE(value->find("https://a.example/left/my-groups"));
  EXPECT_EQ(value->find("https://a.example/left/my-groups")->as_integer(), 1);
}

TEST(JsonReader, PaddedTextIsHeldToTheLengthAsWell) {
  JsonReader reader(JsonLimits{.bytes = 8});
  std::string text = R"({"a":10})";
  const std::size_t size = text.size();
  text.resize(size + 1 + kJsonPadding, ' ');
  EXPECT_TRUE(reader.read_padded(std::string_view(text).substr(0, size)));
  const auto longer = reader.read_padded(std::string_view(text).substr(0, size + 1));
  ASSERT_FALSE(longer);
  EXPECT_EQ(longer.error(), JsonError::too_long);
}

TEST(JsonReader, PaddedTextIsReadInPlace) {
  std::string buffer = R"({"a":"b"})" + std::string(kJsonPadding, '"');
  JsonReader reader;
  const auto value = reader.read_padded(std::string_view(buffer).substr(0, 9));
  ASSERT_TRUE(value);
  EXPECT_EQ(value->find("a")->as_string(), "b");
}

TEST(JsonReader, GrowsAndShrinksWithItsTexts) {
  JsonReader reader;
  for (const std::size_t size : {1U, 1'000U, 1'023U, 1'024U, 1'025U, 70'000U, 3U, 70'001U}) {
    const std::string text = "\"" + std::string(size, 'x') + "\"";
    const auto value = reader.read(text);
    ASSERT_TRUE(value) << size;
    EXPECT_EQ(value->as_string()->size(), size);
  }
}

TEST(JsonReader, NothingOfASecretIsLeftOnceItIsWiped) {
  JsonReader reader;
  const auto value = reader.read(R"({"k":"a secret","long":")" + std::string(3'000, 's') + R"("})");
  ASSERT_TRUE(value);
  const std::string_view secrets[] = {*value->find("k")->as_string(),
                                      *value->find("long")->as_string()};
  reader.forget();
  for (const std::string_view secret : secrets)
    EXPECT_EQ(secret.find_first_not_of('\0'), std::string_view::npos);
  EXPECT_TRUE(reader.read("{}"));
  JsonReader fresh;
  fresh.forget();
}

TEST(JsonValue, GivesEachTypeOnlyAsItself) {
  JsonReader reader;
  const auto root = reader.read(
      R"({"s":"tä\u0000\n","i":-5,"u":18446744073709551615,"m":9223372036854775807,"d":1.5,"e":1e3,"t":true,"f":false,)"
      R"("n":null,"a":[1,"x",[2]],"o":{"p":{"q":1}},"empty":{},"none":[]})");
  ASSERT_TRUE(root);
  const auto at = [&](std::string_view name) { return *root->find(name); };
  using namespace std::string_view_literals;
  EXPECT_EQ(at("s").as_string(), "tä\0\n"sv);
  EXPECT_EQ(at("i").as_integer(), -5);
  EXPECT_EQ(at("i").as_number(), -5.0);
  EXPECT_EQ(at("m").as_integer(), INT64_MAX);
  EXPECT_EQ(at("u").as_integer(), std::nullopt);
  EXPECT_EQ(at("u").as_number(), 18446744073709551615.0);
  EXPECT_EQ(at("d").as_number(), 1.5);
  EXPECT_EQ(at("d").as_integer(), std::nullopt);
  EXPECT_EQ(at("e").as_integer(), std::nullopt);
  EXPECT_EQ(at("e").as_number(), 1000.0);
  EXPECT_EQ(at("t").as_boolean(), true);
  EXPECT_EQ(at("f").as_boolean(), false);
  EXPECT_TRUE(at("n").is_null());
  for (const std::string_view name : {"i", "d", "t", "n", "a", "o"})
    EXPECT_FALSE(at(name).as_string()) << name;
  for (const std::string_view name : {"s", "t", "n", "a", "o"})
    EXPECT_FALSE(at(name).as_number()) << name;
  for (const std::string_view name : {"s", "i", "n", "a", "o"})
    EXPECT_FALSE(at(name).as_boolean()) << name;

  EXPECT_EQ(at("a").size(), 3U);
  EXPECT_EQ(at("o").size(), 1U);
  EXPECT_EQ(at("s").size(), 0U);
  EXPECT_EQ(at("empty").size(), 0U);
  EXPECT_EQ(at("none").size(), 0U);
  std::vector<JsonType> types;
  for (const JsonValue value : at("a").elements()) types.push_back(value.type());
  EXPECT_EQ(types, (std::vector{JsonType::integer, JsonType::string, JsonType::array}));
  std::string names;
  for (const JsonMember member : root->members()) names += member.name;
  EXPECT_EQ(names, "siumdetfnaoemptynone");

  EXPECT_FALSE(root->find("absent"));
  EXPECT_FALSE(at("a").find("0"));
  EXPECT_EQ(at("o").find("p")->find("q")->as_integer(), 1);
  EXPECT_FALSE(root->find("q"));
}

TEST(JsonReader, leaves_nothing_of_a_text_that_it_was_told_to_forget) {
  JsonReader reader;
  const auto value = reader.read(R"({"d":"a secret that is long enough"})");
  ASSERT_TRUE(value);
  const std::string_view secret = *value->find("d")->as_string();
  reader.forget();
  EXPECT_EQ(std::string(secret), std::string(secret.size(), '\0'));
  EXPECT_EQ(reader.read(R"({"d":"new"})").value().find("d")->as_string(), "new");
}

}  // namespace
}  // namespace latchkey::jose
