// SPDX-License-Identifier: Apache-2.0
//
// Faults from errno: one place decides which kind an error number is.
#include "ipc/fault.h"

#include <cerrno>
#include <system_error>

namespace latchkey::ipc {
namespace {

FaultKind kind_of(int error_number) {
  switch (error_number) {
    case EAGAIN:
      return FaultKind::would_block;
    case EACCES:
    case EPERM:
      return FaultKind::denied;
    case EPIPE:
    case ECONNRESET:
    case ENOTCONN:
      return FaultKind::closed;
    case EMSGSIZE:
      return FaultKind::too_large;
    case ETIMEDOUT:
      return FaultKind::timeout;
    default:
      return FaultKind::system;
  }
}

}  // namespace

tl::unexpected<Fault> system_fault(std::string_view what, int error_number) {
  // generic_category().message() is strerror without its shared buffer.
  return fault(kind_of(error_number),
               std::string(what) + ": " + std::generic_category().message(error_number));
}

}  // namespace latchkey::ipc
