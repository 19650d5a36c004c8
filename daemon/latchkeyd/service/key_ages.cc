// SPDX-License-Identifier: Apache-2.0
//
// How old a key set is, by two clocks: the wall clock alone goes on over a restart, and the steady
// one alone cannot be set. The larger age counts.
#include <algorithm>

#include "daemon/latchkeyd/service/key_keeper_issuer.h"

namespace latchkey::latchkeyd {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::seconds kSlewed{5};  // what two clocks differ by in good order

}  // namespace

issuer::Freshness freshness(const issuer::IssuerConfig& config, const KeyState& state,
                            WallTime now) {
  const auto fetched_at = state.keys.any() ? std::optional(state.keys.fetched_at) : std::nullopt;
  if (fetched_at && config.local_keys() && state.bad_since) return issuer::Freshness::stale;
  return issuer::freshness(config, fetched_at, state.max_age, now);
}

void KeyKeeper::dated(Issuer& issuer, WallTime fetched_at) {
  issuer.fetched_wall = fetched_at;
  issuer.fetched_steady = clock_.steady() - issuer::age(fetched_at, clock_.wall());
  issuer.state.keys.fetched_at = fetched_at;
}

// Whether the wall clock was set, so that the date of the set at hand had to follow.
bool KeyKeeper::never_younger(Issuer& issuer) {
  IssuerKeys& keys = issuer.state.keys;
  if (!keys.any() || issuer.from_file()) return false;
  const auto age =
      std::chrono::duration_cast<milliseconds>(clock_.steady() - issuer.fetched_steady);
  const WallTime date = std::min(issuer.fetched_wall, clock_.wall() - age);
  if (std::chrono::abs(date - keys.fetched_at) < kSlewed) return false;
  keys.fetched_at = date;
  return true;
}

}  // namespace latchkey::latchkeyd
