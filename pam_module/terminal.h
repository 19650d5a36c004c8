// SPDX-License-Identifier: Apache-2.0
//
// One PAM call as a terminal of the daemon (DESIGN section 5): say who wants what, show what the
// daemon says, bring back what it asks for, return its verdict. Whatever does not lead to a verdict
// refuses.
#pragma once

#include <security/pam_modules.h>

#include "wire/protocol.h"

namespace latchkey::pam_module {

// The PAM code of the call. Total: nothing of what the host, the user or the daemon does makes it
// do anything but return.
int run(pam_handle_t* handle, int flags, int argc, const char** argv,
        wire::Operation operation) noexcept;

}  // namespace latchkey::pam_module
