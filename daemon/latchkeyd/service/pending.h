// SPDX-License-Identifier: Apache-2.0
//
// How a conversation's coroutine waits for another thread.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace latchkey::latchkeyd {

// What another thread will say, or that it was silent for too long. Lives on the worker's thread;
// the other side has a weak pointer only.
template <typename T>
struct Pending {
  explicit Pending(asio::io_context& context) : timer(context) {}

  asio::steady_timer timer;
  std::optional<T> result;

  static std::function<void(T)> completion(const std::shared_ptr<Pending>& pending) {
    return [weak = std::weak_ptr(pending)](T said) {
      const std::shared_ptr<Pending> waiting = weak.lock();
      if (waiting == nullptr) return;
      waiting->result = std::move(said);
      waiting->timer.cancel();
    };
  }

  asio::awaitable<void> wait(std::chrono::milliseconds most) {
    asio::error_code ignored;
    timer.expires_after(most);
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
};

}  // namespace latchkey::latchkeyd
