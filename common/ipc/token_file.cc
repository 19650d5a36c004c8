// SPDX-License-Identifier: Apache-2.0
//
// A token between latchkeyd and latchkey-fetchd. It is larger than a message may be, so it travels
// as a memfd: nothing of it is in a file system, in a message that somebody logs, or left in the
// file once it was read.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "ipc/fetch_protocol.h"

namespace latchkey::ipc::fetch {
namespace {

constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

Result<void> write_at(int fd, std::string_view bytes, off_t offset) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(fd, bytes.data(), bytes.size(), offset);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return system_fault("memfd", written < 0 ? errno : EIO);
    offset += written;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

// What could not be overwritten goes with the file; nobody else can open it.
void overwrite(int fd, std::size_t size) {
  constexpr std::array<char, 4'096> kNothing{};
  for (std::size_t at = 0; at < size; at += kNothing.size()) {
    const std::string_view piece(kNothing.data(), std::min(kNothing.size(), size - at));
    if (!write_at(fd, piece, static_cast<off_t>(at))) return;
  }
}

Result<void> read_into(wire::SecretBuffer& token, int fd, std::size_t bytes) {
  while (token.size() < bytes) {
    const auto room = token.room().first(bytes - token.size());
    const ssize_t got = ::pread(fd, room.data(), room.size(), static_cast<off_t>(token.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0 || !token.grow(static_cast<std::size_t>(got)))
      return system_fault("memfd", got < 0 ? errno : EIO);
  }
  return {};
}

}  // namespace

Result<Fd> make_token_file(std::string_view token) {
  if (token.empty() || token.size() > kTokenMost)
    return fault(FaultKind::too_large, "a token out of bounds");
  Fd fd(::memfd_create("latchkey-token", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) return system_fault("memfd_create", errno);
  if (auto written = write_at(fd.get(), token, 0); !written) return tl::unexpected(written.error());
  if (::fcntl(fd.get(), F_ADD_SEALS, kSeals) != 0) return system_fault("F_ADD_SEALS", errno);
  return fd;
}

Result<wire::SecretBuffer> take_token(Fd fd, std::size_t bytes) {
  if (bytes == 0 || bytes > kTokenMost) return fault(FaultKind::too_large, "a token out of bounds");
  const int seals = ::fcntl(fd.get(), F_GET_SEALS);  // EINVAL for anything that is no memfd
  if (seals < 0 || (seals & kSeals) != kSeals)
    return fault(FaultKind::malformed, "a token without its seals");
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return system_fault("fstat", errno);
  if (status.st_size < 0 || static_cast<std::size_t>(status.st_size) != bytes)
    return fault(FaultKind::malformed, "a token of another size than announced");
  wire::SecretBuffer token(bytes);
  if (token.capacity() < bytes) return system_fault("memory", ENOMEM);
  auto read = read_into(token, fd.get(), bytes);
  overwrite(fd.get(), bytes);
  if (!read) return tl::unexpected(read.error());
  return token;
}

}  // namespace latchkey::ipc::fetch
