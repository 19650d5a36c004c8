// SPDX-License-Identifier: Apache-2.0
//
// What both kinds of load on a pam.sock share, the closed loops of the bench and the steady rate of
// the fault tests: the socket's address, the first frame, and the reason that a refusal shows.
#pragma once

#include <sys/un.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace latchkey::bench {

// Of a path that fits; ends the program where it does not.
sockaddr_un address_of(const std::string& path);

// Begin of authenticate, as the PAM module of this process would send it.
std::vector<std::byte> begin_frame(std::string_view service, std::string_view user,
                                   std::string_view rhost);

// The code of the reason in a text for the user, "… (key_unknown, request 0123abcd)"; empty where
// there is none.
std::string_view reason_in(std::string_view text);

}  // namespace latchkey::bench
