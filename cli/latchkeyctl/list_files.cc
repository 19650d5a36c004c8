// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkeyctl/list_files.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <utility>

#include <fcntl.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include "ipc/fd.h"

namespace latchkey::cli {
namespace {

using revocation::ListChunk;
using revocation::ListManifest;
using revocation::ListStep;
using revocation::list_limits::kChunkBytes;
using revocation::list_limits::kChunkEntries;
using revocation::list_limits::kManifestBytes;

tl::unexpected<std::string> failed(std::string what) { return tl::unexpected(std::move(what)); }

// The file without its folder, which is whatever was typed.
std::string shown(const std::string& path) { return path.substr(path.rfind('/') + 1); }

tl::unexpected<std::string> failed_at(const std::string& path) {
  return failed(shown(path) + ": " + std::strerror(errno));
}

bool is_there(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

ListStepResult<std::string> read_file(const std::string& path, std::uint64_t most) {
  const ipc::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return failed_at(path);
  std::string text;
  std::string piece(65'536, '\0');
  for (;;) {
    const ssize_t got = ::read(file.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed_at(path);
    if (got == 0) return text;
    text.append(piece, 0, static_cast<std::size_t>(got));
    if (text.size() > most)
      return failed(shown(path) + ": is longer than " + std::to_string(most) + " bytes");
  }
}

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(file, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

// In the place of what is there in one step, and on the disk before that.
ListStepResult<void> write_file(const std::string& path, std::string_view bytes) {
  std::string temporary = path + ".XXXXXX";
  const ipc::Fd file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!file) return failed_at(path);
  if (write_all(file.get(), bytes) && ::fchmod(file.get(), 0644) == 0 && ::fsync(file.get()) == 0 &&
      ::rename(temporary.c_str(), path.c_str()) == 0) {
    return {};
  }
  const int error = errno;
  ::unlink(temporary.c_str());
  errno = error;
  return failed_at(path);
}

ListStepResult<void> make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST) return {};
  return failed(std::string("DIR: ") + std::strerror(errno));
}

std::int64_t seconds_of(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

nlohmann::ordered_json json_of(const ListChunk& chunk) {
  nlohmann::ordered_json json{
      {"sha256", chunk.sha256},
      {"size", chunk.size},
      {"kind", chunk.kind ? revocation::entry_kind_name(*chunk.kind) : "reasons"},
      {"op", chunk.remove ? "remove" : "add"},
      {"entries", chunk.entries}};
  if (chunk.end) json["end"] = seconds_of(*chunk.end);
  return json;
}

// Rows by kind and end, and within them as they come.
void by_chunk(std::vector<const ListRow*>& rows, bool ends) {
  const auto place = [ends](const ListRow* row) {
    return std::pair(row->entry.kind, ends ? row->entry.end : std::nullopt);
  };
  std::stable_sort(rows.begin(), rows.end(), [&](const ListRow* one, const ListRow* other) {
    return place(one) < place(other);
  });
}

}  // namespace

std::string plan_text(const ListManifest& plan) {
  nlohmann::ordered_json json{{"format", 1}, {"version", plan.version}};
  json["steps"] = nlohmann::ordered_json::array();
  for (const ListStep& step : plan.steps) {
    auto chunks = nlohmann::ordered_json::array();
    for (const ListChunk& chunk : step.chunks) chunks.push_back(json_of(chunk));
    json["steps"].push_back({{"from", step.from}, {"to", step.to}, {"chunks", std::move(chunks)}});
  }
  return json.dump();
}

ListStepResult<void> ListFolder::create() const {
  if (auto made = make_folder(path_); !made) return made;
  return make_folder(path_ + "/chunks");
}

std::string ListFolder::chunk_path(const std::string& sha256) const {
  return path_ + "/chunks/" + sha256 + ".bin";
}

ListStepResult<std::optional<ListManifest>> ListFolder::read_plan() const {
  const std::string path = path_ + "/manifest.json";
  if (!is_there(path)) return std::nullopt;
  const auto text = read_file(path, kManifestBytes);
  if (!text) return failed(text.error());
  auto plan = revocation::read_unsigned(*text);
  if (!plan) return failed(shown(path) + ": " + plan.error().detail);
  return *std::move(plan);
}

ListStepResult<void> ListFolder::write_plan(const ListManifest& plan) const {
  return write_file(path_ + "/manifest.json", plan_text(plan) + "\n");
}

bool ListFolder::is_signed() const {
  return ::access((path_ + "/manifest.jwt").c_str(), F_OK) == 0 || errno != ENOENT;
}

ListStepResult<std::string> ListFolder::read_signed() const {
  return read_file(path_ + "/manifest.jwt", kManifestBytes + 1);
}

ListStepResult<void> ListFolder::write_signed(std::string_view token) const {
  return write_file(path_ + "/manifest.jwt", std::string(token) + "\n");
}

ListStepResult<ListChunk> ListFolder::write_chunk(ListChunk chunk, const std::string& bytes) const {
  chunk.size = bytes.size();
  chunk.sha256 = revocation::hex_sha256(bytes, sha256_);
  if (chunk.sha256.empty()) return failed("a chunk could not be digested: there is no memory");
  const std::string path = chunk_path(chunk.sha256);
  if (!is_there(path)) {
    if (auto written = write_file(path, bytes); !written) return failed(written.error());
  }
  return chunk;
}

ListStepResult<std::vector<ListChunk>> ListFolder::write_chunks(const ListChange& change,
                                                                const Reasons& reasons) const {
  std::vector<ListChunk> chunks;
  std::string bytes;
  ListChunk open;
  const auto close = [&]() -> ListStepResult<void> {
    if (open.entries == 0) return {};
    auto written = write_chunk(open, bytes);
    if (!written) return failed(written.error());
    chunks.push_back(*std::move(written));
    open = {};
    bytes.clear();
    return {};
  };
  constexpr std::size_t kRoom = 512;  // a record is shorter
  const auto full = [&] {
    return open.entries == kChunkEntries || bytes.size() + kRoom > kChunkBytes;
  };
  for (const bool remove : {true, false}) {
    std::vector<const ListRow*> rows;
    for (const ListRow& row : remove ? change.removed : change.added) rows.push_back(&row);
    by_chunk(rows, !remove);
    for (const ListRow* row : rows) {
      const auto end = remove ? std::nullopt : row->entry.end;
      if (open.entries != 0 && (open.kind != row->entry.kind || open.end != end || full()))
        if (auto closed = close(); !closed) return failed(closed.error());
      open.kind = row->entry.kind;
      open.remove = remove;
      open.end = end;
      ++open.entries;
      revocation::append_record(row->entry, remove, bytes);
    }
    if (auto closed = close(); !closed) return failed(closed.error());
  }
  for (const ListRow& row : change.reasons) {
    if (full())
      if (auto closed = close(); !closed) return failed(closed.error());
    ++open.entries;
    revocation::append_reason({row.entry.kind, row.entry.digest, reasons.text(row.reason)}, bytes);
  }
  if (auto closed = close(); !closed) return failed(closed.error());
  return chunks;
}

ListStepResult<ListChange> ListFolder::read_step(const ListStep& step, Reasons& reasons) const {
  ListChange change;
  for (const ListChunk& chunk : step.chunks) {
    const auto bytes = read_file(chunk_path(chunk.sha256), kChunkBytes);
    if (!bytes) return failed(bytes.error());
    const auto checked = revocation::check_chunk(chunk, *bytes, sha256_);
    if (!checked) return failed(checked.error().detail);
    ListRows& rows = chunk.remove ? change.removed : change.added;
    checked->each_entry([&](const revocation::Entry& entry) { rows.push_back({entry, 0}); });
    for (const auto& reason : checked->reasons())
      change.reasons.push_back(
          {{.kind = reason.kind, .digest = reason.digest}, reasons.keep(std::string(reason.text))});
  }
  return change;
}

ListStepResult<ListRows> ListFolder::read_rows(std::span<const ListStep* const> steps,
                                               Reasons& reasons) const {
  ListRows rows;
  for (const ListStep* step : steps) {
    auto change = read_step(*step, reasons);
    if (!change) return failed(change.error());
    rows = cli::apply(rows, *std::move(change));
  }
  return rows;
}

}  // namespace latchkey::cli
