// SPDX-License-Identifier: Apache-2.0
#include "core/decision.h"

namespace latchkey {
namespace {

struct CheckRow {
  std::string_view name;
  std::string_view description;
};

// NOLINTBEGIN(cppcoreguidelines-macro-usage): the rows come from the one list.
constexpr std::array<CheckRow, kChecks> kRows = {{
#define LATCHKEY_ROW(name, text) {#name, text},
    LATCHKEY_CHECKS(LATCHKEY_ROW)
#undef LATCHKEY_ROW
}};
// NOLINTEND(cppcoreguidelines-macro-usage)

}  // namespace

std::string_view name(Check check) { return kRows[static_cast<std::size_t>(check)].name; }

std::string_view description(Check check) {
  return kRows[static_cast<std::size_t>(check)].description;
}

std::string_view name(Outcome outcome) {
  constexpr std::array<std::string_view, 3> kNames = {"not_reached", "passed", "failed"};
  return kNames[static_cast<std::size_t>(outcome)];
}

}  // namespace latchkey
