// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/io/ticker.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace latchkey::latchkeyd {
namespace {

constexpr std::chrono::seconds kMost{30};
constexpr std::chrono::milliseconds kLeast{
    1};  // what is due again at once must not keep the thread from others

}  // namespace

Ticker::Ticker(Loop& loop, const Clock& clock, std::function<SteadyTime()> tick)
    : timer_(loop.context()),
      clock_(clock),
      tick_(std::move(tick)),
      alive_(std::make_shared<bool>(true)) {}

void Ticker::poke() {
  timer_.expires_after(kLeast);
  timer_.async_wait([this, alive = std::weak_ptr(alive_)](const asio::error_code& error) {
    if (!alive.expired() && !error) run();
  });
}

void Ticker::run() {
  const SteadyTime next = tick_();
  timer_.expires_after(std::clamp<SteadyTime::duration>(next - clock_.steady(), kLeast, kMost));
  timer_.async_wait([this, alive = std::weak_ptr(alive_)](const asio::error_code& error) {
    if (!alive.expired() && !error) run();
  });
}

}  // namespace latchkey::latchkeyd
