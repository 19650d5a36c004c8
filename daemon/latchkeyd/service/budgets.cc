// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/budgets.h"

#include <algorithm>

namespace latchkey::latchkeyd {
namespace {

// Slots that each pool has of `total`: an eighth for later calls, an eighth for sudo, a quarter for
// sources that were not seen lately, and the rest for everybody.
std::size_t size_of_pool(std::size_t pool, std::size_t total) {
  const std::size_t eighth = total / 8;
  const std::array<std::size_t, 4> sizes{total - 4 * eighth, eighth, eighth, 2 * eighth};
  return sizes[pool];
}

}  // namespace

Budgets::Ticket::Ticket(Ticket&& other) noexcept
    : budgets_(std::exchange(other.budgets_, nullptr)),
      source_(std::move(other.source_)),
      pool_(other.pool_) {}

Budgets::Ticket& Budgets::Ticket::operator=(Ticket&& other) noexcept {
  std::swap(budgets_, other.budgets_);
  std::swap(source_, other.source_);
  std::swap(pool_, other.pool_);
  return *this;
}

Budgets::Ticket::~Ticket() {
  if (budgets_ != nullptr) budgets_->release(source_, pool_);
}

std::optional<Budgets::Ticket> Budgets::admit(const std::string& source, Lane lane,
                                              const config::BudgetConfig& limits, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  const auto known = sources_.find(source);
  const bool fresh = known == sources_.end() ||
                     (known->second.open == 0 && now - known->second.seen_at >= kSourceFreshAfter);
  Source& entry = touch(source, limits, now);
  if (lane != Lane::later && entry.open >= limits.conversations_per_source) return std::nullopt;
  const std::optional<std::size_t> pool = free_pool(lane, fresh, limits.conversations);
  if (!pool) return std::nullopt;
  ++used_[*pool];
  if (lane == Lane::later) return Ticket(*this, {}, *pool);
  if (entry.idle) idle_.erase(*std::exchange(entry.idle, std::nullopt));
  ++entry.open;
  return Ticket(*this, source, *pool);
}

bool Budgets::charge(const std::string& source, std::chrono::nanoseconds cost,
                     const config::BudgetConfig& limits, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  Source& entry = touch(source, limits, now);
  // A single cost above the burst must not shut a source out for ever: a full budget pays for it.
  const std::chrono::nanoseconds burst = limits.verify_cpu_burst;
  if (entry.level < std::min(cost, burst)) return false;
  entry.level -= cost;
  return true;
}

std::size_t Budgets::sources() const {
  const std::lock_guard lock(mutex_);
  return sources_.size();
}

// The source's entry with its level of now; a new one has its whole burst.
Budgets::Source& Budgets::touch(const std::string& source, const config::BudgetConfig& limits,
                                SteadyTime now) {
  const auto [it, added] = sources_.try_emplace(source);
  Source& entry = it->second;
  const std::chrono::nanoseconds burst = limits.verify_cpu_burst;
  if (added) {
    entry.level = burst;
  } else {
    // Rate times time would overflow after years of silence: nothing needs longer than this to
    // fill.
    const auto silence =
        std::min<std::chrono::nanoseconds>(now - entry.refilled_at, std::chrono::hours{24});
    const auto refill = silence / 1'000 * limits.verify_cpu_per_second.count();
    entry.level = std::min(burst, entry.level + refill);
  }
  entry.refilled_at = now;
  entry.seen_at = now;
  if (entry.open == 0) make_idle(it);
  return entry;
}

std::optional<std::size_t> Budgets::free_pool(Lane lane, bool fresh, std::size_t total) const {
  const auto has_room = [&](std::size_t pool) { return used_[pool] < size_of_pool(pool, total); };
  if (has_room(shared)) return shared;
  if (lane == Lane::later && has_room(for_later)) return for_later;
  if (lane == Lane::sudo && has_room(for_sudo)) return for_sudo;
  if (lane != Lane::later && fresh && has_room(for_fresh)) return for_fresh;
  return std::nullopt;
}

void Budgets::release(const std::string& source, std::size_t pool) {
  const std::lock_guard lock(mutex_);
  --used_[pool];
  const auto it = sources_.find(source);
  if (source.empty() || it == sources_.end()) return;
  if (--it->second.open == 0) make_idle(it);
}

// Puts the source behind all other idle ones, and forgets the first of them where there are too
// many sources. Sources with open conversations are never forgotten; their number is bounded by the
// slots.
void Budgets::make_idle(std::unordered_map<std::string, Source>::iterator source) {
  if (source->second.idle) {
    idle_.splice(idle_.end(), idle_, *source->second.idle);
  } else {
    source->second.idle = idle_.insert(idle_.end(), &source->first);
  }
  if (sources_.size() <= kSourcesMost || idle_.size() < 2) return;
  sources_.erase(sources_.find(*idle_.front()));
  idle_.pop_front();
}

}  // namespace latchkey::latchkeyd
