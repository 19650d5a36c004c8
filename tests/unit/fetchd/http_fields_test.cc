// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetchd/http_fields.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace latchkey::fetchd {
namespace {

using std::chrono::seconds;

struct TagCase {
  const char* name;
  std::string input;
  bool want;
};

TEST(EntityTag, is_what_rfc_9110_says_and_printable) {
  const TagCase cases[] = {
      {"strong", "\"abc\"", true},
      {"weak", "W/\"abc\"", true},
      {"empty inside", "\"\"", true},
      {"punctuation", "\"a!#~\\\"", true},
      {"refused: nothing", "", false},
      {"refused: no quotes", "abc", false},
      {"refused: one quote", "\"", false},
      {"refused: weak without quotes", "W/", false},
      {"refused: weak in lower case", "w/\"abc\"", false},
      {"refused: a quote inside", "\"a\"b\"", false},
      {"refused: a blank inside", "\"a b\"", false},
      {"refused: a line end inside", "\"a\r\nX: y\"", false},
      {"refused: a NUL inside", std::string("\"a\0b\"", 5), false},
      {"refused: DEL", "\"\x7f\"", false},
      {"refused: no ASCII", "\"\xc3\xa9\"", false},
      {"1024 bytes", "\"" + std::string(1'022, 'x') + "\"", true},
      {"refused: 1025 bytes", "\"" + std::string(1'023, 'x') + "\"", false},
  };
  for (const TagCase& item : cases) EXPECT_EQ(is_entity_tag(item.input), item.want) << item.name;
}

TEST(HttpDate, is_the_one_form_that_may_be_sent) {
  EXPECT_TRUE(is_http_date("Sun, 06 Nov 1994 08:49:37 GMT"));
  for (const std::string text :
       {"", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
        "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 6 Nov 1994 08:49:37 GMT",
        "sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sun, 06 Nov 1994 08:49:3\r GMT", "\r\nX: 06 Nov 1994 08:49:37 GMT"})
    EXPECT_FALSE(is_http_date(text)) << text;
}

struct LifetimeCase {
  const char* name;
  std::vector<std::string> cache_control;
  const char* age;
  std::optional<seconds> want;
};

TEST(FreshnessLifetime, follows_rfc_9111) {
  const LifetimeCase cases[] = {
      {"nothing is said", {}, "", std::nullopt},
      {"max-age", {"max-age=300"}, "", seconds(300)},
      {"among others, in any case", {"public, Max-Age=300 , must-revalidate"}, "", seconds(300)},
      {"quoted", {"max-age=\"300\""}, "", seconds(300)},
      {"blanks around the sign", {"max-age = 300"}, "", seconds(300)},
      {"less what it spent in a cache", {"max-age=300"}, "120", seconds(180)},
      {"all spent", {"max-age=300"}, "301", seconds(0)},
      {"a broken age counts as none", {"max-age=300"}, "-5", seconds(300)},
      {"no-store", {"no-store"}, "", seconds(0)},
      {"no-cache beats max-age", {"max-age=300, no-cache"}, "", seconds(0)},
      {"no-cache with a field name", {"no-cache=\"Set-Cookie\", max-age=300"}, "", seconds(0)},
      {"over several fields", {"public", "max-age=300"}, "", seconds(300)},
      {"twice: the shorter", {"max-age=300, max-age=60"}, "", seconds(60)},
      {"s-maxage is for shared caches", {"s-maxage=10"}, "", std::nullopt},
      {"a comma inside quotes", {"x=\"a, max-age=1\", max-age=300"}, "", seconds(300)},
      {"an open quote swallows the rest", {"x=\"a, max-age=1"}, "", std::nullopt},
      {"without a value", {"max-age"}, "", std::nullopt},
      {"an empty value", {"max-age="}, "", std::nullopt},
      {"a negative value", {"max-age=-1"}, "", std::nullopt},
      {"a fraction", {"max-age=1.5"}, "", std::nullopt},
      {"a lone quote", {"max-age=\""}, "", std::nullopt},
      {"2^64 is cut to ten years", {"max-age=18446744073709551616"}, "", seconds(315'360'000)},
      {"only commas", {",,, ,"}, "", std::nullopt},
  };
  for (const LifetimeCase& item : cases) {
    EXPECT_EQ(freshness_lifetime(item.cache_control, item.age), item.want) << item.name;
  }
}

TEST(Printable, is_one_bounded_line_of_ascii) {
  EXPECT_EQ(printable("a\nb\x1b[31m\xc3\xa9\x7f", 100), "a?b?[31m???");
  EXPECT_EQ(printable("abcdef", 3), "abc");
  EXPECT_EQ(printable("", 3), "");
}

}  // namespace
}  // namespace latchkey::fetchd
