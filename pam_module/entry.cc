// SPDX-License-Identifier: Apache-2.0
//
// The entry points that libpam looks up by name. There is no pam_sm_chauthtok: a token is not
// changed here.
#include <security/pam_modules.h>

#include "pam_module/terminal.h"

#define LATCHKEY_ENTRY extern "C" [[gnu::visibility("default")]] int

using latchkey::pam_module::run;
using latchkey::wire::Operation;

LATCHKEY_ENTRY pam_sm_authenticate(pam_handle_t* handle, int flags, int argc, const char** argv) {
  return run(handle, flags, argc, argv, Operation::authenticate);
}

LATCHKEY_ENTRY pam_sm_setcred(pam_handle_t* handle, int flags, int argc, const char** argv) {
  return run(handle, flags, argc, argv, Operation::setcred);
}

LATCHKEY_ENTRY pam_sm_acct_mgmt(pam_handle_t* handle, int flags, int argc, const char** argv) {
  return run(handle, flags, argc, argv, Operation::account);
}

LATCHKEY_ENTRY pam_sm_open_session(pam_handle_t* handle, int flags, int argc, const char** argv) {
  return run(handle, flags, argc, argv, Operation::open_session);
}

LATCHKEY_ENTRY pam_sm_close_session(pam_handle_t* handle, int flags, int argc, const char** argv) {
  return run(handle, flags, argc, argv, Operation::close_session);
}
