// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as items of a revocation stream (docs/REVOCATION-STREAM.md). The first byte says which:
//
//   't'  an item as it came      'p'  payloads, one a line, each signed here and taken in this
//   order
//
// What is accepted must keep what the page promises: within every bound, the same when it is
// written and read again, never back behind what was sure, and complete only where nothing was
// heard of that is not sure.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "core/revocation/stream_item.h"
#include "core/revocation/stream_progress.h"
#include "tests/support/signing.h"

namespace {

using namespace latchkey;  // NOLINT(google-build-using-namespace): what is fuzzed here
using revocation::EntryKind;
using revocation::StreamItem;
using revocation::StreamPlace;

constexpr std::string_view kStream = "s";
constexpr WallTime kNow{std::chrono::seconds{1'764'331'260}};
constexpr std::string_view kHeader = R"({"alg":"EdDSA","kid":"k","typ":"latchkey-revocation+jwt"})";

void require(bool held) {
  if (!held) std::abort();
}

const testing::SigningKey& key() {
  static const testing::SigningKey made = testing::SigningKey::of_the_rfc("k");
  return made;
}

revocation::ItemResult<StreamItem> read(std::string_view bytes) {
  static const auto keys = jose::JwkSet::parse(testing::jwk_set({key().jwk()})).value();
  static jose::Scratch scratch;
  return revocation::read_stream_item(bytes, {kStream, keys}, kNow, scratch);
}

void require_good(const StreamItem& item) {
  require(item.seq >= 1 && item.seq < std::uint64_t{1} << 53 && item.prev < item.seq);
  require(item.entries.size() <= 64 && item.seen.size() <= 1 && item.lost.size() <= 16);
  require(item.entries.empty() || item.lost.empty());
  require(!item.entries.empty() || item.max_age);
  require(item.issued_at <= kNow + std::chrono::seconds(300));
  for (const auto& [entry, reason] : item.entries) {
    require(entry.kind == EntryKind::subject || entry.before == WallTime{});
    require(reason.size() <= 255);
    for (const char c : reason) require(static_cast<unsigned char>(c) >= ' ' && c != '\x7f');
  }
  const auto again = read(key().token(kHeader, write_stream_payload(item, kStream)));
  require(again && again->seq == item.seq && again->prev == item.prev);
  require(again->seen == item.seen && again->lost == item.lost && again->max_age == item.max_age);
  require(again->issued_at == item.issued_at && again->entries.size() == item.entries.size());
  for (std::size_t i = 0; i < item.entries.size(); ++i)
    require(again->entries[i].entry == item.entries[i].entry &&
            again->entries[i].reason == item.entries[i].reason);
}

// What docs/REVOCATION-STREAM.md section 3 says, once more and plainly: the stream has one key.
struct Model {
  std::uint64_t sure = 0;
  std::set<std::uint64_t> spoken_of;
  std::map<std::uint64_t, std::uint64_t> after_gap;  // `prev` by `seq`

  void hear(std::uint64_t seq) {
    if (seq > sure) spoken_of.insert(seq);
    if (spoken_of.size() > revocation::stream_limits::kSpokenOf)
      spoken_of.erase(std::prev(spoken_of.end(), 2));
  }
  bool is_next(std::uint64_t prev, std::uint64_t seq) const {
    const bool leads_on = prev == sure || (prev < sure && seq == sure + 1);
    return leads_on && (spoken_of.empty() || *spoken_of.begin() >= seq);
  }
  void reach(std::uint64_t seq) {
    sure = std::max(sure, seq);
    spoken_of.erase(spoken_of.begin(), spoken_of.upper_bound(sure));
    for (const auto& [later, prev] : after_gap)
      if (later > sure && is_next(prev, later)) return reach(later);
  }
  StreamPlace take(const StreamItem& item) {
    for (const auto& seen : item.seen) hear(seen.seq);
    for (const auto& lost : item.lost) {
      if (sure < lost.from) hear(lost.to);
      if (sure >= lost.from) reach(lost.to);
    }
    if (item.entries.empty()) {
      hear(item.prev);
      return StreamPlace::beat;
    }
    if (item.seq <= sure) return StreamPlace::known;
    hear(item.seq);
    const bool next = is_next(item.prev, item.seq);
    after_gap.try_emplace(item.seq, item.prev);
    if (next) reach(item.seq);
    return next ? StreamPlace::next : StreamPlace::after_gap;
  }
};

// Who gives up what it says is complete.
void require_gaps(revocation::StreamProgress progress) {
  for (int beats = 0; !progress.complete(); ++beats) {
    require(beats < 1'000);
    StreamItem beat;
    beat.lost = progress.gaps();
    require(!beat.lost.empty());
    progress.take(beat);
  }
}

void take_all(std::string_view payloads) {
  revocation::StreamProgress progress;
  Model model;
  while (!payloads.empty()) {
    const auto item = read(key().token(kHeader, payloads.substr(0, payloads.find('\n'))));
    payloads.remove_prefix(std::min(payloads.find('\n'), payloads.size() - 1) + 1);
    if (!item) continue;
    require_good(*item);
    require(progress.take(*item) == model.take(*item));
    require(progress.sure(item->key_id) == model.sure);
    require(progress.complete() == model.spoken_of.empty());
    require_gaps(progress);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.empty()) return 0;
  const char form = input[0];
  input.remove_prefix(1);
  if (form == 't') {
    if (const auto item = read(input)) require_good(*item);
  } else if (form == 'p') {
    take_all(input);
  }
  return 0;
}
