// SPDX-License-Identifier: Apache-2.0
#include "core/issuer/freshness.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "core/base/mutation.h"

namespace latchkey::issuer {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A share of `span` between 0 and 1 of it, by the random number.
milliseconds share(milliseconds span, std::uint32_t random) {
  __extension__ using Wide = __int128;
  return milliseconds(static_cast<std::int64_t>((Wide{span.count()} * random) >> 32));
}

// RFC 9111 lets a cache choose within what the provider allows; ours fetches before the last quarter is over.
constexpr int kEarliestPercent = 75;
constexpr int kSpreadPercent = 15;

}  // namespace

std::string_view name(Freshness freshness) {
  constexpr std::array<std::string_view, 5> kNames = {"none", "fresh", "due", "stale", "too_stale"};
  return kNames[static_cast<std::size_t>(freshness)];
}

seconds lifetime(const IssuerConfig& config, std::optional<seconds> max_age) {
  const seconds least =
      (config.min_fetch_interval * 100 + seconds(kEarliestPercent - 1)) / kEarliestPercent;
  auto most = std::max(config.max_stale / 2, least);
  if (max_age && config.max_refresh_interval)
    most = std::clamp(*config.max_refresh_interval, least, most);
  return std::clamp(max_age.value_or(config.refresh_interval), least, most);
}

milliseconds age(WallTime fetched_at, WallTime now) {
  return now >= fetched_at ? now - fetched_at : fetched_at - now;
}

Freshness freshness(const IssuerConfig& config, std::optional<WallTime> fetched_at,
                    std::optional<seconds> max_age, WallTime now) {
  if (!fetched_at) return Freshness::none;
  if (config.local_keys()) return Freshness::fresh;
  const auto old = age(*fetched_at, now);
  const milliseconds good_for = lifetime(config, max_age);
  if (old > config.max_stale) return Freshness::too_stale;
  if (old >= good_for) return Freshness::stale;
  if (old >= good_for * kEarliestPercent / 100) return Freshness::due;
  return Freshness::fresh;
}

bool serves(Freshness freshness) {
  return freshness != Freshness::none && freshness != Freshness::too_stale;
}

milliseconds refresh_delay(seconds lifetime, std::uint32_t random) {
  const milliseconds whole = lifetime;
  return whole * kEarliestPercent / 100 + share(whole * kSpreadPercent / 100, random);
}

seconds pause(const IssuerConfig& config, seconds retry_after) {
  constexpr seconds kMost{600};
  return std::min({retry_after, config.max_stale / 4, kMost});
}

milliseconds retry_delay(const IssuerConfig& config, unsigned failures,
                         std::optional<seconds> retry_after, std::uint32_t random) {
  const auto most = std::max(config.refresh_interval, config.min_fetch_interval);
  auto delay = config.min_fetch_interval;
  for (unsigned i = 1; i < failures && delay < most; ++i) delay *= 2;
  delay = std::min(delay, most);
  if (retry_after) delay = std::max<seconds>(delay, pause(config, *retry_after));
  return delay + share(milliseconds(delay) / 4, random);
}

bool fetch_allowed(const IssuerConfig& config, std::optional<SteadyTime> last_attempt,
                   SteadyTime now) {
  return !LATCHKEY_FAILS(fetch_too_soon,
                         last_attempt && now - *last_attempt < config.min_fetch_interval);
}

}  // namespace latchkey::issuer
