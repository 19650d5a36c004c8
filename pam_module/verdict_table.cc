// SPDX-License-Identifier: Apache-2.0
#include "pam_module/verdict_table.h"

#include <security/_pam_types.h>

namespace latchkey::pam_module {
namespace {

struct Row {
  int authenticate;
  int account;
  int setcred;
  int open;
  int close;
};

Row row(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::allow:
      return {PAM_SUCCESS, PAM_SUCCESS, PAM_SUCCESS, PAM_SUCCESS, PAM_SUCCESS};
    case Outcome::refused:
      return {PAM_AUTH_ERR, PAM_PERM_DENIED, PAM_CRED_ERR, PAM_SESSION_ERR, PAM_SUCCESS};
    case Outcome::user_unknown:
      return {PAM_USER_UNKNOWN, PAM_USER_UNKNOWN, PAM_CRED_ERR, PAM_SESSION_ERR, PAM_SUCCESS};
    case Outcome::unavailable:
      return {PAM_AUTHINFO_UNAVAIL, PAM_AUTHINFO_UNAVAIL, PAM_CRED_ERR, PAM_SESSION_ERR,
              PAM_SUCCESS};
    case Outcome::not_managed:
      return {PAM_AUTH_ERR, PAM_IGNORE, PAM_IGNORE, PAM_IGNORE, PAM_IGNORE};
    case Outcome::exempt:
      return {PAM_IGNORE, PAM_IGNORE, PAM_IGNORE, PAM_IGNORE, PAM_IGNORE};
    case Outcome::conversation:
      return {PAM_CONV_ERR, PAM_SERVICE_ERR, PAM_SERVICE_ERR, PAM_SERVICE_ERR, PAM_SERVICE_ERR};
    case Outcome::broken:
      break;
  }
  return {PAM_SERVICE_ERR, PAM_SERVICE_ERR, PAM_SERVICE_ERR, PAM_SERVICE_ERR, PAM_SERVICE_ERR};
}

}  // namespace

Outcome outcome_of(wire::Result result, wire::Operation operation) noexcept {
  switch (result) {
    case wire::Result::allow:
      return Outcome::allow;
    case wire::Result::refused:
      return Outcome::refused;
    case wire::Result::user_unknown:
      return Outcome::user_unknown;
    case wire::Result::unavailable:
      return Outcome::unavailable;
    case wire::Result::not_managed:
      return Outcome::not_managed;
    case wire::Result::conversation:
      return operation == wire::Operation::authenticate ? Outcome::conversation : Outcome::broken;
  }
  return Outcome::broken;
}

int pam_code(Outcome outcome, wire::Operation operation) noexcept {
  const Row codes = row(outcome);
  switch (operation) {
    case wire::Operation::authenticate:
      return codes.authenticate;
    case wire::Operation::account:
      return codes.account;
    case wire::Operation::setcred:
      return codes.setcred;
    case wire::Operation::open_session:
      return codes.open;
    case wire::Operation::close_session:
      return codes.close;
  }
  return PAM_SERVICE_ERR;
}

}  // namespace latchkey::pam_module
