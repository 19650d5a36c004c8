// SPDX-License-Identifier: Apache-2.0
//
// cmocka, which leaves these includes to its users and knows nothing of C++.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

extern "C" {
#include <cmocka.h>
}

// Its macros of these names would rewrite the streams of libstdc++.
#undef fail
#undef fail_msg
#undef run_tests

#include <string>
#include <string_view>

namespace latchkey::tests {

// Fails the test that runs, with a sentence. The place is that of this line; the sentence says
// which case it was.
[[noreturn]] inline void give_up(const std::string& sentence) {
  print_error("%s\n", sentence.c_str());
  _fail(__FILE__, __LINE__);
  __builtin_unreachable();
}

// Comparisons that show both values where they differ, with the case that is looked at.
inline void expect_text(std::string_view have, std::string_view want, std::string_view which = {}) {
  if (have == want) return;
  give_up(std::string(which) + ": have '" + std::string(have) + "', want '" + std::string(want) +
          "'");
}

inline void expect_number(long long have, long long want, std::string_view which = {}) {
  if (have == want) return;
  give_up(std::string(which) + ": have " + std::to_string(have) + ", want " + std::to_string(want));
}

inline void expect_true(bool holds, std::string_view which) {
  if (!holds) give_up(std::string(which));
}

}  // namespace latchkey::tests
