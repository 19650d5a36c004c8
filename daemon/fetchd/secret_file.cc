// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetchd/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>

#include "ipc/fd.h"

namespace latchkey::fetchd {
namespace {

constexpr std::size_t kBytesMost = 16'384;

tl::unexpected<std::string> problem(const std::string& path, std::string_view what) {
  return tl::unexpected(path + ' ' + std::string(what));
}

std::optional<std::string_view> objection(const struct stat& status) {
  if (!S_ISREG(status.st_mode)) return "is not a plain file";
  if (status.st_uid != 0 && status.st_uid != ::geteuid()) return "belongs to another user";
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) return "may be written by others";
  if ((status.st_mode & S_IRWXO) != 0) return "may be read by others";
  // A systemd credential shows a group that may read: that is how its access list looks.
  if ((status.st_mode & S_IRGRP) != 0 && status.st_gid != 0 && status.st_gid != ::getegid())
    return "may be read by another group";
  if (status.st_size > static_cast<off_t>(kBytesMost)) return "is too long";
  return std::nullopt;
}

bool printable_line(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < 0x7f; });
}

}  // namespace

tl::expected<wire::SecretBuffer, std::string> read_secret_file(const std::string& path) {
  const ipc::Fd file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0)
    return problem(path, std::string("cannot be read: ") + std::strerror(errno));
  if (const auto wrong = objection(status)) return problem(path, *wrong);
  wire::SecretBuffer content(kBytesMost + 1);
  while (!content.room().empty()) {
    const ssize_t got = ::read(file.get(), content.room().data(), content.room().size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return problem(path, std::string("cannot be read: ") + std::strerror(errno));
    if (got == 0) break;
    if (!content.grow(static_cast<std::size_t>(got))) return problem(path, "is too long");
  }
  if (content.size() > kBytesMost) return problem(path, "is too long");
  if (content.empty()) return problem(path, "is empty");
  return content;
}

tl::expected<wire::SecretBuffer, std::string> read_client_secret(const std::string& path) {
  auto content = read_secret_file(path);
  if (!content) return content;
  std::string_view line = content->view();
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.empty()) return problem(path, "is empty");
  if (!printable_line(line)) return problem(path, "is not one line of printable ASCII");
  wire::SecretBuffer secret(line.size());
  if (!secret.append(line)) return problem(path, "cannot be kept: no memory");
  return secret;
}

}  // namespace latchkey::fetchd
