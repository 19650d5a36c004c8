// SPDX-License-Identifier: Apache-2.0
//
// What a PAM call asks, as root's module told it. The strings are bounded by the frame
// (wire/limits.h) and come from a root process, but their *content* may have been chosen by anybody
// (user, rhost): they are compared, never trusted.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace latchkey {

// The numbers are the wire's.
enum class Operation : std::uint8_t {
  authenticate = 1,
  account = 2,
  setcred = 3,
  open_session = 4,
  close_session = 5,
};

std::string_view name(Operation operation);  // "open_session"

struct LoginRequest {
  Operation operation = Operation::authenticate;
  std::string service;      // PAM_SERVICE: "sshd", "sudo", …
  std::string user;         // PAM_USER; never changed by us
  std::string ruser;        // PAM_RUSER: sudo's invoking user; else often empty
  std::string rhost;        // PAM_RHOST: address or name of the peer; may be empty
  std::string tty;          // PAM_TTY
  std::string session;      // XDG_SESSION_ID of the PAM environment, if any
  std::string login;        // LATCHKEY_LOGIN of the PAM environment: 32 hex digits or empty
  std::uint32_t flags = 0;  // the PAM flags of the call
  std::int32_t pid = 0;
  std::int32_t ppid = 0;
  // Not of the call: what this host's time zone adds to UTC now.
  std::chrono::seconds utc_offset{};
};

}  // namespace latchkey
