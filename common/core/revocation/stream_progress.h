// SPDX-License-Identifier: Apache-2.0
//
// How far a reader has heard each writer of a revocation stream, and whether it has heard all
// (docs/REVOCATION-STREAM.md section 3). A value: whoever keeps it durable keeps `sure()`, and
// takes the items that it holds once more.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/revocation/stream_item.h"
#include "core/revocation/stream_seen.h"

namespace latchkey::revocation {

enum class StreamPlace : std::uint8_t {
  known,      // nothing to do
  next,       // its entries go to work
  after_gap,  // its entries go to work, and something before it was not heard
  beat,       // it has no entries, and no place
};

class StreamProgress {
 public:
  StreamProgress() = default;
  // As it was kept, or as a snapshot says it.
  explicit StreamProgress(std::span<const StreamSeen> sure) { cover(sure); }

  // An item that read_stream_item() gave, and the place that it has.
  StreamPlace take(const StreamItem& item);

  // What somebody says is there.
  void hear(std::span<const StreamSeen> seen);
  // A snapshot that was accepted: everything up to there is in it.
  void cover(std::span<const StreamSeen> seen);

  // Whether nothing is known to be there that was not heard. Where not: resync.
  bool complete() const;
  // Up to where everything was heard; what a snapshot may say that it covers.
  std::vector<StreamSeen> sure() const;
  // The greatest number of each that was heard, or heard of.
  std::vector<StreamSeen> heard_of() const;
  // All that was spoken of and is more than `sure()`: of each up to stream_limits::kSpokenOf.
  std::vector<StreamSeen> missing() const;
  // What a reader would have to give up to be complete, and nothing that was heard: of each up to
  // stream_limits::kLost ranges, which rise.
  std::vector<StreamLost> gaps() const;
  std::uint64_t sure(std::string_view key_id) const;

 private:
  struct Link {
    std::uint64_t prev = 0;
    std::uint64_t seq = 0;
  };
  struct Writer {
    std::string key_id;
    std::uint64_t sure = 0;
    std::vector<std::uint64_t> spoken_of{};  // by anybody, and more than `sure`; they rise

    std::vector<Link> links{};  // items that came after a gap; they rise

    void hear(std::uint64_t seq);
    bool is_next(const Link& link) const;
    void keep(Link link);
    void reach(std::uint64_t seq);
    std::uint64_t end_of_gap() const;
  };
  Writer& writer(std::string_view key_id);
  void give_up(std::span<const StreamLost> lost);

  std::vector<Writer> writers_;  // no more than the stream has keys
};

}  // namespace latchkey::revocation
