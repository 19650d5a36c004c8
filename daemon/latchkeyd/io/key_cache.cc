// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/io/key_cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "files/plain_file.h"
#include "files/write_all.h"
#include "ipc/fd.h"

namespace latchkey::latchkeyd {
namespace {

// A set of the size limit, with every character of it escaped.
constexpr FileRules kRules{.bytes_most = std::size_t{8} << 20U, .own = true};

std::string system_text(int error_number) { return std::system_category().message(error_number); }

std::string file_name(const std::string& issuer) { return issuer + ".json"; }

// The configuration allows no other names; a path is made of them, so it is asked again here.
bool usable_in_path(std::string_view issuer) {
  return !issuer.empty() && issuer.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") ==
                                std::string_view::npos;
}

tl::expected<ipc::Fd, std::string> open_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    return tl::unexpected(system_text(errno));
  ipc::Fd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (!folder || ::fstat(folder.get(), &status) != 0) return tl::unexpected(system_text(errno));
  if (status.st_uid != ::geteuid())
    return tl::unexpected(fmt::format("belongs to uid {}", status.st_uid));
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return tl::unexpected<std::string>("may be written by others");
  return folder;
}

// 0, or the errno of the step that failed.
int replace(int folder, const std::string& name, std::string_view bytes) {
  const std::string fresh = "." + name + ".new";
  ::unlinkat(folder, fresh.c_str(), 0);  // left by a daemon that was killed while it wrote
  const ipc::Fd file(::openat(folder, fresh.c_str(),
                              O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                              S_IRUSR | S_IWUSR));
  if (!file) return errno;
  if (!write_all(file.get(), bytes) || ::fsync(file.get()) != 0 ||
      ::renameat(folder, fresh.c_str(), folder, name.c_str()) != 0) {
    const int error_number = errno;
    ::unlinkat(folder, fresh.c_str(), 0);
    return error_number;
  }
  ::fsync(
      folder);  // where this fails, the old set is there after a power cut: it is a good one, too
  return 0;
}

}  // namespace

class KeyCache::Folder {
 public:
  Folder(std::string path, ipc::Fd folder, Journal& journal)
      : path_(std::move(path)), folder_(std::move(folder)), journal_(journal) {}

  bool has(const std::string& issuer) const {
    return ::faccessat(folder_.get(), file_name(issuer).c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
           errno != ENOENT;
  }

  tl::expected<StoredKeys, std::string> read(const std::string& issuer) const {
    auto text = read_plain_file(file_name(issuer), kRules, folder_.get());
    if (!text) return tl::unexpected(std::move(text).error().what);
    return decode_stored_keys(text->bytes);
  }

  void write(const std::string& issuer, const StoredKeys& keys) const {
    const int error_number = replace(folder_.get(), file_name(issuer), encode_stored_keys(keys));
    if (error_number == 0) return;
    journal_.log(LogLevel::error, "a key set could not be stored; it serves until the daemon ends",
                 {{"issuer", issuer}, {"path", path_}, {"error", system_text(error_number)}});
  }

  void remove(const std::string& issuer) const {
    if (::unlinkat(folder_.get(), file_name(issuer).c_str(), 0) == 0) {
      ::fsync(folder_.get());
      return;
    }
    if (errno == ENOENT) return;
    journal_.log(LogLevel::error, "a stored key set could not be removed; the next start reads it",
                 {{"issuer", issuer}, {"path", path_}, {"error", system_text(errno)}});
  }

  void ignore(const std::string& issuer, std::string_view why) const {
    journal_.log(LogLevel::warning, "a stored key set is ignored and will be fetched anew",
                 {{"issuer", issuer}, {"path", path_ + "/" + file_name(issuer)}, {"error", why}});
  }

 private:
  std::string path_;
  ipc::Fd folder_;
  Journal& journal_;
};

KeyCache::KeyCache(const std::string& state_directory, Executor& disk, Journal& journal)
    : disk_(disk) {
  const std::string path = state_directory + "/keys";
  auto folder = open_folder(path);
  if (folder) {
    folder_ = std::make_shared<Folder>(path, *std::move(folder), journal);
  } else {
    journal.log(LogLevel::error, "key sets are not stored: the folder cannot be used",
                {{"path", path}, {"error", folder.error()}});
  }
}

std::optional<StoredKeys> KeyCache::load(const std::string& issuer) {
  if (!folder_ || !usable_in_path(issuer) || !folder_->has(issuer)) return std::nullopt;
  auto keys = folder_->read(issuer);
  if (keys) return *std::move(keys);
  folder_->ignore(issuer, keys.error());
  return std::nullopt;
}

void KeyCache::save(const std::string& issuer, StoredKeys keys) {
  if (!folder_ || !usable_in_path(issuer)) return;
  disk_.post([folder = folder_, issuer, keys = std::move(keys)] { folder->write(issuer, keys); });
}

void KeyCache::confirm(const std::string& issuer, WallTime fetched_at,
                       std::optional<std::chrono::seconds> max_age) {
  if (!folder_ || !usable_in_path(issuer)) return;
  disk_.post([folder = folder_, issuer, fetched_at, max_age] {
    auto keys = folder->read(issuer);
    if (!keys) return;  // somebody took the file away; the next set that changes brings it back
    keys->fetched_at = fetched_at;
    keys->max_age = max_age;
    folder->write(issuer, *keys);
  });
}

void KeyCache::forget(const std::string& issuer) {
  if (!folder_ || !usable_in_path(issuer)) return;
  disk_.post([folder = folder_, issuer] { folder->remove(issuer); });
}

}  // namespace latchkey::latchkeyd
