// SPDX-License-Identifier: Apache-2.0
#include "files/write_all.h"

#include <unistd.h>

#include <cerrno>

namespace latchkey {

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t step = ::write(file, bytes.data(), bytes.size());
    if (step < 0 && errno == EINTR) continue;
    if (step <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(step));
  }
  return true;
}

}  // namespace latchkey
