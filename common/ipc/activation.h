// SPDX-License-Identifier: Apache-2.0
//
// Sockets handed over by the service manager (sd_listen_fds(3)), by the name that their unit gives
// them. A library of its own, so that only daemons link libsystemd.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ipc/fault.h"
#include "ipc/fd.h"
#include "ipc/unix_socket.h"

namespace latchkey::ipc {

struct ActivatedSocket {
  std::string name;  // FileDescriptorName= of the .socket unit
  Fd fd;
};

// Sockets of LISTEN_FDS and LISTEN_FDNAMES, made close-on-exec and non-blocking; empty without a
// service manager. To be called once, early: it removes the variables from the environment.
Result<std::vector<ActivatedSocket>> take_activated_sockets();

// Takes the one of that name and type out of the list; none is an empty Fd, two of one name or
// another type a fault.
Result<Fd> take_named(std::vector<ActivatedSocket>& sockets, std::string_view name,
                      SocketType type);

}  // namespace latchkey::ipc
