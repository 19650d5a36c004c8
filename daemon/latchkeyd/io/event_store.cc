// SPDX-License-Identifier: Apache-2.0
//
//   latchkey-events-1
//   SUM event ID ISSUED [KIND:DIGEST:BEFORE:END ...]     times in seconds since 1970, '-' for none
//   SUM said TIME
//   SUM lost TIME
#include "daemon/latchkeyd/io/event_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "core/base/mutation.h"
#include "core/jose/sha256.h"
#include "files/plain_file.h"
#include "files/write_all.h"
#include "ipc/fd.h"

namespace latchkey::latchkeyd {
namespace {

using revocation::Entry;
using std::chrono::seconds;

constexpr std::size_t kFileBytes = 1'073'741'824;  // ten times what the keeper ever writes
constexpr std::size_t kDigits = 32;
constexpr std::size_t kSumDigits = 16;
constexpr std::string_view kHead = "latchkey-events-1\n";

tl::unexpected<std::string> system_failure() {
  return tl::unexpected(std::system_category().message(errno));
}

tl::unexpected<EventStore::Failure> failure(std::string what, bool as_before = true) {
  return tl::unexpected(EventStore::Failure{std::move(what), as_before});
}

std::string digits_of(std::string_view text, std::size_t count) {
  return jose::sha256_hex(text).value_or(std::string(count, '?')).substr(0, count);
}

bool is_hex(std::string_view text, std::size_t count) {
  return text.size() == count &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

tl::expected<ipc::Fd, std::string> open_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return system_failure();
  ipc::Fd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (!folder || ::fstat(folder.get(), &status) != 0) return system_failure();
  if (status.st_uid != ::geteuid() || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return tl::unexpected<std::string>("its folder is not ours alone");
  return folder;
}

std::int64_t count_of(WallTime time) {
  return std::chrono::floor<seconds>(time).time_since_epoch().count();
}

std::string text_of(const Entry& entry) {
  std::string text(revocation::entry_kind_name(entry.kind));
  text += ':';
  for (const std::uint8_t byte : entry.digest) text += fmt::format("{:02x}", byte);
  text += entry.before == WallTime{} ? ":-" : fmt::format(":{}", count_of(entry.before));
  text += entry.end ? fmt::format(":{}", count_of(*entry.end)) : ":-";
  return text;
}

std::string line(const std::string& said) {
  return digits_of(said, kSumDigits) + ' ' + said + '\n';
}

// What stands before the mark, which is taken away with it; all of it where there is none.
std::string_view take_word(std::string_view& rest, char mark) {
  const auto end = rest.find(mark);
  const std::string_view word = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return word;
}

std::optional<WallTime> time_of(std::string_view digits) {
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
  constexpr std::int64_t kMost = 1'000'000'000'000;  // milliseconds of it fit
  if (error != std::errc() || end != digits.data() + digits.size() || count < -kMost ||
      count > kMost)
    return std::nullopt;
  return WallTime(seconds(count));
}

std::optional<Entry> entry_of(std::string_view text) {
  const auto kind = revocation::find_entry_kind(take_word(text, ':'));
  const std::string_view digest = take_word(text, ':');
  const std::string_view before = take_word(text, ':');
  if (!kind || !is_hex(digest, 2 * std::tuple_size_v<revocation::NameDigest>)) return std::nullopt;
  Entry entry{.kind = *kind};
  for (std::size_t i = 0; i < entry.digest.size(); ++i)
    std::from_chars(digest.data() + 2 * i, digest.data() + 2 * i + 2, entry.digest[i], 16);
  if (before != "-") {
    const auto time = time_of(before);
    if (!time) return std::nullopt;
    entry.before = *time;
  }
  if (text != "-") {
    entry.end = time_of(text);
    if (!entry.end) return std::nullopt;
  }
  return entry;
}

std::optional<StoredEvent> event_of(std::string_view rest) {
  StoredEvent event;
  event.id = std::string(take_word(rest, ' '));
  const auto issued_at = time_of(take_word(rest, ' '));
  if (!is_hex(event.id, kDigits) || !issued_at) return std::nullopt;
  event.issued_at = *issued_at;
  while (!rest.empty()) {
    const auto entry = entry_of(take_word(rest, ' '));
    if (!entry) return std::nullopt;
    event.entries.push_back(*entry);
  }
  return event;
}

bool take_line(std::string_view text, EventRecord& record) {
  const std::string_view sum = take_word(text, ' ');
  if (sum != digits_of(text, kSumDigits)) return false;
  const std::string_view word = take_word(text, ' ');
  if (word == "event") {
    auto event = event_of(text);
    if (!event) return false;
    record.events.push_back(*std::move(event));
    return true;
  }
  const auto time = time_of(text);
  if (!time || (word != "said" && word != "lost")) return false;
  (word == "said" ? record.said_at : record.lost_at) = time;
  return true;
}

}  // namespace

std::string event_file(std::string_view transmitter, std::string_view issuer) {
  std::string both(transmitter);
  both += '\n';
  both += issuer;
  return digits_of(both, kDigits);
}

std::string encode_events(const EventRecord& record) {
  std::string text;
  for (const StoredEvent& event : record.events) {
    std::string said = fmt::format("event {} {}", event.id, count_of(event.issued_at));
    for (const Entry& entry : event.entries) said += ' ' + text_of(entry);
    text += line(said);
  }
  if (record.said_at) text += line(fmt::format("said {}", count_of(*record.said_at)));
  if (record.lost_at) text += line(fmt::format("lost {}", count_of(*record.lost_at)));
  return text;
}

EventRecord decode_events(std::string_view text) {
  EventRecord record;
  while (!text.empty()) {
    const bool whole = text.find('\n') != std::string_view::npos;
    const std::string_view each = take_word(text, '\n');
    if (!whole || each.empty()) continue;
    if (!take_line(each, record)) record.damaged = true;
  }
  return record;
}

EventStore::EventStore(const std::string& state_directory, Journal& journal)
    : path_(state_directory + "/events"), journal_(journal) {
  const auto folder = open_folder(path_);
  if (folder) return;
  journal.log(LogLevel::error, "security events are not stored: the folder cannot be used",
              {{"path", path_}, {"error", folder.error()}});
}

tl::expected<std::optional<std::string>, std::string> EventStore::read(const std::string& file) {
  const auto folder = open_folder(path_);
  if (!folder) return tl::unexpected(folder.error());
  struct stat status {};
  if (::fstatat(folder->get(), file.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT)
    return std::nullopt;
  auto text = read_plain_file(file, {.bytes_most = kFileBytes, .own = true}, folder->get());
  if (!text) return tl::unexpected(std::move(text).error().what);
  return std::move(text->bytes);
}

// Each line vouches for itself, also behind a head that does not.
EventRecord EventStore::load(const std::string& file) {
  EventRecord record;
  if (!is_hex(file, kDigits)) return record;
  const auto read_text = read(file);
  if (!read_text) {
    record.unreadable = path_ + '/' + file + ": " + read_text.error();
    return record;
  }
  if (!*read_text) return record;
  const std::string_view text = **read_text;
  const bool headed = text.starts_with(kHead);
  record = decode_events(headed ? text.substr(kHead.size()) : text);
  record.damaged = record.damaged || LATCHKEY_FAILS(events_headless, !headed);
  if (record.damaged)
    journal_.log(LogLevel::error,
                 "what is stored of security events is damaged; what can be read stays at work",
                 {{"path", path_ + "/" + file}, {"error", "some of it is not as it was written"}});
  else if (text.ends_with('\n'))
    record.lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  return record;
}

EventStore::Result EventStore::append(const std::string& file, const EventRecord& more) {
  if (!is_hex(file, kDigits)) return failure("its name is none of ours");
  const auto folder = open_folder(path_);
  if (!folder) return failure(folder.error(), false);
  const ipc::Fd opened(
      ::openat(folder->get(), file.c_str(), O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (!opened || ::fstat(opened.get(), &status) != 0)
    return failure(system_failure().value(), false);
  if (!S_ISREG(status.st_mode) || status.st_uid != ::geteuid())
    return failure("its file is not ours alone", false);
  if (write_all(opened.get(), encode_events(more)) && ::fsync(opened.get()) == 0) return {};
  std::string what = system_failure().value();
  return failure(std::move(what), ::ftruncate(opened.get(), status.st_size) == 0);
}

EventStore::Result EventStore::rewrite(const std::string& file, const EventRecord& all) {
  if (!is_hex(file, kDigits)) return failure("its name is none of ours");
  const auto folder = open_folder(path_);
  if (!folder) return failure(folder.error());
  const std::string fresh = '.' + file + ".new";
  ::unlinkat(folder->get(), fresh.c_str(), 0);
  const ipc::Fd opened(::openat(folder->get(), fresh.c_str(),
                                O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                                S_IRUSR | S_IWUSR));
  if (!opened) return failure(system_failure().value());
  if (!write_all(opened.get(), std::string(kHead) + encode_events(all)) ||
      ::fsync(opened.get()) != 0 ||
      ::renameat(folder->get(), fresh.c_str(), folder->get(), file.c_str()) != 0 ||
      ::fsync(folder->get()) != 0) {
    std::string what = system_failure().value();
    ::unlinkat(folder->get(), fresh.c_str(), 0);
    return failure(std::move(what));
  }
  return {};
}

}  // namespace latchkey::latchkeyd
