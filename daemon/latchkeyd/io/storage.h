// SPDX-License-Identifier: Apache-2.0
//
// The durable state as the service sees it. One storage thread does the work; a completion runs on
// the executor that the caller names. Operations take effect in the order in which they were
// called. Nothing here ever holds a token.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/accounts/bindings.h"
#include "core/base/error.h"
#include "core/base/time.h"
#include "core/decide.h"
#include "core/decision.h"
#include "core/revocation/revocation_set.h"
#include "daemon/latchkeyd/io/executor.h"

namespace latchkey::latchkeyd {

// Everything that was stored, read once at start.
struct StoredState {
  accounts::Bindings bindings;
  std::vector<revocation::Revocation> revocations;
  std::vector<Login> logins;                                // open ones, oldest first
  std::vector<std::pair<std::string, LastSeen>> last_seen;  // by local name
};

class StateStore {
 public:
  using Done = std::function<void(Expected<void>)>;
  using DoneIds = std::function<void(Expected<std::vector<std::int64_t>>)>;
  using DoneListed = std::function<void(Expected<std::vector<revocation::Revocation>>)>;
  using DoneCount = std::function<void(Expected<std::int64_t>)>;
  using DoneFound = std::function<void(Expected<bool>)>;  // false: there was no such entry

  static constexpr std::int64_t kForgottenAtOnce = 10'000;

  virtual ~StateStore() = default;

  // Blocks; before the threads start.
  virtual Expected<StoredState> load() = 0;

  // Durable when `done` is called. A name that is bound to another subject: subject_conflict; to
  // the same one: success. state_unavailable where it could not be written.
  virtual void bind(NewBinding binding, Executor& reply_to, Done done) = 0;
  virtual void remove_binding(std::string user, Executor& reply_to, DoneFound done) = 0;

  // Queued before the call returns and written soon after; drained at a normal stop. Failures are
  // journaled by the store: a login goes on from memory (SECURITY section 4, F14). Written in
  // batches: a login that is closed before its batch, and a name seen again, cost the disk nothing.
  // The queue is bounded.
  virtual void put_login(std::shared_ptr<const Login> login) = 0;
  virtual void close_login(std::string id, WallTime at) = 0;
  virtual void put_last_seen(std::string user, LastSeen seen) = 0;

  // All of them or none; durable when `done` is called; gives their ids. What is there already
  // gives the id that it has, and stays at least as long as is asked for now.
  virtual void add_revocations(std::vector<revocation::Revocation> revocations, Executor& reply_to,
                               DoneIds done) = 0;
  virtual void remove_revocation(std::int64_t id, Executor& reply_to, DoneFound done) = 0;
  // Of those with a greater id than `after` the first ones, by rising id.
  struct RevocationPage {
    std::int64_t after = 0;
    std::optional<revocation::Kind> kind;
    std::size_t most = 0;
  };
  virtual void list_revocations(RevocationPage page, Executor& reply_to, DoneListed done) = 0;
  // Removes those that ended by then, kForgottenAtOnce at most, and says how many those were.
  virtual void forget_revocations(WallTime ended, Executor& reply_to, DoneCount done) = 0;

  // `done` runs after everything that was called before is written or has failed.
  virtual void drain(Executor& reply_to, std::function<void()> done) = 0;
};

}  // namespace latchkey::latchkeyd
