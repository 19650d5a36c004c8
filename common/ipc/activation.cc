// SPDX-License-Identifier: Apache-2.0
//
// Sockets from the service manager (sd_listen_fds(3)), by name. A unit that hands over something
// unexpected is a mistake to be named at start, not a socket to be served.
#include "ipc/activation.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>

namespace latchkey::ipc {
namespace {

// sd_listen_fds_with_names gives an array of strings that the caller frees, strings and all.
struct FreeNames {
  void operator()(char** names) const {
    // NOLINTBEGIN(cppcoreguidelines-no-malloc): this is the RAII type of what malloc gave.
    for (char** name = names; *name != nullptr; ++name) std::free(*name);
    std::free(static_cast<void*>(names));
    // NOLINTEND(cppcoreguidelines-no-malloc)
  }
};

// systemd hands over sockets in the mode that suits itself; close-on-exec is set by sd_listen_fds
// already.
Result<void> make_non_blocking(const Fd& socket, const std::string& name) {
  const int flags = ::fcntl(socket.get(), F_GETFL);
  if (flags < 0 || ::fcntl(socket.get(), F_SETFL, flags | O_NONBLOCK) != 0)
    return system_fault(name, errno);
  return {};
}

}  // namespace

Result<std::vector<ActivatedSocket>> take_activated_sockets() {
  char** raw_names = nullptr;
  const int count = ::sd_listen_fds_with_names(1, &raw_names);
  const std::unique_ptr<char*, FreeNames> names(raw_names);
  if (count < 0) return system_fault("LISTEN_FDS", -count);
  std::vector<ActivatedSocket> sockets;
  sockets.reserve(static_cast<std::size_t>(count));
  for (int index = 0; index < count; ++index) {
    sockets.push_back({names.get()[index], Fd(SD_LISTEN_FDS_START + index)});
  }
  for (const ActivatedSocket& socket : sockets) {
    if (auto set = make_non_blocking(socket.fd, socket.name); !set)
      return tl::unexpected(set.error());
  }
  return sockets;
}

Result<Fd> take_named(std::vector<ActivatedSocket>& sockets, std::string_view name,
                      SocketType type) {
  Fd found;
  for (ActivatedSocket& socket : sockets) {
    if (socket.name != name || !socket.fd) continue;
    if (found)
      return fault(FaultKind::malformed, "two activated sockets are named " + std::string(name));
    const int native = type == SocketType::stream ? SOCK_STREAM : SOCK_SEQPACKET;
    if (::sd_is_socket_unix(socket.fd.get(), native, 1, nullptr, 0) <= 0) {
      return fault(FaultKind::malformed, "the activated socket " + std::string(name) +
                                             " is no listening Unix socket of the right type");
    }
    found = std::move(socket.fd);
  }
  return found;
}

}  // namespace latchkey::ipc
