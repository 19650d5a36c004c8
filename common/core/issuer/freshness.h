// SPDX-License-Identifier: Apache-2.0
//
// The arithmetic of a key set's age: when it is fetched anew, how long it still serves when that
// fails, how long to wait after a failure. Pure functions; clocks and random numbers are handed in.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/time.h"
#include "core/issuer/issuer_config.h"

namespace latchkey::issuer {

enum class Freshness : std::uint8_t {
  none,       // there are no keys yet
  fresh,      // nothing to do
  due,        // still good, and time to fetch
  stale,      // older than its lifetime: the provider cannot be reached; serves, and status says so
  too_stale,  // older than `max_stale`: no verdict is made with it
};

std::string_view name(Freshness freshness);  // "none", "fresh", …

// How long a set is good for that was served with `max_age` (Cache-Control; nothing where the
// provider does not say): at least so long that its refresh, which comes before its end, is no
// sooner than `min_fetch_interval`; at most half of `max_stale`, so that a refresh comes long
// before the end, and of what the provider says at most `max_refresh_interval`.
std::chrono::seconds lifetime(const IssuerConfig& config,
                              std::optional<std::chrono::seconds> max_age);

// How old a set is that was fetched at that time. A clock that went back makes nothing younger: the
// distance counts.
std::chrono::milliseconds age(WallTime fetched_at, WallTime now);

// Keys from a local file never go stale.
Freshness freshness(const IssuerConfig& config, std::optional<WallTime> fetched_at,
                    std::optional<std::chrono::seconds> max_age, WallTime now);

// May verdicts be made with it: anything but none and too_stale.
bool serves(Freshness freshness);

// From a good fetch to the next one: between 75 % and 90 % of the lifetime, by the random number,
// so that a fleet does not come all at once.
std::chrono::milliseconds refresh_delay(std::chrono::seconds lifetime, std::uint32_t random);

// How much of the pause that a provider asks for (Retry-After) is kept: 10 minutes at most, and
// `max_stale` / 4. Whoever can have keys fetched can draw one, and while it lasts a key that was
// withdrawn goes on.
std::chrono::seconds pause(const IssuerConfig& config, std::chrono::seconds retry_after);

// From the `failures`-th failure in a row (1 = the first) to the next attempt:
// `min_fetch_interval`, doubled with each failure up to `refresh_interval`, and up to a quarter
// more by the random number; never before the provider's `retry_after`, as pause() takes it.
std::chrono::milliseconds retry_delay(const IssuerConfig& config, unsigned failures,
                                      std::optional<std::chrono::seconds> retry_after,
                                      std::uint32_t random);

// May keys be fetched because a token names one that is not there? At most once in
// `min_fetch_interval`.
bool fetch_allowed(const IssuerConfig& config, std::optional<SteadyTime> last_attempt,
                   SteadyTime now);

}  // namespace latchkey::issuer
