// SPDX-License-Identifier: Apache-2.0
//
// A message of a SOCK_SEQPACKET connection that its peer may close behind it. Linux looks for a
// message first, and whether the peer is gone after that (net/unix/af_unix.c, unix_dgram_recvmsg):
// a last one that comes in between is passed over once, and an end told.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <cstddef>

namespace latchkey::ipc {

// As recv(2); 0 is the end for sure.
inline ssize_t receive_packet(int socket, void* room, std::size_t size, int flags) {
  const ssize_t got = ::recv(socket, room, size, flags);
  if (got != 0) return got;
  const ssize_t again = ::recv(socket, room, size, flags | MSG_DONTWAIT);
  return again > 0 ? again : 0;
}

}  // namespace latchkey::ipc
