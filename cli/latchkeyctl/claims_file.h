// SPDX-License-Identifier: Apache-2.0
//
// Claims that somebody wrote down, as JSON.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>
#include <tl/expected.hpp>

namespace latchkey::cli {

// One JSON text by the strict reader's rules: a token must not say something twice. `where` begins
// the sentence that says what is wrong.
tl::expected<nlohmann::ordered_json, std::string> parse_strictly(std::string_view text,
                                                                 const std::string& where);

// The object in that file ("-": standard input); any bytes, at most limits::kTokenBytes. `option`
// names it where it cannot be read.
tl::expected<nlohmann::ordered_json, std::string> read_claims(const std::string& path,
                                                              std::string_view option);

}  // namespace latchkey::cli
