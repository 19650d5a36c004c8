// SPDX-License-Identifier: Apache-2.0
//
// Tokens in parts and the sentences that users read, for tests of sign-ins.
#pragma once

#include <string>
#include <string_view>

#include "tests/unit/latchkeyd/host.h"

namespace latchkey::latchkeyd::sign_in_test {

using testing::Host;

// What a user reads of a refusal.
inline std::string text_of(const Host& host, std::string_view sentence, std::string_view code) {
  return std::string(sentence) + " (" + std::string(code) + ", request " + host.last().id + ")";
}

}  // namespace latchkey::latchkeyd::sign_in_test
