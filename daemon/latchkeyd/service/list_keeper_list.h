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
  unsigned anew = 0;     // how often it began anew for what was lost here
};

struct ListKeeper::List {
  config::ListSource config;
  // Its folder: the SHA-256 of its issuer. Versions are the issuer's, whatever the section is
  // called.
  std::string place;
  std::optional<revocation::ListState> accepted;  // the highest ever; outlives the set
  ListWork::Standing standing;                    // empty: absent
  std::vector<std::string> keys;                  // thumbprints, as they could be read last
  revocation::Feed feed;
  SteadyTime dated{};  // when the set was signed, by the steady clock
  std::string url;     // where the manifest at hand was fetched, and how it is named there
  std::string etag;
  std::string last_modified;
  bool named = false;  // in what was asked last
  std::optional<Round> round;
  bool busy = false;         // something was asked for, or is being built
  std::uint64_t turn = 0;    // counts rounds that ended; what comes for an earlier one is late
  bool again = false;        // where it is asked for has changed meanwhile
  unsigned failures = 0;     // in a row; of the server, or of what came
  unsigned unreachable = 0;  // in a row; of fetchd
  SteadyTime next_fetch{};
  std::optional<WallTime> attempted_at;
  std::optional<std::string> last_error;
  revocation::FeedState said = revocation::FeedState::fresh;  // in the journal

  const std::string& name() const { return config.feed.name; }
  bool present() const { return standing.source != nullptr; }
  bool has_key(const std::string& thumbprint) const {
    return std::find(keys.begin(), keys.end(), thumbprint) != keys.end();
  }
};

// Keeps the list for as long as what was begun for it may still come back.
template <typename Do>
void ListKeeper::on_control(const ListPtr& list, Do action) {
  if (std::find(lists_.begin(), lists_.end(), list) != lists_.end()) action();
}
template <typename Do>
void ListKeeper::in_turn(const ListPtr& list, std::uint64_t turn, Do action) {
  on_control(list, [&] {
    if (list->turn == turn) action();
  });
}

}  // namespace latchkey::latchkeyd
