// SPDX-License-Identifier: Apache-2.0
//
// Path sockets of our programs: bound fresh under a temporary name and renamed into place, so that
// nobody ever meets a socket with the wrong mode or owner (activation.h has those of the service
// manager). No abstract names. Who may speak is decided by mode and owner of the socket; `peer_of`
// is the second lock.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ipc/fault.h"
#include "ipc/fd.h"

namespace latchkey::ipc {

enum class SocketType : std::uint8_t { stream, seqpacket };

struct ListenOptions {
  std::string path;  // absolute; its folder must exist
  SocketType type = SocketType::seqpacket;
  mode_t mode = 0600;
  std::optional<uid_t> owner;  // unset: stays the process's own
  std::optional<gid_t> group;
  int backlog = 128;
};

// A listening, non-blocking, close-on-exec socket at `path`, replacing a socket that stood there
// before. Anything else at `path` (a file, a symlink, a folder) is left alone and is a fault.
Result<Fd> listen_at(const ListenOptions& options);

// Connects within `timeout`. The descriptor is close-on-exec, and non-blocking.
Result<Fd> connect_to(std::string_view path, SocketType type, std::chrono::milliseconds timeout);

struct Peer {
  pid_t pid = 0;
  uid_t uid = 0;
  gid_t gid = 0;
};

// SO_PEERCRED of a connected socket: for an accepted one, who called connect(). Mind PrivateUsers=:
// ids that the unit's user namespace does not map show as 65534.
Result<Peer> peer_of(int socket);

// False only where the kernel has no process (and no thread) of that pid, which it tells everybody,
// also one whom /proc shows nothing and who may signal nobody. True for what is no pid.
bool process_exists(pid_t pid);

}  // namespace latchkey::ipc
