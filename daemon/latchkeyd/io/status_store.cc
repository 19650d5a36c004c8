// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/io/status_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/jose/json.h"
#include "core/jose/sha256.h"
#include "daemon/latchkeyd/io/checksum.h"
#include "daemon/latchkeyd/io/plain_file.h"
#include "ipc/fd.h"

namespace latchkey::latchkeyd {
namespace {

constexpr std::int64_t kVersion = 1;
constexpr std::size_t kRecordBytes = 65'536;
constexpr std::string_view kRecord = ".json";
constexpr std::string_view kToken = ".jwt";
constexpr std::uint64_t kLastMoment = 253'402'300'799'999;  // of the year 9999, in milliseconds

tl::unexpected<std::string> system_failure() {
  return tl::unexpected(std::system_category().message(errno));
}

// A folder of ours that nobody else may write to; made where it is missing.
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

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t step = ::write(file, bytes.data(), bytes.size());
    if (step < 0 && errno == EINTR) continue;
    if (step <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(step));
  }
  return true;
}

StatusStore::Result<void> replace(int folder, const std::string& name, std::string_view bytes) {
  const std::string fresh = "." + name + ".new";
  ::unlinkat(folder, fresh.c_str(), 0);
  const ipc::Fd file(::openat(folder, fresh.c_str(),
                              O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                              S_IRUSR | S_IWUSR));
  if (!file) return system_failure();
  if (!write_all(file.get(), bytes) || ::fsync(file.get()) != 0 ||
      ::renameat(folder, fresh.c_str(), folder, name.c_str()) != 0 || ::fsync(folder) != 0) {
    auto failure = system_failure();
    ::unlinkat(folder, fresh.c_str(), 0);
    return failure;
  }
  return {};
}

// Both together name one list; a newline is in neither.
std::string place_of(const std::string& issuer, const std::string& uri) {
  return jose::sha256_hex(issuer + '\n' + uri).value_or("");
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

std::string sum_of(const StatusRecord& record) {
  return fmt::format("{:016x}",
                     checksum({record.issuer, record.uri, record.etag, record.last_modified},
                              {kVersion, record.issued_at.time_since_epoch().count(),
                               record.fetched_at.time_since_epoch().count()}));
}

}  // namespace

std::string encode_status_record(const StatusRecord& record) {
  const nlohmann::json text{{"format", kVersion},
                            {"issuer", record.issuer},
                            {"uri", record.uri},
                            {"iat_ms", record.issued_at.time_since_epoch().count()},
                            {"fetched_at_ms", record.fetched_at.time_since_epoch().count()},
                            {"etag", record.etag},
                            {"last_modified", record.last_modified},
                            {"sum", sum_of(record)}};
  return text.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

tl::expected<StatusRecord, std::string> decode_status_record(std::string_view text) {
  constexpr std::size_t kMembers = 8;
  jose::JsonReader reader(jose::JsonLimits{.bytes = kRecordBytes, .depth = 1});
  const auto root = reader.read(text);
  if (!root) return tl::unexpected(fmt::format("is damaged: {}", jose::describe(root.error())));
  const auto string = [&](std::string_view name) {
    const auto member = root->find(name);
    return member ? member->as_string() : std::nullopt;
  };
  const auto number = [&](std::string_view name) {
    const auto member = root->find(name);
    return member ? member->as_unsigned() : std::nullopt;
  };
  const auto issuer = string("issuer");
  const auto uri = string("uri");
  const auto issued = number("iat_ms");
  const auto fetched = number("fetched_at_ms");
  const auto etag = string("etag");
  const auto last_modified = string("last_modified");
  const auto sum = string("sum");
  if (number("format") != static_cast<std::uint64_t>(kVersion) || !issuer || !uri || !issued ||
      !fetched || !etag || !last_modified || !sum || root->size() != kMembers ||
      *issued > kLastMoment || *fetched > kLastMoment) {
    return tl::unexpected<std::string>("is damaged: it has not the members that it should have");
  }
  const auto time = [](std::uint64_t ms) {
    return WallTime(std::chrono::milliseconds(static_cast<std::int64_t>(ms)));
  };
  StatusRecord record{std::string(*issuer), std::string(*uri),  time(*issued),
                      time(*fetched),       std::string(*etag), std::string(*last_modified)};
  if (sum_of(record) != *sum)
    return tl::unexpected<std::string>("is damaged: its checksum does not fit");
  return record;
}

StatusStore::StatusStore(const std::string& state_directory, Journal& journal) : journal_(journal) {
  const std::string path = state_directory + "/status";
  const auto folder = open_folder(path);
  if (folder) {
    path_ = path;
  } else {
    journal.log(LogLevel::error, "status lists are not stored: the folder cannot be used",
                {{"path", path}, {"error", folder.error()}});
  }
}

std::vector<StatusStore::Stored> StatusStore::load(std::size_t lists_most, std::size_t bytes_most) {
  std::vector<Stored> all;
  const auto folder = open_folder(path_);
  if (!folder) return all;
  for (const std::string& name : names_in(folder->get())) {
    if (name.starts_with('.') && name.ends_with(".new")) ::unlinkat(folder->get(), name.c_str(), 0);
    if (!name.ends_with(kRecord) || name.starts_with('.')) continue;
    const std::string place = name.substr(0, name.size() - kRecord.size());
    const std::string list = place + std::string(kToken);
    const auto text =
        read_plain_file(name, {.bytes_most = kRecordBytes, .own = true}, folder->get());
    auto record = text ? decode_status_record(text->bytes)
                       : tl::expected<StatusRecord, std::string>(tl::unexpected(text.error().what));
    if (record && place_of(record->issuer, record->uri) != place)
      record = tl::unexpected<std::string>("is another list's");
    if (!record || all.size() == lists_most) {
      if (!record)
        journal_.log(LogLevel::error, "what is stored of a status list cannot be used",
                     {{"path", path_ + "/" + name}, {"error", record.error()}});
      ::unlinkat(folder->get(), name.c_str(), 0);
      ::unlinkat(folder->get(), list.c_str(), 0);
      continue;
    }
    auto token = read_plain_file(list, {.bytes_most = bytes_most, .own = true}, folder->get());
    if (token) bytes_most -= token->bytes.size();
    all.push_back({*std::move(record), token ? std::move(token->bytes) : std::string()});
  }
  return all;
}

StatusStore::Result<void> StatusStore::put(const StatusRecord& record, std::string_view token) {
  const auto folder = open_folder(path_);
  if (!folder) return tl::unexpected(folder.error());
  const std::string place = place_of(record.issuer, record.uri);
  const std::string list = place + std::string(kToken);
  const auto stored = replace(folder->get(), list, token);
  if (!stored) ::unlinkat(folder->get(), list.c_str(), 0);
  const auto told =
      replace(folder->get(), place + std::string(kRecord), encode_status_record(record));
  if (!stored) ::fsync(folder->get());  // also where the record was not written
  return stored ? told : stored;
}

StatusStore::Result<void> StatusStore::confirm(const StatusRecord& record) {
  const auto folder = open_folder(path_);
  if (!folder) return tl::unexpected(folder.error());
  return replace(folder->get(), place_of(record.issuer, record.uri) + std::string(kRecord),
                 encode_status_record(record));
}

void StatusStore::remove(const std::string& issuer, const std::string& uri) {
  const auto folder = open_folder(path_);
  if (!folder) return;
  const std::string place = place_of(issuer, uri);
  for (const std::string_view end : {kRecord, kToken})
    ::unlinkat(folder->get(), (place + std::string(end)).c_str(), 0);
}

}  // namespace latchkey::latchkeyd
