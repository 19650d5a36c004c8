// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/snapshot_hub.h"

#include <atomic>
#include <utility>

namespace latchkey::latchkeyd {
namespace {

// One publication on its way to the workers.
struct Handover {
  SnapshotPtr old;
  std::function<void()> done;
  std::atomic<std::size_t> left;
};

}  // namespace

SnapshotHub::SnapshotHub(Executor& control, Snapshot first)
    : control_(control), current_(std::make_shared<const Snapshot>(std::move(first))) {}

void SnapshotHub::add_worker(Executor& worker, std::function<void(SnapshotPtr)> take) {
  workers_.push_back(Subscriber{&worker, std::move(take)});
}

void SnapshotHub::publish(Snapshot next, std::function<void()> done) {
  next.number = current_->number + 1;
  auto handover = std::make_shared<Handover>();
  handover->old = std::exchange(current_, std::make_shared<const Snapshot>(std::move(next)));
  handover->done = std::move(done);
  handover->left = workers_.size();
  // The hand-over travels back to the control thread as a whole: it ends there, and the old
  // snapshot with it.
  Executor* control = &control_;
  const auto finish = [](const std::shared_ptr<Handover>& finished) {
    finished->old.reset();
    if (finished->done) std::exchange(finished->done, {})();
  };
  if (workers_.empty()) control->post([handover, finish] { finish(handover); });
  for (const Subscriber& subscriber : workers_) {
    subscriber.worker->post(
        [take = subscriber.take, snapshot = current_, handover, control, finish]() mutable {
          take(std::move(snapshot));
          if (handover->left.fetch_sub(1) > 1) return;
          control->post([handover = std::move(handover), finish] { finish(handover); });
        });
  }
}

}  // namespace latchkey::latchkeyd
