// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetchd/rate_bound.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace latchkey::fetchd {

using std::chrono::milliseconds;

std::optional<milliseconds> RateBound::take(const issuer::IssuerConfig& issuer, TimePoint now) {
  return take(issuer.name + '\n' + issuer.issuer, issuer.min_fetch_interval,
              kBurst * issuer.min_fetch_interval, now);
}

std::optional<milliseconds> RateBound::take_question(const issuer::IssuerConfig& issuer,
                                                     TimePoint now) {
  constexpr TimePoint::duration kSecond = std::chrono::seconds(1);
  const auto rate = static_cast<std::int64_t>(std::max<std::size_t>(issuer.introspection.rate, 1));
  return take(issuer.name + '\n' + issuer.issuer + "\nquestions", kSecond / rate,
              kQuestionSeconds * kSecond, now);
}

std::optional<milliseconds> RateBound::take_manifest(const config::ListSource& list,
                                                     TimePoint now) {
  return take(list.feed.name + "\nmanifests", kManifestInterval, kBurst * kManifestInterval, now);
}

std::optional<milliseconds> RateBound::take_chunk(const config::ListSource& list, TimePoint now) {
  return take(list.feed.name + "\nchunks", kChunkInterval, kChunkBurst * kChunkInterval, now);
}

std::optional<milliseconds> RateBound::take_status_list(const config::StatusListSource& lists,
                                                        TimePoint now) {
  return take(lists.name + "\nstatus lists", kStatusListInterval,
              kStatusListBurst * kStatusListInterval, now);
}

std::optional<milliseconds> RateBound::take_poll(const config::EventSource& events, TimePoint now) {
  return take(events.feed.name + "\npolls", kPollInterval, kPollBurst * kPollInterval, now);
}

// A leaky bucket told by one moment: each fetch moves it on by an interval, and it may be at most
// the burst ahead of now.
std::optional<milliseconds> RateBound::take(const std::string& name, TimePoint::duration interval,
                                            TimePoint::duration burst, TimePoint now) {
  Bucket& bucket = buckets_[name];
  const TimePoint next = std::max(bucket.full_at, now) + interval;
  const auto over = next - (now + burst);
  if (over > TimePoint::duration::zero())
    return std::max(std::chrono::ceil<milliseconds>(over), milliseconds(1));
  bucket.full_at = next;
  return std::nullopt;
}

}  // namespace latchkey::fetchd
