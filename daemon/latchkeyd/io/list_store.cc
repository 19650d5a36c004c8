// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/io/list_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>
#include <utility>

#include "core/jose/sha256.h"
#include "files/plain_file.h"
#include "files/write_all.h"
#include "ipc/fd.h"

namespace latchkey::latchkeyd {
namespace {

constexpr std::string_view kRecord = "record.json";
constexpr std::size_t kRecordBytes = 65'536;
constexpr std::size_t kDigits = 64;

std::string system_text(int error_number) { return std::system_category().message(error_number); }

tl::unexpected<std::string> system_failure() { return tl::unexpected(system_text(errno)); }

// The configuration allows no other names; a path is made of them, so it is asked again here.
bool usable_in_path(std::string_view list) {
  return !list.empty() &&
         list.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

bool is_digest(std::string_view text) {
  return text.size() == kDigits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// A folder of ours that nobody else may write to; made where it is missing.
tl::expected<ipc::Fd, std::string> open_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return system_failure();
  ipc::Fd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (!folder || ::fstat(folder.get(), &status) != 0) return system_failure();
  if (status.st_uid != ::geteuid() || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return tl::unexpected<std::string>("its folder is not ours alone");
  return folder;
}

std::vector<std::string> names_in(int folder) {
  std::vector<std::string> names;
  const int copy = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (copy < 0) return names;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::fdopendir(copy), &::closedir);
  if (!directory) {
    ::close(copy);
    return names;
  }
  while (const dirent* entry = ::readdir(directory.get())) names.emplace_back(entry->d_name);
  return names;
}

// Whatever it is that has the name. Nobody but us writes here, so it takes no care of links; a
// folder that somebody made must not stand in the way of a good file for ever.
void discard(int folder, const std::string& name) {
  if (::unlinkat(folder, name.c_str(), 0) == 0 || (errno != EISDIR && errno != EPERM)) return;
  const ipc::Fd inner(
      ::openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!inner) return;
  for (const std::string& each : names_in(inner.get()))
    if (each != "." && each != "..") discard(inner.get(), each);
  ::unlinkat(folder, name.c_str(), AT_REMOVEDIR);
}

bool rename_over(int folder, const std::string& from, const std::string& to) {
  if (::renameat(folder, from.c_str(), folder, to.c_str()) == 0) return true;
  if (errno != EISDIR) return false;
  discard(folder, to);
  return ::renameat(folder, from.c_str(), folder, to.c_str()) == 0;
}

// Whole or not at all, and on the disk when it returns.
tl::expected<void, std::string> replace(int folder, const std::string& name,
                                        std::string_view bytes) {
  const std::string fresh = "." + name + ".new";
  discard(folder, fresh);  // left by a daemon that was killed while it wrote
  const ipc::Fd file(::openat(folder, fresh.c_str(),
                              O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                              S_IRUSR | S_IWUSR));
  if (!file) return system_failure();
  if (!write_all(file.get(), bytes) || ::fsync(file.get()) != 0 ||
      !rename_over(folder, fresh, name) || ::fsync(folder) != 0) {
    auto failure = system_failure();
    ::unlinkat(folder, fresh.c_str(), 0);
    return failure;
  }
  return {};
}

// But for the record itself.
void remove_others(int folder, const std::vector<std::string>& trail,
                   const std::set<std::string, std::less<>>& keep) {
  for (const std::string& name : names_in(folder)) {
    const bool named = keep.contains(name) || name == kRecord ||
                       std::find(trail.begin(), trail.end(), name) != trail.end();
    if (!named && name != "." && name != "..") discard(folder, name);
  }
}

}  // namespace

ListStore::ListStore(const std::string& state_directory, Journal& journal) : journal_(journal) {
  const std::string path = state_directory + "/lists";
  const auto folder = open_folder(path);
  if (folder) {
    path_ = path;
  } else {
    journal.log(LogLevel::error, "revocation lists are not stored: the folder cannot be used",
                {{"path", path}, {"error", folder.error()}});
  }
}

std::optional<ListRecord> ListStore::load(const std::string& list) {
  if (path_.empty() || !usable_in_path(list)) return std::nullopt;
  struct stat status {};
  const std::string path = folder(list);
  if (::lstat((path + "/" + std::string(kRecord)).c_str(), &status) != 0 && errno == ENOENT)
    return std::nullopt;
  const auto record = [&]() -> Result<ListRecord> {
    auto opened = open_folder(path);
    if (!opened) return tl::unexpected(std::move(opened).error());
    auto text = read_plain_file(std::string(kRecord), {.bytes_most = kRecordBytes, .own = true},
                                opened->get());
    if (!text) return tl::unexpected(std::move(text).error().what);
    return decode_list_record(text->bytes);
  }();
  if (record) return *record;
  journal_.log(LogLevel::error,
               "what is stored of a revocation list is ignored; it is fetched anew, and an older "
               "version could be shown to this host",
               {{"path", path}, {"error", record.error()}});
  return std::nullopt;
}

ListStore::Result<std::string> ListStore::read(const std::string& list, std::string_view sha256,
                                               std::size_t most) {
  if (path_.empty() || !usable_in_path(list) || !is_digest(sha256))
    return tl::unexpected<std::string>("is not stored");
  auto opened = open_folder(folder(list));
  if (!opened) return tl::unexpected(std::move(opened).error());
  const std::string name(sha256);
  auto text = read_plain_file(name, {.bytes_most = most, .own = true}, opened->get());
  if (!text) {
    // Not ours, or not as it was written: it must not stand in the way of a good one.
    if (text.error().kind != FileTrouble::Kind::passing) discard(opened->get(), name);
    return tl::unexpected(std::move(text).error().what);
  }
  if (jose::sha256_hex(text->bytes) != name) {
    discard(opened->get(), name);
    return tl::unexpected<std::string>("is damaged");
  }
  return std::move(text->bytes);
}

bool ListStore::holds(const std::string& list, std::string_view sha256, std::size_t bytes) const {
  if (path_.empty() || !usable_in_path(list) || !is_digest(sha256)) return false;
  struct stat status {};
  const std::string path = folder(list) + "/" + std::string(sha256);
  return ::lstat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && status.st_size >= 0 &&
         static_cast<std::size_t>(status.st_size) == bytes;
}

ListStore::Result<void> ListStore::put(const std::string& list, std::string_view sha256,
                                       std::string_view bytes) {
  if (path_.empty() || !usable_in_path(list) || !is_digest(sha256))
    return tl::unexpected<std::string>("there is no folder for it");
  auto opened = open_folder(folder(list));
  if (!opened) return tl::unexpected(std::move(opened).error());
  return replace(opened->get(), std::string(sha256), bytes);
}

ListStore::Result<void> ListStore::commit(const std::string& list, const ListRecord& record,
                                          const std::set<std::string, std::less<>>& keep) {
  if (path_.empty() || !usable_in_path(list))
    return tl::unexpected<std::string>("there is no folder for it");
  auto opened = open_folder(folder(list));
  if (!opened) return tl::unexpected(std::move(opened).error());
  if (auto written = replace(opened->get(), std::string(kRecord), encode_list_record(record));
      !written)
    return written;
  remove_others(opened->get(), record.trail, keep);
  return {};
}

void ListStore::clean(const std::string& list, const std::set<std::string, std::less<>>& keep) {
  if (path_.empty() || !usable_in_path(list)) return;
  const auto opened = open_folder(folder(list));
  if (!opened) return;
  auto text = read_plain_file(std::string(kRecord), {.bytes_most = kRecordBytes, .own = true},
                              opened->get());
  const auto record = text ? decode_list_record(text->bytes) : decode_list_record("");
  remove_others(opened->get(), record ? record->trail : std::vector<std::string>(), keep);
}

}  // namespace latchkey::latchkeyd
