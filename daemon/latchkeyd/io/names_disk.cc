// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/io/names_disk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "core/base/text.h"
#include "files/plain_file.h"
#include "files/write_all.h"
#include "ipc/fd.h"

namespace latchkey::latchkeyd {
namespace {

constexpr mode_t kShown = 0644;
constexpr mode_t kOwn = 0600;

tl::unexpected<std::string> failed(const std::string& path) {
  return tl::unexpected(path + ": " + std::strerror(errno));
}

bool sync_folder(const std::string& folder) {
  const ipc::Fd open(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return open && ::fsync(open.get()) == 0;
}

// The mark stays where it is; making it twice is no failure.
bool make_mark(const std::string& path) {
  const ipc::Fd mark(::open(path.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, kOwn));
  return mark && ::fsync(mark.get()) == 0;
}

bool is_there(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 || errno != ENOENT;
}

}  // namespace

NamesDisk::NamesDisk(std::string path, const std::string& state_directory)
    : path_(std::move(path)),
      folder_(path_.substr(0, path_.rfind('/'))),
      mark_(state_directory + "/names-written") {}

bool NamesDisk::touched() const { return stamp_of(path_) != stamp_; }

tl::expected<accounts::Names, std::string> NamesDisk::load() {
  stamp_ = stamp_of(path_);
  auto text = read_plain_file(path_, {.bytes_most = limits::kNamesFileBytes});
  if (!text) {
    if (text.error().kind != FileTrouble::Kind::gone)
      return tl::unexpected(path_ + " " + text.error().what);
    if (!is_there(mark_)) return accounts::Names();
    return tl::unexpected(path_ +
                          " is gone, and with it the ids of the accounts of this host; bring it " +
                          "back, or remove " + mark_ + " to begin anew");
  }
  auto names = accounts::Names::parse(text->bytes);
  if (names) return *std::move(names);
  const auto& [line, what] = names.error();
  return tl::unexpected(path_ + (line == 0 ? " " : " line " + std::to_string(line) + " ") + what);
}

tl::expected<void, std::string> NamesDisk::save(const accounts::Names& names) {
  const auto text = accounts::write(names);
  if (!text) return tl::unexpected(path_ + " " + text.error().what);
  const std::string fresh = path_ + ".new";
  ::unlink(fresh.c_str());  // left by a daemon that was killed while it wrote
  const ipc::Fd file(
      ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kShown));
  if (!file) return failed(fresh);
  if (!write_all(file.get(), *text) || ::fchmod(file.get(), kShown) != 0 ||
      ::fsync(file.get()) != 0 || ::rename(fresh.c_str(), path_.c_str()) != 0) {
    auto failure = failed(fresh);
    ::unlink(fresh.c_str());
    return failure;
  }
  stamp_ = stamp_of(path_);
  // After the first file, or one that could not be written would count as one that is lost.
  if (!is_there(mark_) && !make_mark(mark_)) return failed(mark_);
  if (!sync_folder(folder_)) return failed(folder_);
  return {};
}

}  // namespace latchkey::latchkeyd
