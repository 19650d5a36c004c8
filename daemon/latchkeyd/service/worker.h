// SPDX-License-Identifier: Apache-2.0
//
// One of the identical workers: a thread's loop, what it keeps at hand, and the conversations that
// it conducts. A conversation stays on its worker. The thread itself is the caller's.
#pragma once

#include <functional>
#include <list>
#include <memory>

#include "daemon/latchkeyd/service/conversation.h"
#include "daemon/latchkeyd/service/desk.h"
#include "ipc/fd.h"

namespace latchkey::latchkeyd {

// Connections of a worker that have not said yet what they want. A real module does so at once, so
// the one that has been silent for longest is dropped for the next.
inline constexpr std::size_t kStrangersMost = 128;

class Worker {
 public:
  Worker(const Services& services, const Patience& patience, SnapshotPtr first);

  Loop& loop() { return desk_.loop; }

  // The rest on the worker's thread.

  void take(SnapshotPtr snapshot) { desk_.snapshot = std::move(snapshot); }

  // Whether a conversation is open.
  bool busy() const { return !open_.empty(); }

  // Conducts a conversation with a peer that may have one.
  void converse(ipc::Fd peer, pid_t pid);

  // Ends the conversations that wait for somebody, and calls `idle` when the others have come to
  // their verdict.
  void drain(std::function<void()> idle);

 private:
  using Open = std::list<std::unique_ptr<Conversation>>;

  void close(Open::iterator conversation);

  Desk desk_;
  Open open_;  // oldest first
  std::function<void()> idle_;
};

}  // namespace latchkey::latchkeyd
