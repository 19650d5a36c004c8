// SPDX-License-Identifier: Apache-2.0
//
// What the key keeper knows of one issuer; seen by its own sources only.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

#include "core/jose/jwk_set.h"
#include "daemon/latchkeyd/service/key_keeper.h"
#include "files/plain_file.h"

namespace latchkey::latchkeyd {

// A set is good where it can verify something: an empty one is a provider's mistake, or somebody's
// attempt to lock everybody out, and the last good set is worth more.
tl::expected<std::shared_ptr<const jose::JwkSet>, std::string> good_set(std::string_view jwks);

// The same keys in the same order; then remembered tokens need not be verified anew.
bool same_keys(const jose::JwkSet& a, const jose::JwkSet& b);

struct KeyKeeper::Issuer {
  struct Waiter {
    std::uint64_t seen_generation;
    std::function<void(KeysOutcome)> done;
  };

  issuer::IssuerConfig config;
  std::string source;
  std::string place;  // key_place() under which the set at hand was fetched
  KeyState state;
  std::string etag;
  std::string last_modified;
  std::optional<FileStamp> file;  // of the key file as it was last judged; nothing: read it
  bool file_settled = true;       // else it may have been written again and still look as judged
  unsigned failures = 0;          // in a row; of the provider
  unsigned unreachable = 0;       // in a row; of fetchd
  std::optional<SteadyTime> asked_at;  // the provider, last
  WallTime fetched_wall{};             // when the set at hand was fetched, by both clocks
  SteadyTime fetched_steady{};
  SteadyTime not_before{};  // as the provider asked for (Retry-After)
  bool fetching = false;
  bool outdated = false;  // what is being fetched was asked for where keys are no longer asked for
  std::vector<Waiter> waiters;

  bool from_file() const { return config.local_keys(); }

  void answer_all(const std::function<KeysOutcome(const Waiter&)>& outcome) {
    for (const Waiter& waiter : std::exchange(waiters, {})) waiter.done(outcome(waiter));
  }
};

}  // namespace latchkey::latchkeyd
