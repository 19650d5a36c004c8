// SPDX-License-Identifier: Apache-2.0
//
// What the list keeper knows of one list; seen by its own sources only.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/latchkeyd/service/list_keeper.h"

namespace latchkey::latchkeyd {

// A manifest that came, on its way to be accepted.
struct ListKeeper::Round {
  ListWork::Order order;
  std::vector<revocation::ListChunk> missing;
  std::size_t next = 0;  // of the missing ones
  // Of the manifest, once the order is with the builder.
  std::string url = {};
  std::string etag = {};
  std::string last_modified = {};
};

struct ListKeeper::List {
  config::ListSource config;
  std::optional<revocation::ListState> accepted;  // the highest ever; outlives the set
  ListWork::Standing standing;                    // empty: absent
  revocation::Feed feed;
  SteadyTime dated{};  // when the set was signed, by the steady clock
  std::string url;     // where the manifest at hand was fetched, and how it is named there
  std::string etag;
  std::string last_modified;
  std::optional<Round> round;
  bool busy = false;         // something was asked for, or is being built
  bool again = false;        // where it is asked for has changed meanwhile
  unsigned failures = 0;     // in a row; of the server, or of what came
  unsigned unreachable = 0;  // in a row; of fetchd
  SteadyTime next_fetch{};
  std::optional<WallTime> attempted_at;
  std::optional<std::string> last_error;
  revocation::FeedState said = revocation::FeedState::fresh;  // in the journal

  const std::string& name() const { return config.feed.name; }
  bool present() const { return standing.source != nullptr; }
};

// Keeps the list for as long as what was begun for it may still come back.
template <typename Do>
void ListKeeper::on_control(const ListPtr& list, Do action) {
  if (std::find(lists_.begin(), lists_.end(), list) != lists_.end()) action();
}

}  // namespace latchkey::latchkeyd
