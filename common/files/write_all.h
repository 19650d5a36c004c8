// SPDX-License-Identifier: Apache-2.0
//
// write(2), until all of it is written.
#pragma once

#include <string_view>

namespace latchkey {

// False where a step failed; errno says why (0: the device took nothing).
bool write_all(int file, std::string_view bytes);

}  // namespace latchkey
