// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkeyctl/revocation_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/latchkeyctl/progress.h"

namespace latchkey::cli {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

TEST(RevocationLine, IsReadAsItWasWritten) {
  RevocationLineReader reader;
  const std::vector<RevocationLine> lines = {
      {revocation::EntryKind::token,
       "https://i",
       "a \"b\"\xc3\xbc",
       {},
       WallTime(1'900'000'000s),
       "stolen"},
      {revocation::EntryKind::subject, "https://i", "s", WallTime(1'800'000'000'123ms), {}, ""},
      {revocation::EntryKind::user, "", "mallory", {}, {}, ""}};
  for (const RevocationLine& line : lines) {
    const std::string text = write_revocation_line(line);
    const auto read = reader.read(std::string_view(text).substr(0, text.size() - 1));
    ASSERT_TRUE(read) << read.error();
    EXPECT_EQ(read->kind, line.kind);
    EXPECT_EQ(read->issuer, line.issuer);
    EXPECT_EQ(read->value, line.value);
    EXPECT_EQ(read->before, line.before);
    EXPECT_EQ(read->end, line.end);
    EXPECT_EQ(read->reason, line.reason);
  }
}

TEST(RevocationLine, IsRefusedWhereItSaysSomethingElse) {
  RevocationLineReader reader;
  for (const auto& [line, why] : std::vector<std::pair<std::string, std::string>>{
           {"[]", "no JSON object"},
           {R"({"kind":"token","value":"a"})", "'issuer' goes with"},
           {R"({"kind":"user","issuer":"i","value":"a"})", "'issuer' goes with"},
           {R"({"kind":"user","value":""})", "'value'"},
           {R"({"kind":"user","value":"a","ends":"x"})", "a member other than"},
           {R"({"kind":"user","value":"a","before":"2026-01-01T00:00:00Z"})", "'before'"},
           {R"({"kind":"user","value":"a","end":"tomorrow"})", "'end'"},
           {R"({"kind":"user","value":7})", "no string"},
           {R"({"kind":"user","value":"a","reason":"a\u000ab"})", "'reason'"}}) {
    const auto read = reader.read(line);
    ASSERT_FALSE(read) << line;
    EXPECT_THAT(read.error(), HasSubstr(why));
  }
}

TEST(Progress, SaysHowFarItIsAndHowLongItTakes) {
  EXPECT_EQ(progress_text(500, 50, 100, 10s),
            "[############            ]  50 %  500 lines, 10 s left");
  EXPECT_EQ(progress_text(500, 0, std::nullopt, 10s), "500 lines, 50 a second");
  EXPECT_EQ(progress_text(1, 200, 100, 10s), "[########################] 100 %  1 lines, 0 s left");
}

}  // namespace
}  // namespace latchkey::cli
