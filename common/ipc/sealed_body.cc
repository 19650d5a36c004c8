// SPDX-License-Identifier: Apache-2.0
//
// Document bodies as sealed memfds. The seals are the point: without F_SEAL_SHRINK a peer could cut
// the file and kill the reader with SIGBUS, without F_SEAL_WRITE it could change a key set between
// its check and its use.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "ipc/fetch_protocol.h"

namespace latchkey::ipc::fetch {
namespace {

constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;

Result<void> write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return system_fault("memfd", written < 0 ? errno : EIO);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace

Result<Fd> make_sealed(std::string_view body) {
  Fd fd(::memfd_create("latchkey-document", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) return system_fault("memfd_create", errno);
  if (auto written = write_all(fd.get(), body); !written) return tl::unexpected(written.error());
  if (::fcntl(fd.get(), F_ADD_SEALS, kSeals) != 0) return system_fault("F_ADD_SEALS", errno);
  return fd;
}

Result<SealedBody> SealedBody::map(Fd fd, std::size_t bytes, std::size_t most) {
  if (bytes > most) return fault(FaultKind::too_large, "a document above the limit");
  const int seals = ::fcntl(fd.get(), F_GET_SEALS);  // EINVAL for anything that is no memfd
  if (seals < 0 || (seals & kSeals) != kSeals)
    return fault(FaultKind::malformed, "a document without its seals");
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return system_fault("fstat", errno);
  if (status.st_size < 0 || static_cast<std::size_t>(status.st_size) != bytes) {
    return fault(FaultKind::malformed, "a document of another size than announced");
  }
  if (bytes == 0) return SealedBody(nullptr, 0);
  void* data = ::mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, fd.get(), 0);
  if (data == MAP_FAILED) return system_fault("mmap", errno);
  return SealedBody(static_cast<const char*>(data), bytes);
}

SealedBody::SealedBody(SealedBody&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

SealedBody& SealedBody::operator=(SealedBody&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

SealedBody::~SealedBody() {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): munmap takes back what mmap gave.
  if (data_ != nullptr) ::munmap(const_cast<char*>(data_), size_);
}

}  // namespace latchkey::ipc::fetch
