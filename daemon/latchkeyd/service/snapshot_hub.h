// SPDX-License-Identifier: Apache-2.0
//
// The one place that the current snapshot is changed in, and how it reaches the workers: as work
// posted to each of them, so that every thread reads a plain pointer of its own (no
// std::atomic<shared_ptr>: libstdc++ 12's races under TSan). All of it belongs to the control
// thread.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "core/snapshot.h"
#include "daemon/latchkeyd/io/executor.h"

namespace latchkey::latchkeyd {

using SnapshotPtr = std::shared_ptr<const Snapshot>;

class SnapshotHub {
 public:
  // `control` is the thread that calls publish() and runs its completions.
  SnapshotHub(Executor& control, Snapshot first);

  // Before the threads start. `take` runs on `worker` for each snapshot published later; a worker
  // takes the first one from current().
  void add_worker(Executor& worker, std::function<void(SnapshotPtr)> take);

  const SnapshotPtr& current() const { return current_; }

  // Makes `next` the current snapshot (its `number` is set here), hands it to every worker, and
  // runs `done` on the control thread after the last one took it. Snapshots are taken in the order
  // in which they were published. The old one is destroyed on the control thread, never on a worker
  // that would have to wait for it.
  void publish(Snapshot next, std::function<void()> done = {});

 private:
  struct Subscriber {
    Executor* worker;
    std::function<void(SnapshotPtr)> take;
  };

  Executor& control_;
  SnapshotPtr current_;
  std::vector<Subscriber> workers_;
};

}  // namespace latchkey::latchkeyd
