// SPDX-License-Identifier: Apache-2.0
//
// What a conversation may need of the control thread before it can answer. Called from any thread;
// the completion runs on the executor that the caller names, always, and at most once. A request
// makes each call at most once.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/base/error.h"
#include "core/decision.h"
#include "core/introspection.h"
#include "core/snapshot.h"
#include "daemon/latchkeyd/io/executor.h"
#include "wire/secret_buffer.h"

namespace latchkey::latchkeyd {

enum class KeysOutcome : std::uint8_t {
  newer,         // the workers hold a newer key set than the caller had seen: decide again
  unchanged,     // fetched, and the set is the same
  rate_limited,  // the last fetch is too recent (`min_fetch_interval`)
  failed,        // the fetch failed or the issuer is gone from the configuration
};

// A token to be asked about.
struct IntrospectionOrder {
  Question question;
  std::string source;  // on whose behalf
  wire::SecretBuffer token;
};

struct IntrospectionReply {
  std::shared_ptr<const Introspected> answer;  // null: none, `error` says why
  Error error{Reason::introspection_unavailable, ""};
  bool down = false;  // nobody is there, and no limit or pause was the cause
};

// Whether the workers hold a newer status list than the caller had seen; if not, why.
struct StatusReply {
  bool newer = false;
  std::string error;
};

class Needs {
 public:
  virtual ~Needs() = default;

  // Asks for a key set of the issuer with that short name that is newer than `seen_generation`. All
  // callers share one fetch. With `newer`, every worker took the new snapshot before `done` runs.
  virtual void request_keys(std::string issuer, std::uint64_t seen_generation, Executor& reply_to,
                            std::function<void(KeysOutcome)> done) = 0;

  // Has the issuer asked about the token, unless the answer is known. All who ask about the same
  // token share one question; limits may say no (budget_exhausted).
  virtual void request_introspection(IntrospectionOrder order, Executor& reply_to,
                                     std::function<void(IntrospectionReply)> done) = 0;

  // Asks for a status list that a verified token refers to. All callers share one fetch. With
  // `newer`, every worker took the new snapshot before `done` runs.
  virtual void request_status_list(StatusNeed need, Executor& reply_to,
                                   std::function<void(StatusReply)> done) = 0;

  // Whether /etc/passwd or /etc/group is not what this snapshot was read from: two stat calls, from
  // any thread. `useradd` followed at once by a login must be seen, and inotify alone would come
  // too late.
  virtual bool accounts_changed(const Snapshot& snapshot) const = 0;

  // Has the accounts read anew where they changed. Every worker took the new snapshot before `done`
  // runs; where they could not be read there is none, and the worker's own is still a changed one.
  virtual void request_accounts(Executor& reply_to, std::function<void()> done) = 0;

  // Stores the binding durably and hands every worker a snapshot with it, then calls `done`.
  // subject_conflict where the name was bound to another subject meanwhile, state_unavailable where
  // it could not be written.
  virtual void bind(NewBinding binding, Executor& reply_to,
                    std::function<void(Expected<void>)> done) = 0;

  // Writes to the names file what a sign-in wants there and hands every worker a snapshot with it,
  // then calls `done`. account_conflict where the account cannot be made any more,
  // state_unavailable where it could not be written.
  virtual void keep_names(accounts::NamesChange change, Executor& reply_to,
                          std::function<void(Expected<void>)> done) = 0;
};

}  // namespace latchkey::latchkeyd
