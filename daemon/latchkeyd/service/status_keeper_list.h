// SPDX-License-Identifier: Apache-2.0
//
// What the status keeper knows of one list; seen by its own sources only.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/latchkeyd/service/status_keeper.h"
#include "wire/limits.h"

namespace latchkey::latchkeyd {

// A list that came, before it was read.
struct StatusKeeper::Came {
  std::string token;
  std::string etag;
  std::string last_modified;
  bool keys_asked = false;  // it was read under keys that were fetched for it
};

// One that was read and, where it is one, written to disk.
struct StatusKeeper::Verified {
  revocation::ItemResult<revocation::StatusListToken> token;
  std::string key = {};  // that signed it, as a record has it
  std::optional<StatusStore::Result<void>> kept = {};
  std::uint64_t number = 0;  // of what was put for that list
};

// What two clocks differ by in good order.
inline constexpr std::chrono::seconds kStatusSlewed{5};

// After its last use a list is kept fresh for so long.
inline constexpr std::chrono::seconds kStatusAskedWhile{3'600};

// A decision waits no longer than that, and then is not there any more.
inline constexpr std::chrono::milliseconds kStatusWaitMost{wire::kDaemonSilenceMs};

struct StatusKeeper::List {
  struct Waiter {
    std::function<void(StatusReply)> done;
    SteadyTime until{};  // then nobody is there any more
  };

  Id id;                                                     // issuer, URI
  std::size_t issuer = 0;                                    // its place in the configuration
  std::string issuer_name;                                   // short
  config::StatusListSource source;                           // its section
  std::shared_ptr<const revocation::StatusListToken> token;  // null: not at hand
  std::optional<WallTime> accepted;   // when the newest ever was issued; outlives the list
  std::string key;                    // that signed it, as a record has it
  bool distrusted = false;            // read by that key alone, which the rules of now do not take
  bool stood = true;                  // as key_stands() was told
  bool unstored = false;              // the disk did not take it
  std::chrono::milliseconds ahead{};  // its `iat`, of the clock when it came
  std::uint64_t generation = 0;       // of what is at hand
  std::string etag;
  std::string last_modified;
  SteadyTime fetched{};      // or confirmed
  SteadyTime usable_to{};    // by the steady clock
  WallTime usable_until{};   // the same by the wall clock, as it was published
  SteadyTime used{};         // by a token that wanted it, or a running login
  bool in_use = false;       // by a running login
  bool busy = false;         // it was asked for, or is being read
  std::uint64_t round = 0;   // answers of an earlier question are nobody's
  unsigned failures = 0;     // in a row
  unsigned unreachable = 0;  // in a row; of fetchd
  SteadyTime next_fetch{};
  std::optional<WallTime> attempted_at;
  std::optional<std::string> last_error;
  std::vector<Waiter> waiting;
  std::uint64_t puts = 0;  // to disk; the builder's alone

  const std::string& uri() const { return id.second; }
  bool awaited(SteadyTime now) const {
    return std::any_of(waiting.begin(), waiting.end(),
                       [&](const Waiter& each) { return each.until > now; });
  }
  void answer_all(const StatusReply& reply) {
    for (const Waiter& each : std::exchange(waiting, {})) each.done(reply);
  }
  std::size_t bytes() const { return token ? token->list.bytes() : 0; }
};

template <typename Do>
void StatusKeeper::on_control(const ListPtr& list, std::uint64_t round, Do action) {
  const auto found = lists_.find(list->id);
  if (found != lists_.end() && found->second == list && list->round == round) action();
}

}  // namespace latchkey::latchkeyd
