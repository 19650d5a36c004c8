// SPDX-License-Identifier: Apache-2.0
#include "pam_module/channel.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

namespace latchkey::pam_module {
namespace {

constexpr uid_t kRoot = 0;
constexpr int kLeastDescriptor =
    3;  // 0 to 2 may be closed in the host, and are then somebody's stdin
constexpr int kConnectRetryMs = 10;  // a full backlog cannot be polled for
constexpr int kSendBuffer =
    128 * 1024;  // a whole Answer is one message; the kernel's own bookkeeping included

std::int64_t now_ms() noexcept {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000 + now.tv_nsec / 1'000'000;
}

// A socket whose number lies above stdin, stdout and stderr; -1 with errno.
int make_socket() noexcept {
  const int low = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (low < 0 || low >= kLeastDescriptor) return low;
  const int high = fcntl(low, F_DUPFD_CLOEXEC, kLeastDescriptor);
  const int saved = errno;
  close(low);
  errno = saved;
  return high;
}

// The directory and the socket must be root's, so that nobody else could have put the socket there
// (docs/decisions/whom-the-module-trusts.md).
ChannelFault check_path(const sockaddr_un& address) noexcept {
  char directory[sizeof address.sun_path];
  std::memcpy(directory, address.sun_path, sizeof directory);
  char* slash = std::strrchr(directory, '/');
  slash[slash == directory ? 1 : 0] = '\0';
  struct stat status {};
  if (lstat(directory, &status) != 0) return ChannelFault::system;
  if (!S_ISDIR(status.st_mode) || status.st_uid != kRoot ||
      (status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return ChannelFault::directory;
  }
  if (lstat(address.sun_path, &status) != 0) return ChannelFault::system;
  if (!S_ISSOCK(status.st_mode) || status.st_uid != kRoot) return ChannelFault::socket;
  return ChannelFault::none;
}

bool peer_is_root(int descriptor) noexcept {
  ucred peer{};
  socklen_t size = sizeof peer;
  return getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
         size == sizeof peer && peer.uid == kRoot;
}

}  // namespace

const char* sentence(ChannelFault fault) noexcept {
  switch (fault) {
    case ChannelFault::none:
      return "no fault";
    case ChannelFault::directory:
      return "its directory is not owned by root, or others may write to it";
    case ChannelFault::socket:
      return "it is no socket owned by root";
    case ChannelFault::peer:
      return "it is not served by root";
    case ChannelFault::system:
      return "it cannot be reached";
    case ChannelFault::late:
      return "no answer in time";
    case ChannelFault::ended:
      return "the connection was closed without a verdict";
    case ChannelFault::too_long:
      return "a frame is longer than the protocol allows";
  }
  return "unknown fault";
}

Channel::~Channel() noexcept {
  if (descriptor_ >= 0) close(descriptor_);
}

void Channel::start_deadline(unsigned timeout_ms) noexcept {
  deadline_ms_ = now_ms() + std::int64_t{timeout_ms};
}

int Channel::remaining_ms() const noexcept {
  const std::int64_t remaining = deadline_ms_ - now_ms();
  return remaining > 0 ? static_cast<int>(remaining) : 0;
}

ChannelFault Channel::open(std::string_view path) noexcept {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path || !path.starts_with('/')) return ChannelFault::socket;
  std::memcpy(address.sun_path, path.data(), path.size());
  if (const ChannelFault fault = check_path(address); fault != ChannelFault::none) return fault;

  descriptor_ = make_socket();
  if (descriptor_ < 0) return ChannelFault::system;
  // The default holds three Answers, but an administrator may have lowered it. A smaller one shows
  // in send().
  setsockopt(descriptor_, SOL_SOCKET, SO_SNDBUF, &kSendBuffer, sizeof kSendBuffer);
  // A stopped daemon's backlog fills up, and a blocking connect would then wait for ever.
  while (connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    if (errno == EISCONN) break;
    if (errno != EAGAIN && errno != EINTR) return ChannelFault::system;
    const int left = remaining_ms();
    if (left == 0) return ChannelFault::late;
    poll(nullptr, 0, left < kConnectRetryMs ? left : kConnectRetryMs);
  }
  return peer_is_root(descriptor_) ? ChannelFault::none : ChannelFault::peer;
}

ChannelFault Channel::wait(short events) noexcept {
  for (;;) {
    const int left = remaining_ms();
    if (left == 0) return ChannelFault::late;
    pollfd entry{.fd = descriptor_, .events = events, .revents = 0};
    const int ready = poll(&entry, 1, left);
    if (ready > 0) return ChannelFault::none;
    if (ready < 0 && errno != EINTR && errno != EAGAIN) return ChannelFault::system;
  }
}

ChannelFault Channel::send(wire::Bytes head, wire::Bytes body) noexcept {
  // NOLINTBEGIN(cppcoreguidelines-pro-type-const-cast): sendmsg does not write through iov_base.
  iovec pieces[2] = {{.iov_base = const_cast<std::byte*>(head.data()), .iov_len = head.size()},
                     {.iov_base = const_cast<std::byte*>(body.data()), .iov_len = body.size()}};
  // NOLINTEND(cppcoreguidelines-pro-type-const-cast)
  msghdr message{};
  message.msg_iov = pieces;
  message.msg_iovlen = body.empty() ? 1 : 2;
  for (;;) {
    if (sendmsg(descriptor_, &message, MSG_NOSIGNAL) >= 0) return ChannelFault::none;
    if (errno == EPIPE || errno == ECONNRESET) return ChannelFault::none;
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return ChannelFault::system;
    if (const ChannelFault fault = wait(POLLOUT); fault != ChannelFault::none) return fault;
  }
}

ChannelFault Channel::receive(std::span<std::byte> buffer, wire::Bytes& frame) noexcept {
  iovec piece{.iov_base = buffer.data(), .iov_len = buffer.size()};
  bool was_reset = false;
  bool seemed_ended = false;
  for (;;) {
    sockaddr_un sender{};
    msghdr message{};
    message.msg_name = &sender;
    message.msg_namelen = sizeof sender;
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    const ssize_t size = recvmsg(descriptor_, &message, MSG_CMSG_CLOEXEC);
    // The kernel looks for a message first, and whether the peer is gone after that
    // (net/unix/af_unix.c, unix_dgram_recvmsg): a last one that comes in between is passed over,
    // and an end is told. All that a peer has sent lies there once it is gone, so that a second
    // look is sure. An empty message is no end but a frame that is broken; it has the name of the
    // socket that root listens at.
    if (size == 0 && message.msg_namelen == 0) {
      if (seemed_ended) return ChannelFault::ended;
      seemed_ended = true;
      continue;
    }
    if (size >= 0) {
      // Without room for control data the kernel drops descriptors that come along, and says so.
      if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) return ChannelFault::too_long;
      frame = wire::Bytes(buffer.data(), static_cast<std::size_t>(size));
      return ChannelFault::none;
    }
    if (errno == EINTR) continue;
    // A peer that went without reading all we sent: the error comes first, once, and its last frame
    // after it.
    if (errno == ECONNRESET) {
      if (was_reset) return ChannelFault::ended;
      was_reset = true;
      continue;
    }
    if (errno != EAGAIN) return ChannelFault::system;
    if (seemed_ended) return ChannelFault::ended;
    if (const ChannelFault fault = wait(POLLIN); fault != ChannelFault::none) return fault;
  }
}

}  // namespace latchkey::pam_module
