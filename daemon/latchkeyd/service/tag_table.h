// SPDX-License-Identifier: Apache-2.0
//
// Where each entry of a large memory lies, in so few bytes that the processor's cache holds them
// all: beside an entry's place, which follows from where its tag stands, nothing is kept but
// fifteen bits of its hash and whether it was used. Looking an entry up then costs one miss, the
// entry's own.
//
// The tags stand in chunks of one cache line. An entry's hash names the chunk that it belongs to;
// where that is full it goes to the next one with room, and each full one counts whom it sent on,
// so that a search knows where to stop, and nothing is left behind of an entry that goes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace latchkey::latchkeyd {

class TagTable {
 public:
  // For so many entries; places are numbered below places(). An eighth more of them than entries
  // keeps nearly all where they belong.
  explicit TagTable(std::size_t most = 0) : places_(most + most / 8) {
    chunks_.resize((places_ + kTags - 1) / kTags);
  }

  std::size_t places() const { return places_; }
  std::size_t size() const { return size_; }
  bool taken(std::size_t place) const { return tag(place) != 0; }

  // The place of an entry with this hash of which `is_it(place)` is true. One in thousands that is
  // asked about is another.
  template <typename IsIt>
  std::optional<std::size_t> find(std::uint64_t hash, const IsIt& is_it) const {
    const std::uint16_t wanted = tag_of(hash);
    std::size_t at = home(hash);
    for (std::size_t looked_at = 0; looked_at < chunks_.size(); ++looked_at, at = next(at)) {
      const Chunk& chunk = chunks_[at];
      for (std::size_t i = 0; i < kTags; ++i) {
        if ((chunk.tags[i] & ~kUsed) != wanted) continue;
        if (const std::size_t place = at * kTags + i; is_it(place)) return place;
      }
      if (chunk.sent_on == 0) break;
    }
    return std::nullopt;
  }

  // A free place, not used yet, for an entry that is not there; fewer than places() are taken.
  std::size_t insert(std::uint64_t hash);
  void erase(std::size_t place, std::uint64_t hash);

  void use(std::size_t place) { tag(place) |= kUsed; }
  // Whether it was used since this was asked last.
  bool take_use(std::size_t place) {
    const bool used = (tag(place) & kUsed) != 0;
    tag(place) &= static_cast<std::uint16_t>(~kUsed);
    return used;
  }

 private:
  static constexpr std::size_t kTags = 31;
  static constexpr std::uint16_t kUsed = 1;
  struct alignas(64) Chunk {
    std::array<std::uint16_t, kTags> tags{};  // 0: free
    std::uint16_t sent_on = 0;                // entries that belong here or before and lie behind
  };

  static std::uint16_t tag_of(std::uint64_t hash) {
    const auto tag = static_cast<std::uint16_t>(hash << 1);
    return tag == 0 ? 2 : tag;
  }
  // The hash's share of the chunks: its high bits, while the tag is of the low ones.
  std::size_t home(std::uint64_t hash) const {
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::size_t>((Wide{hash} * chunks_.size()) >> 64);
  }
  std::size_t next(std::size_t chunk) const { return chunk + 1 == chunks_.size() ? 0 : chunk + 1; }
  std::uint16_t& tag(std::size_t place) { return chunks_[place / kTags].tags[place % kTags]; }
  std::uint16_t tag(std::size_t place) const { return chunks_[place / kTags].tags[place % kTags]; }

  std::size_t places_;
  std::size_t size_ = 0;
  std::vector<Chunk> chunks_;
};

}  // namespace latchkey::latchkeyd
