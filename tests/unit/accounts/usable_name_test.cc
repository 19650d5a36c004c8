// SPDX-License-Identifier: Apache-2.0
//
// Names by their bytes (RFC 7515 section 5.3): what a token may call a local user, and what no name
// of ours ever is.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/accounts/local_accounts.h"
#include "tests/support/vectors.h"

namespace latchkey::accounts {
namespace {

using namespace std::string_literals;

struct Case {
  std::string name;
  std::string text;
  bool token;          // usable_name
  bool administrator;  // writable_name
};

TEST(Name, IsJudgedByItsBytes) {
  const std::vector<Case> cases = {
      {"a plain name is usable", "alice", true, true},
      {"one letter is usable", "a", true, true},
      {"digits, dots, dashes and underscores are usable", "a.b-c_9", true, true},
      {"a leading digit is usable with a letter behind it", "9a", true, true},
      {"a name that starts like a hex number is usable", "0xyz", true, true},
      {"a name that starts like a float is usable", "1e5a", true, true},
      {"a name that is a word for a number is usable", "nan", true, true},
      {"a hex number is not", "0x0", false, false},
      {"a hex number in upper case is not", "0xFF", false, false},
      {"a float is not", "1e5", false, false},
      {"a leading underscore is usable", "_apt", true, true},
      {"32 bytes are usable", std::string(32, 'a'), true, true},
      {"33 bytes are not", std::string(33, 'a'), false, false},
      {"nothing is not", "", false, false},
      {"digits alone are not: they read as an id", "1000", false, false},
      {"digits and dots are not", "1.0", false, false},
      {"digits and dashes are not, though they read as no number", "10-20", false, false},
      {"a leading dash is not: it reads as an option", "-a", false, false},
      {"a leading dot is not", ".a", false, false},
      {"a dot is not", ".", false, false},
      {"two dots are not", "..", false, false},
      {"upper case is for administrators only", "Alice", false, true},
      {"a colon is not: it ends a field of passwd", "a:b", false, false},
      {"a slash is not", "a/b", false, false},
      {"a backslash is not", "a\\b", false, false},
      {"an at sign is not", "a@b", false, false},
      {"a blank is not", "a b", false, false},
      {"a trailing blank is not", "alice ", false, false},
      {"a newline is not", "alice\n", false, false},
      {"a tab is not", "a\tb", false, false},
      {"NUL is not", "alice\0"s, false, false},
      {"NUL inside is not", "alice\0root"s, false, false},
      {"a comma is not: it parts group members", "a,b", false, false},
      {"a dollar is not", "host$", false, false},
      {"a plus is not", "+a", false, false},
      {"a Cyrillic look-alike is not", "\xd0\xb0lice", false, false},
      {"a zero-width joiner is not",
       "ali\xe2\x80\x8d"
       "ce",
       false, false},
      {"a full-width letter is not", "\xef\xbd\x81lice", false, false},
      {"a combining accent is not", "alice\xcc\x81", false, false},
      {"a composed letter is not", "\xc3\xa9lise", false, false},
      {"the Kelvin sign that folds to k is not",
       "\xe2\x84\xaa"
       "en",
       false, false},
      {"a lone continuation byte is not", "a\x80", false, false},
      {"the byte 0xff is not", "a\xff", false, false},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(usable_name(c.text), c.token) << c.name;
    EXPECT_EQ(writable_name(c.text), c.administrator) << c.name;
  }
}

// Of the 515 only those pass that are plain names by any reading; the list is written out so that a
// change shows.
TEST(Name, NaughtyStringsAreRefusedOrPlainNames) {
  constexpr std::string_view kStrings = "naughty-strings/blns.json";
  LATCHKEY_SKIP_WITHOUT_VECTORS(kStrings);
  const testing::VectorFile file(*testing::vector_path(kStrings));
  ASSERT_TRUE(file.root().is_array());
  testing::report_cases("naughty-strings", file.root().size(), 515);
  std::vector<std::string> passed;
  for (const auto each : file.root().elements()) {
    const auto name = each.as_string().value();
    if (usable_name(name)) passed.emplace_back(name);
  }
  std::sort(passed.begin(), passed.end());
  const std::vector<std::string> plain = {"_",     "basement", "classic",  "evaluate", "expression",
                                          "false", "mocha",    "nil",      "null",     "then",
                                          "true",  "undef",    "undefined"};
  EXPECT_EQ(passed, plain);
}

}  // namespace
}  // namespace latchkey::accounts
