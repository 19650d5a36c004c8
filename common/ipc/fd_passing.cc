// SPDX-License-Identifier: Apache-2.0
//
// One message with at most one descriptor over a SOCK_SEQPACKET socket. Whatever arrives beyond
// that is closed here, so a peer can neither leak descriptors into us nor smuggle one behind a cut
// control message.
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "ipc/fetch_protocol.h"
#include "ipc/packet.h"

namespace latchkey::ipc::fetch {
namespace {

constexpr std::size_t kRoomForFds = 4;  // one is right; more are taken in only to be closed
constexpr std::size_t kControlSize = CMSG_SPACE(sizeof(int) * kRoomForFds);

// Every descriptor that came with the message, owned.
std::vector<Fd> take_descriptors(msghdr& header) {
  std::vector<Fd> taken;
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t index = 0; index < count; ++index) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + index * sizeof(int), sizeof(int));
      taken.emplace_back(fd);
    }
  }
  return taken;
}

}  // namespace

Result<void> send_message(int socket, std::string_view message, int fd) {
  if (message.empty() || message.size() > kMessageMost)
    return fault(FaultKind::too_large, "a message out of bounds");
  // An iovec serves both directions; sendmsg only reads.
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast)
  iovec data{const_cast<char*>(message.data()), message.size()};
  msghdr header{};
  header.msg_iov = &data;
  header.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  if (fd >= 0) {
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    cmsghdr* part = CMSG_FIRSTHDR(&header);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(part), &fd, sizeof(int));
  }
  for (;;) {
    const ssize_t sent = ::sendmsg(socket, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) return {};
    if (errno != EINTR) return system_fault("sendmsg", errno);
  }
}

Result<Received> receive_message(int socket) {
  Received received;
  received.message.resize(kMessageMost);
  iovec data{received.message.data(), received.message.size()};
  alignas(cmsghdr) std::array<char, kControlSize> control{};
  msghdr header{};
  header.msg_iov = &data;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  ssize_t got = -1;
  std::vector<Fd> descriptors;
  for (Looks looks;;) {
    header.msg_controllen = control.size();
    got = ::recvmsg(socket, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    const int error = errno;
    if (got >= 0) descriptors = take_descriptors(header);
    if (looks.again(got, error)) continue;
    if (got < 0 && error != ECONNRESET) return system_fault("recvmsg", error);
    break;
  }
  if (got <= 0) return fault(FaultKind::closed, "the peer closed the connection");
  if ((header.msg_flags & MSG_TRUNC) != 0)
    return fault(FaultKind::too_large, "a message above the limit");
  if ((header.msg_flags & MSG_CTRUNC) != 0)
    return fault(FaultKind::malformed, "cut ancillary data");
  if (descriptors.size() > 1)
    return fault(FaultKind::malformed, "more than one descriptor in a message");
  received.message.resize(static_cast<std::size_t>(got));
  if (!descriptors.empty()) received.fd = std::move(descriptors.front());
  return received;
}

}  // namespace latchkey::ipc::fetch
