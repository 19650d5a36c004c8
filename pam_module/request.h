// SPDX-License-Identifier: Apache-2.0
//
// What the daemon is told of a call: the Begin frame, read off PAM's items.
#pragma once

#include <security/pam_modules.h>

#include <cstddef>
#include <span>

#include "wire/codec.h"

namespace latchkey::pam_module {

// Fault::too_long where an item does not fit its limit: cut short it would name somebody or
// somewhere else.
wire::Encoded encode_request(pam_handle_t* handle, wire::Operation operation, unsigned flags,
                             const char* user, std::span<std::byte> out) noexcept;

}  // namespace latchkey::pam_module
