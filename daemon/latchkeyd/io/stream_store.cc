// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/io/stream_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "core/jose/sha256.h"
#include "files/plain_file.h"
#include "files/write_all.h"
#include "ipc/fd.h"

namespace latchkey::latchkeyd {
namespace {

constexpr std::size_t kFileBytes = 1'073'741'824;
constexpr std::size_t kSumDigits = 16;
constexpr std::string_view kHead = "latchkey-stream-1 ";

using Kind = StreamLine::Kind;
constexpr std::array<std::string_view, 6> kKinds = {"item",    "read",  "sure",
                                                    "trimmed", "based", "heard"};

tl::unexpected<std::string> system_failure() {
  return tl::unexpected(std::system_category().message(errno));
}

// The configuration allows no other names; a path is made of them, so it is asked again here.
bool usable_in_path(std::string_view stream) {
  return !stream.empty() &&
         stream.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == stream.npos;
}

std::string sum_of(std::string_view text) {
  return jose::sha256_hex(text).value_or(std::string(kSumDigits, '?')).substr(0, kSumDigits);
}

tl::expected<ipc::Fd, std::string> open_folder(const std::string& path) {
  if (path.empty()) return tl::unexpected<std::string>("there is no folder for it");
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return system_failure();
  ipc::Fd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (!folder || ::fstat(folder.get(), &status) != 0) return system_failure();
  if (status.st_uid != ::geteuid() || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return tl::unexpected<std::string>("its folder is not ours alone");
  return folder;
}

std::string head_of(const std::string& issuer) {
  return std::string(kHead) + jose::sha256_hex(issuer).value_or("") + '\n';
}

std::optional<StreamLine> decode_line(std::string_view line) {
  if (line.size() <= kSumDigits || line[kSumDigits] != ' ') return std::nullopt;
  const std::string_view said = line.substr(kSumDigits + 1);
  if (line.substr(0, kSumDigits) != sum_of(said)) return std::nullopt;
  const auto word = said.substr(0, said.find(' '));
  for (std::size_t i = 0; i < kKinds.size(); ++i) {
    if (word != kKinds[i]) continue;
    StreamLine out{static_cast<Kind>(i), {}, {}};
    std::string_view rest = said.substr(word.size());
    if (!rest.empty()) rest.remove_prefix(1);
    const auto middle = rest.find(' ');
    out.name = std::string(rest.substr(0, middle));
    if (middle != std::string_view::npos) out.text = std::string(rest.substr(middle + 1));
    return out;
  }
  return std::nullopt;
}

}  // namespace

std::string encode_stream_lines(const std::vector<StreamLine>& lines) {
  std::string text;
  for (const StreamLine& line : lines) {
    std::string said(kKinds[static_cast<std::size_t>(line.kind)]);
    if (!line.name.empty()) said += ' ' + line.name;
    if (!line.text.empty()) said += ' ' + line.text;
    text += sum_of(said) + ' ' + said + '\n';
  }
  return text;
}

StreamRecord decode_stream_lines(std::string_view text) {
  StreamRecord record;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty()) continue;
    auto read = decode_line(line);
    if (read) {
      record.lines.push_back(*std::move(read));
    } else {
      record.damaged = true;
    }
  }
  return record;
}

StreamStore::StreamStore(const std::string& state_directory, Journal& journal) : journal_(journal) {
  const std::string path = state_directory + "/streams";
  const auto folder = open_folder(path);
  if (folder) {
    path_ = path;
  } else {
    journal.log(LogLevel::error, "revocation streams are not stored: the folder cannot be used",
                {{"path", path}, {"error", folder.error()}});
  }
}

StreamRecord StreamStore::load(const std::string& stream, const std::string& issuer) {
  if (path_.empty() || !usable_in_path(stream)) return {};
  const auto folder = open_folder(path_);
  struct stat status {};
  if (folder && ::fstatat(folder->get(), stream.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 &&
      errno == ENOENT)
    return {};
  const auto text = [&]() -> Result<std::string> {
    if (!folder) return tl::unexpected(folder.error());
    auto read = read_plain_file(stream, {.bytes_most = kFileBytes, .own = true}, folder->get());
    if (!read) return tl::unexpected(std::move(read).error().what);
    return std::move(read->bytes);
  }();
  StreamRecord record;
  if (text && !text->starts_with(kHead)) {
    record.damaged = true;
  } else if (text) {
    const std::string head = head_of(issuer);
    if (!text->starts_with(head)) return {};  // another stream's
    record = decode_stream_lines(std::string_view(*text).substr(head.size()));
  }
  if (text && !record.damaged) return record;
  journal_.log(LogLevel::error,
               "what is stored of a revocation stream is damaged; it is read from its beginning",
               {{"stream", stream},
                {"path", path_ + "/" + stream},
                {"error", text ? "is damaged" : text.error()}});
  record.damaged = true;
  return record;
}

StreamStore::Result<void> StreamStore::append(const std::string& stream,
                                              const std::vector<StreamLine>& lines) {
  if (!usable_in_path(stream)) return tl::unexpected<std::string>("there is no folder for it");
  const auto folder = open_folder(path_);
  if (!folder) return tl::unexpected(folder.error());
  const ipc::Fd file(
      ::openat(folder->get(), stream.c_str(), O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) return system_failure();
  if (!S_ISREG(status.st_mode) || status.st_uid != ::geteuid())
    return tl::unexpected<std::string>("its file is not ours alone");
  // An empty line ends what a daemon that was killed may have begun.
  if (write_all(file.get(), '\n' + encode_stream_lines(lines)) && ::fsync(file.get()) == 0)
    return {};
  auto failure = system_failure();
  static_cast<void>(::ftruncate(file.get(), status.st_size) == 0);
  return failure;
}

StreamStore::Result<void> StreamStore::rewrite(const std::string& stream, const std::string& issuer,
                                               const std::vector<StreamLine>& lines) {
  if (!usable_in_path(stream)) return tl::unexpected<std::string>("there is no folder for it");
  const auto folder = open_folder(path_);
  if (!folder) return tl::unexpected(folder.error());
  const std::string fresh = "." + stream + ".new";
  ::unlinkat(folder->get(), fresh.c_str(), 0);
  const ipc::Fd file(::openat(folder->get(), fresh.c_str(),
                              O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                              S_IRUSR | S_IWUSR));
  if (!file) return system_failure();
  if (!write_all(file.get(), head_of(issuer) + encode_stream_lines(lines)) ||
      ::fsync(file.get()) != 0 ||
      ::renameat(folder->get(), fresh.c_str(), folder->get(), stream.c_str()) != 0 ||
      ::fsync(folder->get()) != 0) {
    auto failure = system_failure();
    ::unlinkat(folder->get(), fresh.c_str(), 0);
    return failure;
  }
  return {};
}

}  // namespace latchkey::latchkeyd
