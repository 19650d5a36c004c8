// SPDX-License-Identifier: Apache-2.0
#include "core/revocation/list_walk.h"

#include <optional>
#include <utility>

#include "core/base/mutation.h"
#include "core/revocation/list_chunk.h"

namespace latchkey::revocation {
namespace {

using list_limits::kFewEntries;

class Walker {
 public:
  Walker(const Walk& walk, const jose::Sha256& sha256, const ReadChunk& read)
      : walk_(walk), sha256_(sha256), read_(read) {}

  ListResult<Source> run() {
    for (const ListStep* step : walk_.way) {
      if (step->from == 0) {
        LATCHKEY_TRY_VOID(begin_anew(*step));
      } else {
        LATCHKEY_TRY_VOID(change(*step));
      }
    }
    if (!source_) return walk_.from != nullptr ? *walk_.from : Source(walk_.secret, walk_.now);
    return *std::move(source_);
  }

 private:
  // A chunk's entries, after the chunk was found to be what the manifest says.
  template <typename Each>
  ListResult<void> each_entry(const ListChunk& chunk, Each each) {
    if (!is_needed(chunk, walk_.now)) return {};
    // Not one of them is looked at before the chunk as a whole: what is read takes memory.
    if (!is_many(*chunk.kind) && chunk.entries > kFewEntries) return too_many();
    LATCHKEY_TRY(const std::string bytes, read_(chunk));
    LATCHKEY_TRY(const CheckedChunk checked, check_chunk(chunk, bytes, sha256_));
    checked.each_entry(each);
    return {};
  }

  static tl::unexpected<ListError> too_many() {
    return tl::unexpected(ListError{
        ListFault::bounds,
        "there are more than " + std::to_string(kFewEntries) + " subjects, keys and users"});
  }

  ListResult<void> begin_anew(const ListStep& step) {
    std::size_t many = 0;
    for (const ListChunk& chunk : step.chunks) {
      if (is_needed(chunk, walk_.now) && is_many(*chunk.kind))
        many += static_cast<std::size_t>(chunk.entries);
    }
    SourceBuilder builder(walk_.secret, many, walk_.now, walk_.memory);
    for (const ListChunk& chunk : step.chunks) {
      LATCHKEY_TRY_VOID(each_entry(chunk, [&](const Entry& entry) { builder.add(entry); }));
      if (LATCHKEY_FAILS(list_few_begun, builder.few() > kFewEntries)) return too_many();
    }
    source_ = builder.finish();
    return {};
  }

  // First what is removed, then what is added, whatever their order in the step.
  ListResult<void> change(const ListStep& step) {
    const Source& before = source_ ? *source_ : *walk_.from;
    Source::Editor next(before);
    for (const ListChunk& chunk : step.chunks) {
      if (chunk.remove)
        LATCHKEY_TRY_VOID(each_entry(chunk, [&](const Entry& entry) { next.remove(entry); }));
    }
    for (const ListChunk& chunk : step.chunks) {
      if (chunk.remove) continue;
      LATCHKEY_TRY_VOID(each_entry(chunk, [&](const Entry& entry) { next.add(entry); }));
      if (LATCHKEY_FAILS(list_few_changed, next.source().few() > kFewEntries)) return too_many();
    }
    Source changed = next.finish();
    source_.reset();
    source_.emplace(changed.wants_merge() ? changed.merged(walk_.now) : std::move(changed));
    return {};
  }

  const Walk& walk_;
  const jose::Sha256& sha256_;
  const ReadChunk& read_;
  std::optional<Source> source_;
};

}  // namespace

bool is_needed(const ListChunk& chunk, WallTime now) {
  return chunk.kind && !(chunk.end && *chunk.end <= now);
}

ListResult<Source> walk(const Walk& walk, const jose::Sha256& sha256, const ReadChunk& read) {
  // A way that does not begin at 0 goes on from something.
  if (!walk.way.empty() && walk.way.front()->from != 0 && walk.from == nullptr)
    return tl::unexpected(ListError{ListFault::no_way, "there is nothing to go on from"});
  return Walker(walk, sha256, read).run();
}

}  // namespace latchkey::revocation
