// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/prctl.h>
#include <sys/resource.h>

namespace latchkey::cli {

// For a process that holds a token: it leaves no core, and no other process of the user reads its
// memory.
inline void no_cores() {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

}  // namespace latchkey::cli
