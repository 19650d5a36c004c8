// SPDX-License-Identifier: Apache-2.0
#include "daemon/endd/record.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <ctime>
#include <memory>
#include <utility>

#include "ipc/fd.h"

namespace latchkey::endd {
namespace {

using ipc::FaultKind;

constexpr std::size_t kRecordMost = 1'024;
constexpr std::size_t kLoginSize = 32;
constexpr mode_t kOthersWrite = S_IWGRP | S_IWOTH;

// The value of the line `key=VALUE` that the text begins with.
bool take_line(std::string_view& text, std::string_view key, std::string_view& value) {
  if (!text.starts_with(key)) return false;
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return false;
  value = text.substr(key.size(), end - key.size());
  text.remove_prefix(end + 1);
  return std::none_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

template <typename Number>
bool number(std::string_view text, Number& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

ipc::Result<std::string> read_file(int file) {
  std::array<char, kRecordMost + 1> buffer{};
  std::size_t have = 0;
  while (have < buffer.size()) {
    const ssize_t got = ::read(file, buffer.data() + have, buffer.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ipc::system_fault("note", errno);
    if (got == 0) return std::string(buffer.data(), have);
    have += static_cast<std::size_t>(got);
  }
  return ipc::fault(FaultKind::malformed, "the note is too long");
}

}  // namespace

bool is_login_id(std::string_view text) {
  return text.size() == kLoginSize && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

std::optional<Record> parse_record(std::string_view text) {
  Record record;
  std::string_view service;
  std::string_view user;
  std::string_view ruser;
  std::string_view pid;
  std::string_view start;
  std::string_view nothing;
  const bool whole = take_line(text, "latchkey-session 1", nothing) && nothing.empty() &&
                     take_line(text, "service=", service) && take_line(text, "user=", user) &&
                     take_line(text, "ruser=", ruser) && take_line(text, "pid=", pid) &&
                     take_line(text, "start=", start) && text == "end\n";
  if (!whole || service.empty() || user.empty()) return std::nullopt;
  if (!number(pid, record.pid) || record.pid <= 1) return std::nullopt;
  if (!number(start, record.start) || record.start == 0) return std::nullopt;
  record.service = service;
  record.user = user;
  record.ruser = ruser;
  return record;
}

ipc::Result<int> Records::open_folder() const {
  ipc::Fd folder(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (!folder || ::fstat(folder.get(), &status) != 0) return ipc::system_fault(folder_, errno);
  if (status.st_uid != owner_ || (status.st_mode & kOthersWrite) != 0) {
    return ipc::fault(FaultKind::denied, folder_ + " is not root's alone");
  }
  return folder.release();
}

ipc::Result<std::optional<Record>> Records::find(std::string_view login) const {
  if (!is_login_id(login)) return ipc::fault(FaultKind::malformed, "that is no login id");
  auto opened = open_folder();
  if (!opened) return tl::unexpected(opened.error());
  const ipc::Fd folder(*opened);
  const std::string name(login);
  const ipc::Fd file(::openat(folder.get(), name.c_str(),
                              O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file && errno == ENOENT) return std::optional<Record>();
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) return ipc::system_fault("note", errno);
  if (!S_ISREG(status.st_mode) || status.st_uid != owner_ || status.st_nlink != 1 ||
      (status.st_mode & kOthersWrite) != 0) {
    return ipc::fault(FaultKind::denied, "the note is not root's alone");
  }
  auto text = read_file(file.get());
  if (!text) return tl::unexpected(text.error());
  auto record = parse_record(*text);
  if (!record) return ipc::fault(FaultKind::malformed, "the note is not whole");
  return record;
}

std::vector<std::string> Records::older_than(std::chrono::seconds age, std::size_t most) const {
  std::vector<std::string> logins;
  auto opened = open_folder();
  if (!opened) return logins;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::fdopendir(*opened), ::closedir);
  if (folder == nullptr) {
    ::close(*opened);
    return logins;
  }
  const std::time_t before = std::time(nullptr) - age.count();
  while (const dirent* entry = ::readdir(folder.get())) {
    struct stat status {};
    if (logins.size() == most) break;
    if (is_login_id(entry->d_name) &&
        ::fstatat(::dirfd(folder.get()), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        status.st_mtime < before) {
      logins.emplace_back(entry->d_name);
    }
  }
  return logins;
}

void Records::remove(std::string_view login) const {
  const auto opened = is_login_id(login) ? open_folder() : ipc::Result<int>(-1);
  if (!opened || *opened < 0) return;
  const ipc::Fd folder(*opened);
  ::unlinkat(folder.get(), std::string(login).c_str(), 0);
}

}  // namespace latchkey::endd
