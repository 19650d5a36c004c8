// SPDX-License-Identifier: Apache-2.0
//
// docs/REASONS.md is the reason table in words.
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "core/base/reason.h"
#include "tests/support/golden.h"

namespace latchkey {
namespace {

constexpr std::string_view kIntroduction =
    R"(# Reasons

<!-- Generated from the reason table (common/core/base/reason.cc); LATCHKEY_REWRITE_GOLDEN=1 ./test unit writes it anew. -->

Every decision has one reason. Its code is stable: it stands in the journal, in `latchkeyctl explain` and `--json`, and
behind the sentence that the user sees, together with the request id. The class says what PAM is told (docs/PROTOCOL.md):
`refused` and `user_unknown` are verdicts, `unavailable` is the lack of one and refuses as well, `not_managed` leaves the
name to the rest of the stack, except in authenticate, where it refuses.

| code | class | level | what happened, for the administrator | what the user reads | standard |
| --- | --- | --- | --- | --- | --- |
)";

std::string document() {
  constexpr std::array<std::string_view, 4> kLevels = {"info", "notice", "warning", "error"};
  std::string out(kIntroduction);
  for (const auto& row : reasons()) {
    const std::array<std::string_view, 6> cells = {
        row.code,          name(row.kind), kLevels[static_cast<std::size_t>(row.level)],
        row.administrator, row.user,       row.clause};
    out += "| `" + std::string(cells[0]) + '`';
    for (std::size_t i = 1; i < cells.size(); ++i) out += " | " + std::string(cells[i]);
    out += " |\n";
  }
  return out;
}

TEST(ReasonTable, IsTheDocument) { test::expect_golden("docs/REASONS.md", document()); }

TEST(ReasonTable, HasNoCharacterThatBreaksATable) {
  for (const auto& row : reasons()) {
    for (const auto text : {row.administrator, row.user, row.clause}) {
      EXPECT_EQ(text.find_first_of("|\n"), std::string_view::npos) << row.code;
    }
  }
}

}  // namespace
}  // namespace latchkey
