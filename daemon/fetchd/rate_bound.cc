// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetchd/rate_bound.h"

#include <algorithm>

namespace latchkey::fetchd {

using std::chrono::milliseconds;

// A leaky bucket told by one moment: each fetch moves it on by an interval, and it may be at most
// the burst ahead of now.
std::optional<milliseconds> RateBound::take(const issuer::IssuerConfig& issuer, TimePoint now) {
  Bucket& bucket = buckets_[issuer.name + '\n' + issuer.issuer];
  const TimePoint next = std::max(bucket.full_at, now) + issuer.min_fetch_interval;
  const auto over = next - (now + kBurst * issuer.min_fetch_interval);
  if (over > TimePoint::duration::zero())
    return std::max(std::chrono::ceil<milliseconds>(over), milliseconds(1));
  bucket.full_at = next;
  return std::nullopt;
}

}  // namespace latchkey::fetchd
