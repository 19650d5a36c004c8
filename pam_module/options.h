// SPDX-License-Identifier: Apache-2.0
//
// The module's options: socket=PATH sessions=PATH timeout=SECONDS exempt=NAME[,NAME]. A mistake in
// them is an error, never "log and go on": a word that is misread must not become a login. Views
// point into argv, which libpam keeps for the call.
#pragma once

#include <string_view>

#include "pam_module/session_record.h"

namespace latchkey::pam_module {

inline constexpr std::string_view kSocketDefault = "/run/latchkey/pam.sock";
inline constexpr unsigned kTimeoutMostSeconds = 60;

struct Options {
  std::string_view socket = kSocketDefault;      // absolute, NUL-terminated, fits sockaddr_un
  std::string_view sessions = kSessionsDefault;  // absolute, NUL-terminated
  unsigned timeout_ms = 0;                       // how long the daemon may be silent
  std::string_view exempt;  // names joined by commas; each is none or well formed

  bool is_exempt(std::string_view user) const noexcept;
};

// What is wrong with the options: the word, and a sentence about it. Empty where nothing is.
struct OptionError {
  const char* word = nullptr;
  const char* why = nullptr;
  explicit operator bool() const noexcept { return why != nullptr; }
};

OptionError parse_options(int argc, const char** argv, Options& options) noexcept;

}  // namespace latchkey::pam_module
