// SPDX-License-Identifier: Apache-2.0
//
// A thread that runs what it is given, one after the other: for the control thread's file work,
// which may wait for a disk.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "daemon/latchkeyd/io/executor.h"

namespace latchkey::latchkeyd {

class SerialThread final : public Executor {
 public:
  SerialThread();
  // Runs what was posted, then ends the thread.
  ~SerialThread() override;

  void post(std::function<void()> work) override;

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> work_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace latchkey::latchkeyd
