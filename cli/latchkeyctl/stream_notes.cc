// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkeyctl/stream_notes.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>

#include <fmt/format.h>

#include "cli/latchkeyctl/files.h"
#include "ipc/fd.h"

namespace latchkey::cli {

using revocation::StreamSeen;

namespace {

constexpr std::size_t kBytes = 262'144;
constexpr std::string_view kSeen = "seen ";
constexpr std::string_view kHeard = "heard ";
constexpr std::string_view kGap = "gap ";
constexpr std::string_view kSnapshot = "snapshot ";
constexpr char kWhat[] = "the notes beside --key";

std::string notes_of(const std::string& key_path) { return key_path + ".notes"; }

std::optional<std::uint64_t> number(std::string_view digits) {
  std::uint64_t value = 0;
  const auto [end, wrong] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  const bool good = wrong == std::errc() && end == digits.data() + digits.size();
  return good ? std::optional(value) : std::nullopt;
}

bool read_gap(std::string_view line, StreamNotes& notes) {
  const auto first = line.find(' ');
  const auto second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  if (second == std::string_view::npos) return false;
  const auto from = number(line.substr(first + 1, second - first - 1));
  const auto to = number(line.substr(second + 1));
  if (from && to) notes.gaps.push_back({std::string(line.substr(0, first)), *from, *to});
  return from && to;
}

// Whether the line is one.
bool read_line(std::string_view line, StreamNotes& notes) {
  if (line.starts_with(kSnapshot)) {
    const auto version = number(line.substr(kSnapshot.size()));
    notes.version = version.value_or(0);
    return version.has_value();
  }
  if (line.starts_with(kGap)) return read_gap(line.substr(kGap.size()), notes);
  const bool heard = line.starts_with(kHeard);
  if (!heard && !line.starts_with(kSeen)) {
    notes.pending = std::string(line);
    return true;
  }
  line.remove_prefix(heard ? kHeard.size() : kSeen.size());
  const auto space = line.find(' ');
  const auto seq = space == std::string_view::npos ? std::nullopt : number(line.substr(space + 1));
  if (!seq) return false;
  StreamSeen each{std::string(line.substr(0, space)), *seq};
  heard ? notes.heard.push_back(std::move(each)) : notes.vouch(each);
  return true;
}

}  // namespace

void StreamNotes::vouch(const StreamSeen& each) {
  const auto found = std::find_if(seen.begin(), seen.end(), [&](const StreamSeen& known) {
    return known.key_id == each.key_id;
  });
  if (found != seen.end())
    found->seq = std::max(found->seq, each.seq);
  else
    seen.push_back(each);
  std::erase_if(heard, [&](const StreamSeen& other) {
    return other.key_id == each.key_id && other.seq <= each.seq;
  });
}

tl::expected<std::optional<StreamNotes>, std::string> StreamNotes::read(
    const std::string& key_path) {
  const std::string path = notes_of(key_path);
  if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT) return std::nullopt;
  const auto text = read_input(path, kBytes, kWhat);
  if (!text) return tl::unexpected(text.error());
  std::string_view rest = text->view();
  const auto next_line = [&rest] {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    return line;
  };
  StreamNotes notes;
  const bool whole = rest.find('\n') != std::string_view::npos;
  const auto seq = number(next_line());
  bool good = whole && seq;
  notes.seq = seq.value_or(0);
  while (good && !rest.empty()) good = read_line(next_line(), notes);
  if (!good)
    return tl::unexpected(path +
                          ": these are no notes of a writer; without the file the stream is asked");
  return notes;
}

tl::expected<void, std::string> StreamNotes::write(const std::string& key_path) const {
  const std::string path = notes_of(key_path);
  std::string text = std::to_string(seq) + '\n';
  if (!pending.empty()) text += pending + '\n';
  for (const StreamSeen& each : seen)
    text += fmt::format("{}{} {}\n", kSeen, each.key_id, each.seq);
  for (const StreamSeen& each : heard)
    text += fmt::format("{}{} {}\n", kHeard, each.key_id, each.seq);
  for (const revocation::StreamLost& each : gaps)
    text += fmt::format("{}{} {} {}\n", kGap, each.key_id, each.from, each.to);
  if (version != 0) text += fmt::format("{}{}\n", kSnapshot, version);
  const auto wrong = [](const std::string& why) {
    return tl::unexpected(std::string(kWhat) + ": " + why);
  };
  if (auto written = write_private(path, text, Existing::replace); !written)
    return wrong(written.error());
  const auto slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const ipc::Fd directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || ::fsync(directory.get()) != 0) return wrong(std::strerror(errno));
  return {};
}

}  // namespace latchkey::cli
