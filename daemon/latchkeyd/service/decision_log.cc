// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/decision_log.h"

#include <algorithm>
#include <utility>

namespace latchkey::latchkeyd {
namespace {

constexpr std::size_t kNameMost = 256;
constexpr std::size_t kDetailMost = 1'024;

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
  for (std::string* text :
       {&decision.detail, &decision.rule, &decision.issuer, &decision.subject, &decision.key_id}) {
    cut(*text, kDetailMost);
  }
  // Who somebody is stands in `request` and `subject`; the groups would be the only unbounded list
  // in the log.
  decision.identity.reset();
  decision.binding.reset();
}

}  // namespace

DecisionLog::DecisionLog(std::size_t capacity) : capacity_(capacity) {}

void DecisionLog::add(LoggedDecision logged) {
  cut(logged);
  std::optional<LoggedDecision> oldest;  // freed outside of the lock
  const std::lock_guard lock(mutex_);
  if (capacity_ == 0) return;
  if (ring_.size() >= capacity_) {
    oldest = std::move(ring_.front());
    ring_.pop_front();
  }
  ring_.push_back(std::move(logged));
}

std::optional<LoggedDecision> DecisionLog::find(std::string_view id) const {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(ring_.rbegin(), ring_.rend(),
                                  [&](const auto& logged) { return logged.id == id; });
  if (found == ring_.rend()) return std::nullopt;
  return *found;
}

std::vector<LoggedDecision> DecisionLog::last(std::size_t most, std::string_view user) const {
  std::vector<LoggedDecision> found;
  const std::lock_guard lock(mutex_);
  for (auto logged = ring_.rbegin(); logged != ring_.rend() && found.size() < most; ++logged) {
    if (user.empty() || logged->request.user == user || logged->request.ruser == user)
      found.push_back(*logged);
  }
  return found;
}

void DecisionLog::set_capacity(std::size_t capacity) {
  const std::lock_guard lock(mutex_);
  capacity_ = capacity;
  while (ring_.size() > capacity_) ring_.pop_front();
}

}  // namespace latchkey::latchkeyd
