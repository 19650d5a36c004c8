// SPDX-License-Identifier: Apache-2.0
//
// Why a message could not be sent, received or understood. Kept apart from the reasons of a login:
// a broken message between our own programs is an operator's matter and never a verdict.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace latchkey::ipc {

enum class FaultKind : std::uint8_t {
  closed,       // the peer ended the connection
  would_block,  // nothing to read, or no room to write, right now
  timeout,      // the deadline passed
  too_large,    // a message or body above its limit, or cut on the way
  malformed,    // not what the protocol says
  denied,       // the peer, or the file system, does not let us
  system,       // any other system call that failed
};

// The detail is one line for an operator; it quotes paths, names and system errors, never a body.
struct Fault {
  FaultKind kind = FaultKind::system;
  std::string detail;
};

template <typename T>
using Result = tl::expected<T, Fault>;

inline tl::unexpected<Fault> fault(FaultKind kind, std::string detail) {
  return tl::unexpected<Fault>(Fault{kind, std::move(detail)});
}

// "what: text of errno"; EACCES and EPERM are `denied`, EAGAIN `would_block`, EPIPE and resets
// `closed`.
tl::unexpected<Fault> system_fault(std::string_view what, int error_number);

}  // namespace latchkey::ipc
