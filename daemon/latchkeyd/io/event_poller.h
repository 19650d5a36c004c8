// SPDX-License-Identifier: Apache-2.0
//
// Polling for a provider's security events, as their keeper sees it: latchkey-fetchd does it, with
// the bearer token that latchkeyd does not know.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "daemon/latchkeyd/io/fetcher.h"

namespace latchkey::latchkeyd {

struct PollOrder {
  std::string source;                          // short name
  std::string digest;                          // of its section, as we read it
  std::string text;                            // the poll (RFC 8936 section 2.2), never empty
  std::chrono::seconds timeout{0};             // as configured, without `wait`
  std::optional<std::chrono::seconds> wait{};  // the transmitter may hold it so long
};

// Belongs to the control thread.
class EventPoller {
 public:
  virtual ~EventPoller() = default;

  // As Fetcher::fetch_keys(); the body is the transmitter's answer. `not_modified`: it held the
  // poll for longer than `wait`, and nobody knows whether it took what it was told.
  virtual void poll_events(PollOrder order, std::function<void(const FetchResult&)> done) = 0;
};

}  // namespace latchkey::latchkeyd
