// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/snapshot_hub.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "daemon/latchkeyd/io/loop.h"
#include "tests/unit/latchkeyd/fakes.h"

namespace latchkey::latchkeyd {
namespace {

struct WorkerStub {
  testing::TestLoop executor;
  std::vector<std::uint64_t> taken;
  SnapshotPtr held;
};

struct Hub {
  explicit Hub(std::size_t workers) : hub(control, Snapshot{}), stubs(workers) {
    for (WorkerStub& stub : stubs) {
      stub.held = hub.current();
      hub.add_worker(stub.executor, [&stub](SnapshotPtr snapshot) {
        stub.taken.push_back(snapshot->number);
        stub.held = std::move(snapshot);
      });
    }
  }
  testing::TestLoop control;
  SnapshotHub hub;
  std::deque<WorkerStub> stubs;
};

TEST(SnapshotHub, CompletesAfterTheLastWorkerTookIt) {
  Hub hub(3);
  bool done = false;
  hub.hub.publish(Snapshot{}, [&] { done = true; });
  EXPECT_EQ(hub.hub.current()->number, 1U);
  for (WorkerStub& stub : hub.stubs) {
    hub.control.run_ready();
    EXPECT_FALSE(done);
    EXPECT_TRUE(stub.taken.empty()) << "taken on the worker's own thread";
    stub.executor.run_ready();
    EXPECT_EQ(stub.taken, std::vector<std::uint64_t>{1});
  }
  EXPECT_FALSE(done) << "the completion runs on the control thread";
  hub.control.run_ready();
  EXPECT_TRUE(done);
}

TEST(SnapshotHub, EveryWorkerTakesEverySnapshotInOrder) {
  Hub hub(2);
  std::vector<int> done;
  for (int i = 0; i < 5; ++i) hub.hub.publish(Snapshot{}, [&done, i] { done.push_back(i); });
  for (WorkerStub& stub : hub.stubs) stub.executor.run_ready();
  hub.control.run_ready();
  for (WorkerStub& stub : hub.stubs)
    EXPECT_EQ(stub.taken, (std::vector<std::uint64_t>{1, 2, 3, 4, 5}));
  EXPECT_EQ(done, (std::vector<int>{0, 1, 2, 3, 4}));
}

TEST(SnapshotHub, TheOldSnapshotEndsOnTheControlThread) {
  Hub hub(2);
  const std::weak_ptr<const Snapshot> old = hub.hub.current();
  hub.hub.publish(Snapshot{});
  for (WorkerStub& stub : hub.stubs) stub.executor.run_ready();
  EXPECT_FALSE(old.expired());
  hub.control.run_ready();
  EXPECT_TRUE(old.expired());
}

TEST(SnapshotHub, CompletesWithoutWorkers) {
  Hub hub(0);
  bool done = false;
  hub.hub.publish(Snapshot{}, [&] { done = true; });
  EXPECT_FALSE(done);
  hub.control.run_ready();
  EXPECT_TRUE(done);
}

TEST(SnapshotHub, HandsSnapshotsToRealThreads) {
  constexpr int kPublications = 200;
  Loop control;
  SnapshotHub hub(control, Snapshot{});
  struct Real {
    Loop loop;
    SnapshotPtr held;
  };
  std::deque<Real> workers(3);
  for (Real& worker : workers) {
    worker.held = hub.current();
    hub.add_worker(worker.loop, [&worker](SnapshotPtr snapshot) {
      EXPECT_EQ(snapshot->number, worker.held->number + 1);
      worker.held = std::move(snapshot);
    });
  }
  std::vector<std::thread> threads;
  for (Real& worker : workers) threads.emplace_back([&worker] { worker.loop.run(); });
  int done = 0;
  control.post([&] {
    for (int i = 0; i < kPublications; ++i) {
      hub.publish(Snapshot{}, [&] {
        if (++done == kPublications) control.stop();
      });
    }
  });
  control.run();
  for (Real& worker : workers) worker.loop.stop();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(done, kPublications);
}

}  // namespace
}  // namespace latchkey::latchkeyd
