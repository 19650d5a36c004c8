// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkey/private_dir.h"

#include <cstdlib>

#include <sys/stat.h>
#include <unistd.h>

namespace latchkey::cli {
namespace {

// What a socket's address leaves of its 108 bytes for the folder that we make ours in.
constexpr std::size_t kRuntimeDirMost = 80;

bool ours_alone(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode) &&
         status.st_uid == ::geteuid() && (status.st_mode & 077U) == 0;
}

}  // namespace

std::optional<PrivateDir> PrivateDir::make(const std::optional<std::string>& runtime_dir) {
  const bool runtime = runtime_dir && !runtime_dir->empty() && runtime_dir->front() == '/' &&
                       runtime_dir->size() <= kRuntimeDirMost && ours_alone(*runtime_dir);
  std::string path = (runtime ? *runtime_dir : std::string("/tmp")) + "/latchkey.XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) return std::nullopt;
  return PrivateDir(std::move(path));
}

PrivateDir::PrivateDir(PrivateDir&& other) noexcept : path_(std::exchange(other.path_, {})) {}

PrivateDir::~PrivateDir() {
  if (path_.empty()) return;
  ::unlink(socket().c_str());
  ::unlink(askpass().c_str());
  ::rmdir(path_.c_str());
}

}  // namespace latchkey::cli
