// SPDX-License-Identifier: Apache-2.0
//
// What a decision has to know of a source of revocations besides its entries: of when it is. A
// source that says nothing new for longer than it promised may have been cut off, and what it would
// say is not known. Each source that comes from elsewhere has a feed; the local store has none.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.h"

namespace latchkey::revocation {

// What the configuration says of it. Services are PAM's, "*" is any.
struct FeedPolicy {
  std::string name;  // short; no other source has it
  std::vector<std::string> stale_refuses;
  std::vector<std::string> absent_refuses;
};

struct Feed {
  struct Known {
    WallTime issued_at{};  // by its source's clock
    WallTime as_of{};      // whence its age counts: never later than `issued_at`
    std::chrono::seconds max_age{};
  };

  FeedPolicy policy;
  std::optional<Known> known = std::nullopt;  // nothing: absent
  bool incomplete = false;  // of a stream: something is known to be there that was not heard
};

enum class FeedState : std::uint8_t { fresh, stale, absent };

std::string_view feed_state_name(FeedState state);  // "stale"

// Stale: incomplete, older than its `max_age`, or the clock is more than 300 s before `issued_at`,
// and then nothing can be said of its age.
FeedState feed_state(const Feed& feed, WallTime now);

// Whether a service may not go on without what the feed would say.
bool refuses(const FeedPolicy& policy, FeedState state, std::string_view service);

// Why the service may not go on: the first feed that forbids it; nothing where none does.
std::optional<std::string> refusal(std::span<const Feed> feeds, std::string_view service,
                                   WallTime now);

// "the revocations of fleet are stale", for all that are not fresh, one behind the other; empty
// where all are.
std::string describe_feeds(std::span<const Feed> feeds, WallTime now);

}  // namespace latchkey::revocation
