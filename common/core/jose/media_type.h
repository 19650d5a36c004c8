// SPDX-License-Identifier: Apache-2.0
//
// Comparing `typ` and `cty` values (RFC 7515 sections 4.1.9 and 4.1.10): media types, so case does
// not count, and a value without a slash means the same with "application/" before it.
#pragma once

#include <string_view>

namespace latchkey::jose {

// Whether the value, as a token wrote it, means `name`, which is in lower case and without
// "application/".
bool is_media_type(std::string_view value, std::string_view name);

}  // namespace latchkey::jose
