// SPDX-License-Identifier: Apache-2.0
#include "core/revocation/feed.h"

#include <algorithm>
#include <array>

#include "core/base/mutation.h"

namespace latchkey::revocation {
namespace {

constexpr std::chrono::seconds kBehind{300};  // of a clock that may still be right

}  // namespace

std::string_view feed_state_name(FeedState state) {
  constexpr std::array<std::string_view, 3> kNames = {"fresh", "stale", "absent"};
  return kNames[static_cast<std::size_t>(state)];
}

FeedState feed_state(const Feed& feed, WallTime now) {
  if (!feed.known) return FeedState::absent;
  const Feed::Known& known = *feed.known;
  const bool old = LATCHKEY_FAILS(feed_stale, now - known.as_of > known.max_age);
  const bool ahead = LATCHKEY_FAILS(feed_ahead, known.issued_at - now > kBehind);
  const bool part = LATCHKEY_FAILS(feed_incomplete, feed.incomplete);
  return old || ahead || part ? FeedState::stale : FeedState::fresh;
}

bool refuses(const FeedPolicy& policy, FeedState state, std::string_view service) {
  const auto named = [&](const std::vector<std::string>& services) {
    return std::any_of(services.begin(), services.end(),
                       [&](const std::string& each) { return each == "*" || each == service; });
  };
  switch (state) {
    case FeedState::fresh:
      return false;
    case FeedState::stale:
      return named(policy.stale_refuses);
    case FeedState::absent:
      break;
  }
  return LATCHKEY_FAILS(feed_absent, named(policy.absent_refuses));
}

std::optional<std::string> refusal(std::span<const Feed> feeds, std::string_view service,
                                   WallTime now) {
  for (const Feed& feed : feeds) {
    const FeedState state = feed_state(feed, now);
    if (refuses(feed.policy, state, service))
      return "the revocations of " + feed.policy.name + " are " +
             std::string(feed_state_name(state));
  }
  return std::nullopt;
}

std::string describe_feeds(std::span<const Feed> feeds, WallTime now) {
  std::string all;
  for (const Feed& feed : feeds) {
    const FeedState state = feed_state(feed, now);
    if (state == FeedState::fresh) continue;
    all += (all.empty() ? "the revocations of " : ", of ") + feed.policy.name + " are " +
           std::string(feed_state_name(state));
  }
  return all;
}

}  // namespace latchkey::revocation
