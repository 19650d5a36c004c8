// SPDX-License-Identifier: Apache-2.0
#include "config_files/load.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <system_error>

#include "core/base/limits.h"
#include "core/config/parse.h"

namespace latchkey::config_files {
namespace {

namespace fs = std::filesystem;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

std::string system_error(const char* what, int error) {
  return std::string(what) + ": " + std::strerror(error);
}

// Why the thing behind the descriptor may not say who gets in, or nothing.
std::optional<std::string> distrust(const struct stat& status) {
  if (status.st_uid != 0 && status.st_uid != ::geteuid())
    return "it is owned by uid " + std::to_string(status.st_uid);
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) return "a group or others may write to it";
  return std::nullopt;
}

tl::expected<std::string, std::string> read_all(int fd) {
  std::string text(limits::kConfigBytes + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const auto got = ::read(fd, text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return tl::unexpected(system_error("cannot be read", errno));
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > limits::kConfigBytes) {
    return tl::unexpected("it is longer than " + std::to_string(limits::kConfigBytes) + " bytes");
  }
  text.resize(size);
  return text;
}

// O_NONBLOCK so that a fifo in the place of a file does not hang the daemon.
tl::expected<std::string, std::string> read_file(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status {};
  if (file.get() < 0) return tl::unexpected(system_error("cannot be opened", errno));
  if (::fstat(file.get(), &status) != 0)
    return tl::unexpected(system_error("cannot be looked at", errno));
  if (!S_ISREG(status.st_mode)) return tl::unexpected<std::string>("it is no plain file");
  if (auto why = distrust(status)) return tl::unexpected(*std::move(why));
  return read_all(file.get());
}

// The paths of conf.d/*.yaml by name; none where there is no such folder.
tl::expected<std::vector<std::string>, std::string> list_folder(const fs::path& folder) {
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    return tl::unexpected(system_error("cannot be looked at", errno));
  }
  if (!S_ISDIR(status.st_mode)) return tl::unexpected<std::string>("it is no folder");
  if (auto why = distrust(status)) return tl::unexpected(*std::move(why));
  std::vector<std::string> out;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const auto name = it->path().filename().string();
    if (name.ends_with(".yaml") && !name.starts_with('.')) out.push_back(it->path().string());
    if (out.size() >= config::kFilesMost)
      return tl::unexpected<std::string>("it holds too many files");
  }
  if (error) return tl::unexpected("cannot be listed: " + error.message());
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

tl::expected<std::vector<config::SourceText>, Errors> read(const std::string& path) {
  Errors errors;
  std::vector<std::string> paths = {path};
  const auto folder = fs::path(path).parent_path() / "conf.d";
  if (auto more = list_folder(folder)) {
    paths.insert(paths.end(), more->begin(), more->end());
  } else {
    errors.push_back({folder.string(), 0, 0, std::move(more).error()});
  }
  std::vector<config::SourceText> out;
  for (const auto& each : paths) {
    if (auto text = read_file(each)) {
      out.push_back({each, *std::move(text)});
    } else {
      errors.push_back({each, 0, 0, std::move(text).error()});
    }
  }
  if (!errors.empty()) return tl::unexpected(std::move(errors));
  return out;
}

tl::expected<config::Config, Errors> load(const std::string& path) {
  auto texts = read(path);
  if (!texts) return tl::unexpected(std::move(texts).error());
  return config::parse(*texts);
}

}  // namespace latchkey::config_files
