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
#include "files/plain_file.h"
#include "files/write_all.h"
#include "ipc/fd.h"

namespace latchkey::latchkeyd {
namespace {

constexpr std::int64_t kVersion = 2;
constexpr std::int64_t kVersionWithoutKey = 1;
constexpr std::size_t kRecordBytes = 262'144;
constexpr std::size_t kKeyBytes = 65'536;  // escaped once more in a record
constexpr std::string_view kRecord = ".json";
constexpr std::string_view kToken = ".jwt";
constexpr std::string_view kNew = ".new";        // behind the name of what is being written
constexpr std::string_view kBefore = ".before";  // behind the name of what was there before
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

StatusStore::Result<void> replace(int folder, const std::string& name, std::string_view bytes) {
  const std::string fresh = "." + name + std::string(kNew);
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

std::string sum_of(const StatusRecord& record, std::int64_t version) {
  const std::initializer_list<std::int64_t> numbers = {
      version, record.issued_at.time_since_epoch().count(),
      record.fetched_at.time_since_epoch().count()};
  const auto sum =
      version == kVersionWithoutKey
          ? checksum({record.issuer, record.uri, record.etag, record.last_modified}, numbers)
          : checksum({record.issuer, record.uri, record.etag, record.last_modified, record.key},
                     numbers);
  return fmt::format("{:016x}", sum);
}

std::string name_before(const std::string& name) { return "." + name + std::string(kBefore); }

// A second name for what is there, so that it can be had again; without it nothing is undone. What
// has that name already stands before one that nobody has taken so far.
void keep_before(int folder, const std::string& name) {
  const std::string before = name_before(name);
  static_cast<void>(::linkat(folder, name.c_str(), folder, before.c_str(), 0) == 0);
}

// Of what cannot be had again nothing stays.
void take_before(int folder, const std::string& name) {
  const std::string before = name_before(name);
  if (::renameat(folder, before.c_str(), folder, name.c_str()) != 0)
    ::unlinkat(folder, name.c_str(), 0);
  ::unlinkat(folder, before.c_str(), 0);  // of one file under both names nothing is renamed
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
                            {"key", record.key},
                            {"sum", sum_of(record, kVersion)}};
  return text.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

tl::expected<StatusRecord, std::string> decode_status_record(std::string_view text) {
  constexpr std::size_t kMembers = 9;
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
  const bool without_key = number("format") == static_cast<std::uint64_t>(kVersionWithoutKey);
  const auto key = without_key ? std::optional<std::string_view>("") : string("key");
  const std::int64_t version = without_key ? kVersionWithoutKey : kVersion;
  if (number("format") != static_cast<std::uint64_t>(version) || !issuer || !uri || !issued ||
      !fetched || !etag || !last_modified || !key || !sum ||
      root->size() != kMembers - (without_key ? 1 : 0) || *issued > kLastMoment ||
      *fetched > kLastMoment) {
    return tl::unexpected<std::string>("is damaged: it has not the members that it should have");
  }
  const auto time = [](std::uint64_t ms) {
    return WallTime(std::chrono::milliseconds(static_cast<std::int64_t>(ms)));
  };
  StatusRecord record{std::string(*issuer), std::string(*uri),  time(*issued),
                      time(*fetched),       std::string(*etag), std::string(*last_modified),
                      std::string(*key)};
  if (sum_of(record, version) != *sum)
    return tl::unexpected<std::string>("is damaged: its checksum does not fit");
  return record;
}

std::string encode_status_key(const jose::JwkSet& keys, std::string_view thumbprint) {
  nlohmann::json all = nlohmann::json::array();
  for (const jose::Jwk& key : keys.keys()) {
    if (key.thumbprint() != thumbprint) continue;
    nlohmann::json jwk = nlohmann::json::parse(key.members(), nullptr, false);
    if (!jwk.is_object()) return {};
    if (key.kid()) jwk["kid"] = *key.kid();
    for (std::size_t i = 0; i < jose::kAlgorithms && key.algorithms().size() == 1; ++i) {
      const auto each = static_cast<jose::Algorithm>(i);
      if (key.allows(each)) jwk["alg"] = jose::algorithm_name(each);
    }
    all.push_back(std::move(jwk));
  }
  if (all.empty()) return {};
  std::string text = nlohmann::json{{"keys", std::move(all)}}.dump(
      -1, ' ', false, nlohmann::json::error_handler_t::replace);
  return text.size() > kKeyBytes ? std::string() : text;
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
  const std::vector<std::string> names = names_in(folder->get());
  // First, for a file of two names is none of ours.
  for (const std::string& name : names)
    if (name.starts_with('.') && (name.ends_with(kNew) || name.ends_with(kBefore)))
      ::unlinkat(folder->get(), name.c_str(), 0);
  for (const std::string& name : names) {
    if (!name.ends_with(kRecord) || name.starts_with('.')) continue;
    const std::string place = name.substr(0, name.size() - kRecord.size());
    const std::string list = place + std::string(kToken);
    const auto text =
        read_plain_file(name, {.bytes_most = kRecordBytes, .own = true}, folder->get());
    auto record = text ? decode_status_record(text->bytes)
                       : tl::expected<StatusRecord, std::string>(tl::unexpected(text.error().what));
    if (record && place_of(record->issuer, record->uri) != place)
      record = tl::unexpected<std::string>("is another list's");
    // What says nothing about the file takes nothing away: it may be whole.
    if (!text && text.error().kind == FileTrouble::Kind::passing) {
      journal_.log(LogLevel::error, "what is stored of a status list cannot be read",
                   {{"path", path_ + "/" + name}, {"error", text.error().what}});
      continue;
    }
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
  for (const std::string_view end : {kRecord, kToken})
    keep_before(folder->get(), place + std::string(end));
  const auto stored = replace(folder->get(), list, token);
  if (!stored) {
    ::unlinkat(folder->get(), list.c_str(), 0);
    ::unlinkat(folder->get(), name_before(list).c_str(), 0);
  }
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

void StatusStore::settle(const std::string& issuer, const std::string& uri) {
  const auto folder = open_folder(path_);
  if (!folder) return;
  const std::string place = place_of(issuer, uri);
  for (const std::string_view end : {kRecord, kToken})
    ::unlinkat(folder->get(), name_before(place + std::string(end)).c_str(), 0);
}

void StatusStore::undo(const std::string& issuer, const std::string& uri) {
  const auto folder = open_folder(path_);
  if (!folder) return;
  const std::string place = place_of(issuer, uri);
  for (const std::string_view end : {kRecord, kToken})
    take_before(folder->get(), place + std::string(end));
  ::fsync(folder->get());
}

void StatusStore::remove(const std::string& issuer, const std::string& uri) {
  const auto folder = open_folder(path_);
  if (!folder) return;
  const std::string place = place_of(issuer, uri);
  for (const std::string_view end : {kRecord, kToken}) {
    ::unlinkat(folder->get(), (place + std::string(end)).c_str(), 0);
    ::unlinkat(folder->get(), name_before(place + std::string(end)).c_str(), 0);
  }
}

}  // namespace latchkey::latchkeyd
