// SPDX-License-Identifier: Apache-2.0
#include "core/request.h"

namespace latchkey {

std::string_view name(Operation operation) {
  switch (operation) {
    case Operation::authenticate:
      return "authenticate";
    case Operation::account:
      return "account";
    case Operation::setcred:
      return "setcred";
    case Operation::open_session:
      return "open_session";
    case Operation::close_session:
      break;
  }
  return "close_session";
}

}  // namespace latchkey
