// SPDX-License-Identifier: Apache-2.0
//
// The text of revocation_line.h as the rows of a list.
#pragma once

#include <chrono>
#include <istream>
#include <string>

#include <tl/expected.hpp>

#include "cli/latchkeyctl/list_set.h"

namespace latchkey::cli {

// Settled rows, their ends rounded up to whole multiples of `round_end`. Blank lines count as none.
// The error names the line and quotes nothing of it.
tl::expected<ListRows, std::string> read_list_text(std::istream& in, std::chrono::seconds round_end,
                                                   Reasons& reasons);

}  // namespace latchkey::cli
