// SPDX-License-Identifier: Apache-2.0
#include "daemon/namesd/guests.h"

#include <algorithm>

namespace latchkey::namesd {

bool Guests::admit(std::string_view name, std::uint32_t id, TimePoint now) {
  const auto known = std::any_of(guests_.begin(), guests_.end(), [&](const Guest& guest) {
    return guest.id == id && guest.name == name;
  });
  if (known) return true;
  if (!pay(now)) return false;
  guests_[oldest_] = {std::string(name), id};
  oldest_ = (oldest_ + 1) % kRemembered;
  return true;
}

std::optional<std::string> Guests::find(std::uint32_t id) const {
  const auto found = std::find_if(guests_.begin(), guests_.end(), [&](const Guest& guest) {
    return guest.id == id && !guest.name.empty();
  });
  if (found == guests_.end()) return std::nullopt;
  return found->name;
}

bool Guests::pay(TimePoint now) {
  if (counted_ && now > *counted_) {
    const auto earned = std::chrono::nanoseconds(now - *counted_);
    saved_ = earned >= kSavedMost - saved_ ? kSavedMost : saved_ + earned;
  }
  counted_ = now;
  if (saved_ < kCost) return false;
  saved_ -= kCost;
  return true;
}

}  // namespace latchkey::namesd
