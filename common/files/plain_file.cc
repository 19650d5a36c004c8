// SPDX-License-Identifier: Apache-2.0
#include "files/plain_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include <fmt/format.h>

#include "ipc/fd.h"

namespace latchkey {
namespace {

constexpr std::int64_t kNanoseconds = 1'000'000'000;

FileStamp stamp(const struct stat& status) {
  return FileStamp{static_cast<std::uint64_t>(status.st_dev),
                   static_cast<std::uint64_t>(status.st_ino),
                   static_cast<std::int64_t>(status.st_size),
                   status.st_mtim.tv_sec * kNanoseconds + status.st_mtim.tv_nsec,
                   status.st_ctim.tv_sec * kNanoseconds + status.st_ctim.tv_nsec};
}

FileTrouble::Kind kind_of(int error_number) {
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
      return FileTrouble::Kind::gone;
    case EACCES:
    case EPERM:
    case ELOOP:
    case ENXIO:
    case ENODEV:
    case ENAMETOOLONG:
      return FileTrouble::Kind::unfit;
    default:
      return FileTrouble::Kind::passing;
  }
}

tl::unexpected<FileTrouble> system_error(int error_number) {
  return tl::unexpected(FileTrouble{
      kind_of(error_number),
      error_number == ELOOP ? "is a symbolic link"
                            : "cannot be read: " + std::system_category().message(error_number)});
}

std::optional<std::string> objection(const struct stat& status, const FileRules& rules) {
  if (!S_ISREG(status.st_mode)) return "is not a plain file";
  if (rules.own && status.st_nlink != 1) return "has more than one name";
  const bool believed = status.st_uid == 0 || (rules.owner && status.st_uid == *rules.owner);
  if (status.st_uid != ::geteuid() && (rules.own || !believed)) {
    return fmt::format("belongs to uid {}", status.st_uid);
  }
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return fmt::format("may be written by others (mode {:04o})", status.st_mode & 07777U);
  }
  if (rules.secret && (status.st_mode & S_IRWXO) != 0) {
    return fmt::format("may be read by others (mode {:04o})", status.st_mode & 07777U);
  }
  // A systemd credential shows a group that may read: that is how its access list looks.
  if (rules.secret && (status.st_mode & S_IRGRP) != 0 && status.st_gid != 0 &&
      status.st_gid != ::getegid()) {
    return fmt::format("may be read by the group {}", status.st_gid);
  }
  return std::nullopt;
}

}  // namespace

FileStamp stamp_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return {};
  return stamp(status);
}

bool settled(const FileStamp& stamp, WallTime now) {
  const std::int64_t now_ns = std::chrono::nanoseconds(now.time_since_epoch()).count();
  const std::int64_t near = std::chrono::nanoseconds(kStampsSettle).count();
  // A time that lies ahead is no sign of a writing to come, unless it is close by.
  const auto apart = [&](std::int64_t time) {
    return time <= now_ns - near || time >= now_ns + near;
  };
  return apart(stamp.modified_ns) && apart(stamp.changed_ns);
}

tl::expected<FileText, FileTrouble> read_plain_file(const std::string& path, const FileRules& rules,
                                                    int folder) {
  const int links = rules.follow_links ? 0 : O_NOFOLLOW;
  const ipc::Fd file(
      ::openat(folder, path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | links));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) return system_error(errno);
  if (auto wrong = objection(status, rules))
    return tl::unexpected(FileTrouble{FileTrouble::Kind::unfit, *std::move(wrong)});
  if (static_cast<std::uint64_t>(status.st_size) > rules.bytes_most) {
    return tl::unexpected(FileTrouble{FileTrouble::Kind::content,
                                      fmt::format("has more than {} bytes", rules.bytes_most)});
  }
  FileText text;
  text.stamp = stamp(status);
  text.bytes.resize(static_cast<std::size_t>(status.st_size) +
                    1);  // one more, to see that it grew meanwhile
  std::size_t size = 0;
  int failed = 0;
  while (size < text.bytes.size()) {
    const ssize_t step = ::read(file.get(), text.bytes.data() + size, text.bytes.size() - size);
    if (step < 0 && errno == EINTR) continue;
    if (step <= 0) {
      failed = step < 0 ? errno : 0;
      break;
    }
    size += static_cast<std::size_t>(step);
  }
  struct stat after {};
  if (failed == 0 && ::fstat(file.get(), &after) != 0) failed = errno;
  const bool whole =
      failed == 0 && size == static_cast<std::size_t>(status.st_size) && stamp(after) == text.stamp;
  if (!whole && rules.secret) ::explicit_bzero(text.bytes.data(), text.bytes.size());
  if (failed != 0) return system_error(failed);
  if (!whole) {
    return tl::unexpected(FileTrouble{FileTrouble::Kind::passing, "changes while it is read"});
  }
  text.bytes.resize(size);
  return text;
}

}  // namespace latchkey
