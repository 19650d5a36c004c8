// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/io/serial_thread.h"

#include <utility>

namespace latchkey::latchkeyd {

SerialThread::SerialThread() : thread_([this] { run(); }) {}

SerialThread::~SerialThread() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void SerialThread::post(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    work_.push_back(std::move(work));
  }
  wake_.notify_one();
}

void SerialThread::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [&] { return stopping_ || !work_.empty(); });
    if (work_.empty()) return;
    auto work = std::exchange(work_, {});
    lock.unlock();
    for (auto& step : work) std::exchange(step, {})();
    lock.lock();
  }
}

}  // namespace latchkey::latchkeyd
