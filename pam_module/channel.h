// SPDX-License-Identifier: Apache-2.0
//
// The connection to latchkeyd: opened only to a socket that root put there and that root's listener
// serves, read and written against one deadline on the monotonic clock. It never blocks beyond that
// deadline, whatever the daemon does, and never leaves a descriptor, a signal or a disposition
// behind in the host.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "wire/codec.h"

namespace latchkey::pam_module {

// Why there is no frame. `late` and `ended` and the failures before them all mean "no verdict".
enum class ChannelFault : std::uint8_t {
  none,
  directory,  // the socket's directory is not root's, or others may write to it
  socket,     // it is no socket, or not root's
  peer,       // who listens is not root
  system,     // a system call failed: errno says why
  late,       // the deadline has passed
  ended,      // the daemon closed the connection
  too_long,   // a frame longer than the protocol allows, or one that carries descriptors
};
const char* sentence(ChannelFault fault) noexcept;  // for the log; "%m" says the rest for `system`

class Channel {
 public:
  Channel() noexcept = default;
  ~Channel() noexcept;
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // The deadline of everything up to the next call of this.
  void start_deadline(unsigned timeout_ms) noexcept;

  // `path` is absolute and NUL-terminated (options.h).
  ChannelFault open(std::string_view path) noexcept;

  // One frame, in two pieces so that a secret is sent from where it lies. A peer that has gone
  // already is not a fault here: what it said last is still to be read.
  ChannelFault send(wire::Bytes head, wire::Bytes body = {}) noexcept;

  // One frame into `buffer`; `frame` is the part of it that was filled.
  ChannelFault receive(std::span<std::byte> buffer, wire::Bytes& frame) noexcept;

 private:
  ChannelFault wait(short events) noexcept;
  int remaining_ms() const noexcept;

  int descriptor_ = -1;
  std::int64_t deadline_ms_ = 0;
};

}  // namespace latchkey::pam_module
