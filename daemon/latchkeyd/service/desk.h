// SPDX-License-Identifier: Apache-2.0
//
// What a conversation works with: the services that all workers share, and the things that one
// worker keeps at hand so that no conversation pays for making them.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <list>
#include <utility>
#include <vector>

#include "core/jose/scratch.h"
#include "daemon/latchkeyd/io/channel.h"
#include "daemon/latchkeyd/io/clock.h"
#include "daemon/latchkeyd/io/journal.h"
#include "daemon/latchkeyd/io/loop.h"
#include "daemon/latchkeyd/io/storage.h"
#include "daemon/latchkeyd/service/budgets.h"
#include "daemon/latchkeyd/service/counters.h"
#include "daemon/latchkeyd/service/decision_log.h"
#include "daemon/latchkeyd/service/ids.h"
#include "daemon/latchkeyd/service/introspection_memory.h"
#include "daemon/latchkeyd/service/login_book.h"
#include "daemon/latchkeyd/service/needs.h"
#include "daemon/latchkeyd/service/snapshot_hub.h"
#include "daemon/latchkeyd/service/token_memory.h"
#include "wire/codec.h"
#include "wire/limits.h"
#include "wire/secret_buffer.h"

namespace latchkey::latchkeyd {

class Conversation;

// Shared by all workers, outlives them.
struct Services {
  const Clock& clock;
  Journal& journal;
  StateStore& store;
  Needs& needs;
  LoginBook& logins;
  TokenMemory& memory;
  IntrospectionMemory& introspections;
  Budgets& budgets;
  DecisionLog& decisions;
  Counters& counters;
};

// How long a conversation waits; the defaults are the protocol's.
struct Patience {
  std::chrono::milliseconds first_frame{wire::kFirstFrameMs};
  std::chrono::milliseconds conversation{wire::kConversationMs};
  // For the control thread: the module is gone after kDaemonSilenceMs, and would take that for no
  // verdict.
  std::chrono::milliseconds needs{wire::kDaemonSilenceMs - 1'000};
  // So long is the refusal of a source held back that has used up its budget: who asks again as
  // soon as he is refused asks four times a second a conversation, and not ten thousand times.
  std::chrono::milliseconds overdrawn{250};
};
static_assert(wire::kDaemonSilenceMs > 1'000 && wire::kFirstFrameMs < wire::kConversationMs);

// Buffers that tokens are read into; each holds any frame of the module. Empty ones are kept for
// the next.
class SecretPool {
 public:
  wire::SecretBuffer get();
  void put(wire::SecretBuffer buffer);

 private:
  static constexpr std::size_t kKept = 8;
  std::vector<wire::SecretBuffer> kept_;
};

// One worker's own; touched by its thread only.
struct Desk {
  Desk(const Services& shared, const Patience& waits, SnapshotPtr first)
      : services(shared), patience(waits), snapshot(std::move(first)) {}

  Services services;
  Patience patience;
  Loop loop;
  Deadlines deadlines{loop.context()};
  SnapshotPtr snapshot;
  jose::Scratch scratch;
  Ids ids;
  SecretPool pool;
  std::list<Conversation*> strangers;  // whose peer has not said yet what it wants; oldest first
  // Where a frame is made.
  std::array<std::byte, wire::kToModuleMost> out{};
  // Where a frame is received. Holds nothing whenever a coroutine waits, so all conversations of
  // the thread share it.
  wire::SecretBuffer frame = pool.get();
};

}  // namespace latchkey::latchkeyd
