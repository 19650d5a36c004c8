// SPDX-License-Identifier: Apache-2.0
//
// bind() obeys the umask and makes the name visible at once, so a socket gets its mode and owner
// under a temporary name in the same folder and only then its real one; rename() replaces a stale
// socket in one step.
#include "ipc/unix_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "ipc/deadline.h"

namespace latchkey::ipc {
namespace {

int native(SocketType type) { return type == SocketType::stream ? SOCK_STREAM : SOCK_SEQPACKET; }

// The path as an address; the kernel's field holds 107 bytes and the NUL.
Result<sockaddr_un> address_of(std::string_view path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.front() != '/')
    return fault(FaultKind::malformed, "a socket path must be absolute");
  if (path.size() >= sizeof(address.sun_path) || path.find('\0') != std::string_view::npos) {
    return fault(FaultKind::too_large, "socket path too long: " + std::string(path));
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

Result<Fd> new_socket(SocketType type) {
  Fd socket(::socket(AF_UNIX, native(type) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return system_fault("socket", errno);
  return socket;
}

// Removes a name again unless it got its final one.
class TemporaryName {
 public:
  explicit TemporaryName(std::string path) : path_(std::move(path)) {}
  TemporaryName(const TemporaryName&) = delete;
  TemporaryName& operator=(const TemporaryName&) = delete;
  ~TemporaryName() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  const std::string& path() const { return path_; }
  void keep() { path_.clear(); }

 private:
  std::string path_;
};

// Only a socket may stand where ours shall be.
Result<void> check_free(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    return system_fault(path, errno);
  }
  if (!S_ISSOCK(status.st_mode))
    return fault(FaultKind::denied, path + ": exists and is no socket");
  return {};
}

Result<void> bind_with_mode(const Fd& socket, const ListenOptions& options,
                            const std::string& name) {
  const auto address = address_of(name);
  if (!address) return tl::unexpected(address.error());
  ::unlink(name.c_str());  // left by a process that was killed right here and had our pid
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof(*address)) != 0) {
    return system_fault(options.path, errno);
  }
  return {};
}

Result<void> set_mode_and_owner(const ListenOptions& options, const std::string& name) {
  if (options.owner || options.group) {
    const uid_t owner = options.owner.value_or(static_cast<uid_t>(-1));
    const gid_t group = options.group.value_or(static_cast<gid_t>(-1));
    if (::lchown(name.c_str(), owner, group) != 0)
      return system_fault(options.path + ": owner", errno);
  }
  if (::chmod(name.c_str(), options.mode) != 0) return system_fault(options.path + ": mode", errno);
  return {};
}

}  // namespace

Result<Fd> listen_at(const ListenOptions& options) {
  if (auto checked = address_of(options.path); !checked) return tl::unexpected(checked.error());
  if (auto free = check_free(options.path); !free) return tl::unexpected(free.error());
  auto socket = new_socket(options.type);
  if (!socket) return socket;

  // Short on purpose: the temporary name must fit wherever the real one fits.
  const std::string folder = options.path.substr(0, options.path.rfind('/') + 1);
  TemporaryName name(folder + ".s" + std::to_string(::getpid()));
  if (auto bound = bind_with_mode(*socket, options, name.path()); !bound)
    return tl::unexpected(bound.error());
  if (auto set = set_mode_and_owner(options, name.path()); !set) return tl::unexpected(set.error());
  if (::listen(socket->get(), options.backlog) != 0)
    return system_fault(options.path + ": listen", errno);
  if (::rename(name.path().c_str(), options.path.c_str()) != 0)
    return system_fault(options.path, errno);
  name.keep();
  return socket;
}

Result<Fd> connect_to(std::string_view path, SocketType type, std::chrono::milliseconds timeout) {
  const auto address = address_of(path);
  if (!address) return tl::unexpected(address.error());
  const Deadline deadline(timeout);
  for (;;) {
    auto socket = new_socket(type);
    if (!socket) return socket;
    if (::connect(socket->get(), reinterpret_cast<const sockaddr*>(&*address), sizeof(*address)) ==
        0)
      return socket;
    // A Unix socket never says EINPROGRESS: EAGAIN means that the listener's queue is full, and
    // poll() cannot wait for that, so it is asked again after a short while.
    if (errno != EAGAIN && errno != EINTR) return system_fault(path, errno);
    if (deadline.remaining().count() == 0)
      return fault(FaultKind::timeout, std::string(path) + ": no answer in time");
    ::poll(nullptr, 0, 10);
  }
}

Result<Peer> peer_of(int socket) {
  ucred credentials{};
  socklen_t size = sizeof(credentials);
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0)
    return system_fault("SO_PEERCRED", errno);
  return Peer{credentials.pid, credentials.uid, credentials.gid};
}

bool process_exists(pid_t pid) { return pid <= 0 || ::kill(pid, 0) == 0 || errno != ESRCH; }

}  // namespace latchkey::ipc
