// SPDX-License-Identifier: Apache-2.0
//
// Blocking to its caller, non-blocking underneath: every wait is a poll() under the call's one
// deadline.
#include "ipc/varlink_client.h"

#include <sys/socket.h>

#include <cerrno>

#include "ipc/deadline.h"
#include "ipc/unix_socket.h"

namespace latchkey::ipc::varlink {
namespace {

Result<void> send_all(int socket, std::string_view bytes, const Deadline& deadline) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      if (auto ready = deadline.wait(socket, POLLOUT); !ready) return ready;
    } else if (errno != EINTR) {
      return system_fault("send", errno);
    }
  }
  return {};
}

Result<void> receive_some(int socket, Framer& framer, const Deadline& deadline) {
  for (;;) {
    const std::span<char> room = framer.prepare();
    const ssize_t got = ::recv(socket, room.data(), room.size(), MSG_DONTWAIT);
    if (got > 0) {
      framer.commit(static_cast<std::size_t>(got));
      return {};
    }
    if (got == 0) return fault(FaultKind::closed, "the daemon closed the connection");
    if (errno == EAGAIN) {
      if (auto ready = deadline.wait(socket, POLLIN); !ready) return ready;
    } else if (errno != EINTR) {
      return system_fault("recv", errno);
    }
  }
}

}  // namespace

Result<VarlinkClient> VarlinkClient::connect(std::string_view path,
                                             std::chrono::milliseconds timeout) {
  auto socket = connect_to(path, SocketType::stream, timeout);
  if (!socket) return tl::unexpected(socket.error());
  return VarlinkClient(*std::move(socket));
}

Result<Reply> VarlinkClient::call(std::string method, std::string parameters,
                                  std::chrono::milliseconds timeout) {
  const Deadline deadline(timeout);
  const Call call{std::move(method), std::move(parameters)};
  if (auto sent = send_all(socket_.get(), encode(call), deadline); !sent)
    return tl::unexpected(sent.error());
  for (;;) {
    auto message = framer_.next();
    if (!message) return tl::unexpected(message.error());
    if (const auto& whole = *message) return decode_reply(*whole);
    if (auto more = receive_some(socket_.get(), framer_, deadline); !more)
      return tl::unexpected(more.error());
  }
}

}  // namespace latchkey::ipc::varlink
