// SPDX-License-Identifier: Apache-2.0
//
// A token taken apart for somebody to look at. Nothing is verified, and the signature is not even
// decoded. No input or output.
#pragma once

#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "core/base/time.h"

namespace latchkey::cli {

// A JSON text in printable ASCII on several lines, whatever the value holds; or why the text is
// none that this host would read.
tl::expected<std::string, std::string> pretty_json(std::string_view json);

// What `token show` prints, marked as not verified; as text, or as one JSON object on one line. An
// error is a sentence that quotes nothing of the token.
tl::expected<std::string, std::string> show_token_text(std::string_view token, WallTime now);
tl::expected<std::string, std::string> show_token_json(std::string_view token);

}  // namespace latchkey::cli
