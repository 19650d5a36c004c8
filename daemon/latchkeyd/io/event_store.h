// SPDX-License-Identifier: Apache-2.0
//
// What a host keeps of a provider's security events, STATE/events/FILE: of each event its id and
// what it revoked, so that a restart forgets neither, whatever became of the keys that signed it.
// Lines are added to the file, and it is written anew where it has more than it needs. Each line
// carries a checksum. Read with mistrust: whatever is not our own file is damaged.
//
// Not for two threads at a time.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "core/base/time.h"
#include "core/revocation/entry.h"
#include "daemon/latchkeyd/io/journal.h"

namespace latchkey::latchkeyd {

struct StoredEvent {
  std::string id;        // 32 hexadecimal digits that stand for transmitter and `jti`
  WallTime issued_at{};  // whole seconds, like all times in the file
  std::vector<revocation::Entry> entries;

  bool operator==(const StoredEvent&) const = default;
};

struct EventRecord {
  std::vector<StoredEvent> events;  // in the order in which they came
  std::optional<WallTime> said_at;  // when the transmitter said last that there are no more
  std::optional<WallTime> lost_at;  // something was there that could not be read, and when
  bool damaged = false;             // the same, just now
  // Why nothing of it could be read, though it may be whole. Nothing is to be written in its place.
  std::optional<std::string> unreadable;
  std::size_t lines = 0;  // of a file that lines can be added to as it is; else 0
};

class EventStore {
 public:
  struct Failure {
    std::string what;       // a sentence part: "No space left on device"
    bool as_before = true;  // else lines can be added no more: write it anew
  };
  using Result = tl::expected<void, Failure>;

  // Makes STATE/events (0700) where it is missing. Where it cannot be had, the journal says so, and
  // nothing is acknowledged until it can.
  EventStore(const std::string& state_directory, Journal& journal);

  // Under the name that event_file() gives; empty where nothing of it is there. What the end of the
  // file lacks was never said to be there, so that is no damage.
  EventRecord load(const std::string& file);

  // Durable when it returns; a failure leaves what was there.
  Result append(const std::string& file, const EventRecord& more);
  Result rewrite(const std::string& file, const EventRecord& all);

 private:
  // Nothing where there is none.
  tl::expected<std::optional<std::string>, std::string> read(const std::string& file);

  std::string path_;
  Journal& journal_;
};

// Where events of that transmitter about that issuer's tokens are kept, whatever the section is
// called.
std::string event_file(std::string_view transmitter, std::string_view issuer);

// The text of a record, and back; for the store and its tests.
std::string encode_events(const EventRecord& record);
EventRecord decode_events(std::string_view text);

}  // namespace latchkey::latchkeyd
