// SPDX-License-Identifier: Apache-2.0
//
// Messages of a SOCK_SEQPACKET connection that its peer may close behind them. What a single look
// says of the end is not to be believed (net/unix/af_unix.c, unix_dgram_recvmsg): Linux looks for a
// message first, and whether the peer is gone after that, so that a last one which comes in between
// is passed over once, and an end told; and where the peer left something unread, one look gives
// ECONNRESET, and the next ones what it had sent. All that a peer has sent lies there once it is
// gone. The peers of all who read so send no empty message; the module, which reads by itself, has
// rules of its own for one.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <cerrno>
#include <cstddef>
#include <utility>

namespace latchkey::ipc {

// Of the looks for one message: whether one more is needed before what the last one gave (a number
// of bytes, 0, or -1 and `error`) is so.
class Looks {
 public:
  bool again(ssize_t got, int error) {
    if (got == 0) return !std::exchange(ended_, true);
    if (got > 0) return false;
    if (error == ECONNRESET) return !std::exchange(reset_, true);
    return error == EINTR;
  }

 private:
  bool ended_ = false;
  bool reset_ = false;
};

// As recv(2); 0 is the end, for sure, and EINTR is no answer.
inline ssize_t receive_packet(int socket, void* room, std::size_t size, int flags) {
  Looks looks;
  for (;;) {
    const ssize_t got = ::recv(socket, room, size, flags);
    if (!looks.again(got, errno)) return got < 0 && errno == ECONNRESET ? 0 : got;
    if (got == 0) flags |= MSG_DONTWAIT;
  }
}

}  // namespace latchkey::ipc
