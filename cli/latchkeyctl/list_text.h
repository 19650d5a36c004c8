// SPDX-License-Identifier: Apache-2.0
//
// Revocations as text: one JSON object a line,
//
//   {"kind":"token","issuer":"https://id.example.com","value":"5a0f…","end":"2026-01-01T00:00:00Z","reason":"stolen"}
//
// kind is token, token_hash, session, subject, key or user; value the token id, the token's SHA-256
// in hexadecimal, `sid`, `sub`, the key's RFC 7638 thumbprint, or the name; issuer goes with token,
// session and subject; before with subject. Times are RFC 3339. Blank lines count as none.
#pragma once

#include <chrono>
#include <istream>
#include <string>

#include <tl/expected.hpp>

#include "cli/latchkeyctl/list_set.h"

namespace latchkey::cli {

// Settled rows, their ends rounded up to whole multiples of `round_end`. The error names the line
// and quotes nothing of it.
tl::expected<ListRows, std::string> read_list_text(std::istream& in, std::chrono::seconds round_end,
                                                   Reasons& reasons);

}  // namespace latchkey::cli
