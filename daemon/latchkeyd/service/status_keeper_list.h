// SPDX-License-Identifier: Apache-2.0
//
// What the status keeper knows of one list; seen by its own sources only.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/latchkeyd/service/status_keeper.h"

namespace latchkey::latchkeyd {

// A list that came, before it was read.
struct StatusKeeper::Came {
  std::string token;
  std::string etag;
  std::string last_modified;
  bool keys_asked = false;  // it was read under keys that were fetched for it
};

// After its last use a list is kept fresh for so long.
inline constexpr std::chrono::seconds kStatusAskedWhile{3'600};

struct StatusKeeper::List {
  Id id;                                                     // issuer, URI
  std::size_t issuer = 0;                                    // its place in the configuration
  std::string issuer_name;                                   // short
  config::StatusListSource source;                           // its section
  std::shared_ptr<const revocation::StatusListToken> token;  // null: not at hand
  std::optional<WallTime> accepted;  // when the newest ever was issued; outlives the list
  std::uint64_t generation = 0;      // of what is at hand
  std::string etag;
  std::string last_modified;
  SteadyTime fetched{};     // or confirmed
  SteadyTime usable_to{};   // by the steady clock
  WallTime usable_until{};  // the same by the wall clock, as it was published
  SteadyTime used{};        // by a token that wanted it, or a running login
  bool in_use = false;      // by a running login
  bool busy = false;        // it was asked for, or is being read
  std::uint64_t round = 0;  // answers of an earlier question are nobody's
  unsigned failures = 0;    // in a row
  SteadyTime next_fetch{};
  std::optional<WallTime> attempted_at;
  std::optional<std::string> last_error;
  std::vector<std::function<void(StatusReply)>> waiting;

  const std::string& uri() const { return id.second; }
  std::size_t bytes() const { return token ? token->list.bytes() : 0; }
};

template <typename Do>
void StatusKeeper::on_control(const ListPtr& list, std::uint64_t round, Do action) {
  const auto found = lists_.find(list->id);
  if (found != lists_.end() && found->second == list && list->round == round) action();
}

}  // namespace latchkey::latchkeyd
