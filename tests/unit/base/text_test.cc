// SPDX-License-Identifier: Apache-2.0
#include "core/base/text.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/vectors.h"

namespace latchkey {
namespace {

using namespace std::string_literals;

struct Case {
  std::string name;
  std::string foreign;
  std::size_t most;
  std::string want;
};

TEST(Printable, ShowsForeignBytesOnOneLine) {
  const std::vector<Case> cases = {
      {"nothing of nothing", "", 200, ""},
      {"plain text as it is", "alice@example.com", 200, "alice@example.com"},
      {"a newline as an escape", "a\nb", 200, "a\\x0ab"},
      {"ESC as an escape", "\x1b[31m", 200, "\\x1b[31m"},
      {"NUL as an escape", "a\0b"s, 200, "a\\x00b"},
      {"DEL as an escape", "\x7f", 200, "\\x7f"},
      {"bytes beyond ASCII as escapes", "\xc3\xa9", 200, "\\xc3\\xa9"},
      {"a backslash twice, so that an escape cannot be forged", "\\x0a", 200, "\\\\x0a"},
      {"a quote with a backslash, so that it cannot end one", "a\"b", 200, "a\\\"b"},
      {"what just fits", "abcde", 5, "abcde"},
      {"what is one too long with a mark", "abcdef", 5, "ab..."},
      {"no half of an escape", "abc\n", 6, "abc..."},
      {"no half of an escape before the mark", "a\n\n", 7, "a..."},
      {"the mark alone where nothing fits", "\n\n", 3, "..."},
  };
  for (const auto& c : cases) EXPECT_EQ(printable(c.foreign, c.most), c.want) << c.name;
}

TEST(Printable, IsNeverLongerThanAsked) {
  const std::string foreign = "a\n\"\\b\xff" + std::string(300, 'x');
  for (std::size_t most = 3; most < 320; ++most) {
    for (std::size_t size = 0; size <= foreign.size(); size += 7) {
      EXPECT_LE(printable(std::string_view(foreign).substr(0, size), most).size(), most);
    }
  }
}

TEST(Printable, EveryNaughtyStringIsOnePrintableLine) {
  constexpr std::string_view kStrings = "naughty-strings/blns.json";
  LATCHKEY_SKIP_WITHOUT_VECTORS(kStrings);
  const testing::VectorFile file(*testing::vector_path(kStrings));
  ASSERT_TRUE(file.root().is_array());
  testing::report_cases("naughty-strings", file.root().size(), 515);
  for (const auto each : file.root().elements()) {
    const auto shown = printable(each.as_string().value());
    EXPECT_TRUE(std::all_of(shown.begin(), shown.end(), [](char c) {
      return c >= 0x20 && c < 0x7f;
    })) << shown;
    EXPECT_LE(shown.size(), kPrintableMost);
  }
}

TEST(Quoted, PutsTheQuotesOnTop) {
  EXPECT_EQ(quoted("a\"b", 4), "\"a\\\"b\"");
  EXPECT_EQ(quoted(""), "\"\"");
}

}  // namespace
}  // namespace latchkey
