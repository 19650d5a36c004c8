// SPDX-License-Identifier: Apache-2.0
#include "pam_module/request.h"

#include <unistd.h>

#include <string_view>

namespace latchkey::pam_module {
namespace {

constexpr const char* kLoginVariable = "LATCHKEY_LOGIN";
constexpr const char* kSessionVariable = "XDG_SESSION_ID";

std::string_view item(pam_handle_t* handle, int type) noexcept {
  const void* value = nullptr;
  if (pam_get_item(handle, type, &value) != PAM_SUCCESS || value == nullptr) return {};
  return static_cast<const char*>(value);
}

// Of PAM's environment. The process's own is the user's in sudo, and is never read.
std::string_view variable(pam_handle_t* handle, const char* name) noexcept {
  const char* value = pam_getenv(handle, name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

}  // namespace

wire::Encoded encode_request(pam_handle_t* handle, wire::Operation operation, unsigned flags,
                             const char* user, std::span<std::byte> out) noexcept {
  wire::Begin begin;
  begin.operation = operation;
  begin.flags = flags;
  begin.pid = getpid();
  begin.ppid = getppid();
  begin.service = item(handle, PAM_SERVICE);
  begin.user = user;
  begin.ruser = item(handle, PAM_RUSER);
  begin.rhost = item(handle, PAM_RHOST);
  begin.tty = item(handle, PAM_TTY);
  // Other modules, and through some of them the user, may write to PAM's environment. What cannot
  // be a session or a login is none; the daemon then judges the call without it.
  const std::string_view session = variable(handle, kSessionVariable);
  if (session.size() <= wire::kSessionMost) begin.session = session;
  const std::string_view login = variable(handle, kLoginVariable);
  if (wire::is_login_id(login)) begin.login = login;
  return wire::encode_begin(begin, out);
}

}  // namespace latchkey::pam_module
