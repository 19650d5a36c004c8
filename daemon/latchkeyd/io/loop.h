// SPDX-License-Identifier: Apache-2.0
//
// One thread's event loop as an executor: a worker's and the control thread's. The only header that
// shows Asio to those who wait for descriptors or timers on it; everybody else sees an Executor.
#pragma once

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include <functional>
#include <utility>

#include "daemon/latchkeyd/io/executor.h"

namespace latchkey::latchkeyd {

class Loop final : public Executor {
 public:
  Loop() : work_(asio::make_work_guard(context_)) {}

  void post(std::function<void()> work) override { asio::post(context_, std::move(work)); }

  // For descriptors, timers and coroutines of this thread.
  asio::io_context& context() { return context_; }

  // Serves until stop(); on the thread that this loop stands for.
  void run() { context_.run(); }
  // From any thread.
  void stop() { context_.stop(); }

 private:
  asio::io_context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_;
};

}  // namespace latchkey::latchkeyd
