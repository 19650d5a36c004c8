// SPDX-License-Identifier: Apache-2.0
//
// How texts for people are laid out: labels, tables, emphasis. For the sources of render.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/latchkeyctl/render.h"

namespace latchkey::cli {

std::string good(std::string_view text, Style style);
std::string bad(std::string_view text, Style style);

// Foreign text, or "-" where there is none.
std::string or_dash(std::string_view text);

// Adds "  label          value"; the value is printable already.
void line(std::string& out, std::string_view label, std::string_view value);

// Columns as wide as their widest cell; the last one is not padded.
std::string table(const std::vector<std::vector<std::string>>& rows);

// "3 min ago", "never"
std::string ago(const std::optional<WallTime>& moment, WallTime now);

// Foreign words by blanks.
std::string join(const std::vector<std::string>& words);

}  // namespace latchkey::cli
