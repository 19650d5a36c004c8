// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/decision_log.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <random>
#include <utility>

namespace latchkey::latchkeyd {
namespace {

constexpr std::size_t kNameMost = 256;
constexpr std::size_t kDetailMost = 1'024;
constexpr std::size_t kShareOfSource = 4;  // one of so many parts
constexpr std::size_t kPlacesLeast = 256;  // for sources; each has twelve bytes or so
constexpr std::size_t kPlacesMost = 32'768;

// Cutting must also give the memory back: the bound is on what is held.
void cut(std::string& text, std::size_t most) {
  if (text.size() > most) text = text.substr(0, most - 3) + "...";
}

void cut(LoggedDecision& logged) {
  LoginRequest& request = logged.request;
  for (std::string* text : {&request.service, &request.user, &request.ruser, &request.rhost,
                            &request.tty, &request.session, &request.login}) {
    cut(*text, kNameMost);
  }
  Decision& decision = logged.decision;
  for (std::string* text : {&decision.detail, &decision.rule, &decision.rule_place,
                            &decision.issuer, &decision.subject, &decision.key_id}) {
    cut(*text, kDetailMost);
  }
  // Who somebody is stands in `request` and `subject`; the groups would be the only unbounded list
  // in the log.
  decision.identity.reset();
  decision.binding.reset();
}

std::uint64_t random_seed() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

}  // namespace

DecisionLog::DecisionLog(std::size_t capacity, std::optional<std::uint64_t> seed)
    : seed_(seed ? *seed : random_seed()) {
  lay_out(capacity);
}

void DecisionLog::lay_out(std::size_t capacity) {
  capacity_ = capacity;
  entries_.clear();
  all_ = {};
  sources_.assign(std::clamp(std::bit_ceil(2 * capacity), kPlacesLeast, kPlacesMost), Chain{});
}

DecisionLog::Chain& DecisionLog::chain_of(std::uint64_t source) {
  return sources_[(source >> 32) % sources_.size()];
}

void DecisionLog::add(LoggedDecision logged, std::string_view source) {
  constexpr std::uint64_t kOdd = 0x9e37'79b9'7f4a'7c15;
  const std::uint64_t hash = (std::hash<std::string_view>{}(source) ^ seed_) * kOdd;
  cut(logged);
  std::optional<LoggedDecision> forgotten;  // freed outside of the lock
  const std::lock_guard lock(mutex_);
  if (capacity_ == 0) return;
  forgotten = put(std::move(logged), hash);
}

// Gives what it forgets for it.
std::optional<LoggedDecision> DecisionLog::put(LoggedDecision logged, std::uint64_t source) {
  const std::size_t share = std::max<std::size_t>(1, capacity_ / kShareOfSource);
  Chain& own = chain_of(source);
  const bool greedy = own.count >= share;
  if (!greedy && entries_.size() < capacity_) {
    entries_.push_back({std::move(logged), source, {}});
    const auto index = static_cast<Index>(entries_.size() - 1);
    append(all_, of_all, index);
    append(own, of_source, index);
    return std::nullopt;
  }
  const Index index = greedy ? own.oldest : all_.oldest;
  Entry& entry = entries_[index];
  unlink(all_, of_all, index);
  unlink(chain_of(entry.source), of_source, index);
  entry.source = source;
  append(all_, of_all, index);
  append(own, of_source, index);
  return std::exchange(entry.logged, std::move(logged));
}

void DecisionLog::append(Chain& chain, Kind kind, Index index) {
  entries_[index].links[kind] = {chain.newest, kNone};
  if (chain.newest == kNone) {
    chain.oldest = index;
  } else {
    entries_[chain.newest].links[kind].newer = index;
  }
  chain.newest = index;
  ++chain.count;
}

void DecisionLog::unlink(Chain& chain, Kind kind, Index index) {
  const Link link = entries_[index].links[kind];
  (link.older == kNone ? chain.oldest : entries_[link.older].links[kind].newer) = link.newer;
  (link.newer == kNone ? chain.newest : entries_[link.newer].links[kind].older) = link.older;
  --chain.count;
}

std::optional<LoggedDecision> DecisionLog::find(std::string_view id) const {
  const std::lock_guard lock(mutex_);
  for (Index at = all_.newest; at != kNone; at = entries_[at].links[of_all].older) {
    if (entries_[at].logged.id == id) return entries_[at].logged;
  }
  return std::nullopt;
}

std::vector<LoggedDecision> DecisionLog::last(std::size_t most, std::string_view user) const {
  std::vector<LoggedDecision> found;
  const std::lock_guard lock(mutex_);
  for (Index at = all_.newest; at != kNone && found.size() < most;
       at = entries_[at].links[of_all].older) {
    const LoggedDecision& logged = entries_[at].logged;
    if (user.empty() || logged.request.user == user || logged.request.ruser == user)
      found.push_back(logged);
  }
  return found;
}

void DecisionLog::set_capacity(std::size_t capacity) {
  std::deque<Entry> old;  // freed outside of the lock
  const std::lock_guard lock(mutex_);
  if (capacity == capacity_) return;
  Index at = all_.oldest;
  for (std::size_t count = all_.count; count > capacity; --count)
    at = entries_[at].links[of_all].newer;
  old.swap(entries_);
  lay_out(capacity);
  for (; at != kNone; at = old[at].links[of_all].newer)
    put(std::move(old[at].logged), old[at].source);
}

}  // namespace latchkey::latchkeyd
