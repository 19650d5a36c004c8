// SPDX-License-Identifier: Apache-2.0
//
// What the event keeper knows of one source; seen by its own sources only.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/issuer/issuer_config.h"
#include "core/revocation/set_poll.h"
#include "daemon/latchkeyd/service/event_keeper.h"
#include "daemon/latchkeyd/service/source_merger.h"

namespace latchkey::latchkeyd {

// Of one source. With this much its file has some 100 MB.
inline constexpr std::size_t kHeldMost = 262'144;       // events
inline constexpr std::size_t kEntriesMost = 1'048'576;  // of theirs
// In force and not on disk, while that takes nothing.
inline constexpr std::size_t kUnsureMost = 4'096;
inline constexpr std::size_t kOverMost = 4'096;  // of which it is known
inline constexpr std::size_t kShownMost = 4;  // lines about one token, about one answer's refusals
inline constexpr std::size_t kStrangersMost = revocation::poll_limits::kSets;

// A token as it was delivered.
struct EventKeeper::Delivered {
  std::string id;
  std::string token;
};

enum class EventKeeper::Fate : std::uint8_t {
  taken,     // in force
  known,     // was before
  refused,   // the transmitter is told so
  stranger,  // by a key that is not at hand
  left,      // nobody is told anything: it has to come again
  over,      // the same, and it is in force: there is no room to keep it
};

struct EventKeeper::Source {
  config::EventSource config;
  issuer::IssuerConfig issuer;  // whose keys sign, whose tokens are revoked
  std::string transmitter;      // `iss`
  std::vector<std::string> issuers;
  std::optional<std::chrono::seconds> keep;  // entries at most
  std::string file;                          // in the store

  std::vector<StoredEvent> held;            // on disk
  std::vector<StoredEvent> unsure;          // in force, and not on disk yet
  std::set<std::string> known;              // ids of both
  std::map<std::string, StoredEvent> over;  // by id: in force, and there is no room for it
  std::size_t entries = 0;                  // of both
  std::size_t forget_at = 0;                // so many of both: time to look for what counts no more
  WallTime newest{};                        // `iat` of what was heeded
  // `jti`s of what no key that is at hand has signed, since when.
  std::map<std::string, SteadyTime> strangers;
  std::deque<std::string> acks;  // `jti`s of what is on disk, to be told
  std::deque<revocation::RefusedSet> refusals;
  std::size_t acks_told = 0;  // in the poll that is open: so many from the front
  std::size_t refusals_told = 0;
  std::shared_ptr<const revocation::Source> source;
  SourceMerger merger;

  // The round that is under way.
  struct Round {
    std::vector<Delivered> sets;      // to be judged
    std::vector<std::string> to_ack;  // once they are on disk
    WallTime asked_at{};
    SteadyTime began{};
    std::size_t asked = 0;  // for so many; 0: it only tells
    std::size_t refused = 0;
    bool waits = false;       // the transmitter may hold the poll
    bool polled = false;      // and answered
    bool keys_asked = false;  // because of what is left in `sets`
    bool more = false;        // at the transmitter
    bool news = false;        // something was taken
    bool settled = true;      // every token was either heeded or refused
  };
  Round round;
  std::uint64_t number = 0;  // of the round; answers to an earlier one are nobody's
  bool busy = false;
  bool at_once = true;      // the next poll is not to be held
  unsigned failures = 0;    // in a row
  unsigned unanswered = 0;  // of these, those of the transmitter
  unsigned barren = 0;      // rounds in a row that brought nothing, though there is more
  SteadyTime next_ask{};

  revocation::Feed feed;
  SteadyTime dated{};                   // when `known` was, by the steady clock
  std::optional<WallTime> gathered_at;  // `known` as it was last published
  std::optional<WallTime> said_at;      // and as it is on disk
  std::optional<WallTime> lost_at;      // what was kept was damaged
  std::optional<SteadyTime> loss_seen;  // that, where it was seen since this start
  std::size_t lines = 0;                // on disk
  bool stored = false;                  // there is a file that lines can be added to
  WallTime loss_floor{};                // not before that, whatever the clock said
  bool loss_unsaved = false;            // `lost_at` is another one on disk
  bool full = false;                    // something is in force that there is no room for
  std::optional<std::string> unread;    // why what is on disk could not be read so far
  bool changed = false;                 // what gather() gives, since it was published
  std::optional<WallTime> attempted_at;
  std::optional<std::string> trouble;  // of fetchd, the transmitter or the disk, while it stands
  std::optional<std::string> refused;  // the last token that was
  SteadyTime refused_at{};
  std::size_t refused_count = 0;
  std::optional<std::string> waiting;                         // why tokens are left, while they are
  revocation::FeedState said = revocation::FeedState::fresh;  // in the journal

  const std::string& name() const { return config.feed.name; }
  bool has_room(std::size_t more_entries) const;
  void hold_unsure(StoredEvent event);
  void note_refusal(std::string why, SteadyTime now);
};

template <typename Do>
void EventKeeper::in_round(const std::weak_ptr<Source>& source, std::uint64_t number, Do action) {
  const auto owner = source.lock();
  if (!owner || owner->number != number) return;
  if (std::find(sources_.begin(), sources_.end(), owner) != sources_.end()) action(owner);
}

}  // namespace latchkey::latchkeyd
