// SPDX-License-Identifier: Apache-2.0
#include "core/accounts/bindings.h"

#include <utility>

namespace latchkey::accounts {

const Subject* Bindings::find(std::string_view user) const {
  const auto it = by_user_.find(user);
  return it == by_user_.end() ? nullptr : &it->second;
}

Bindings Bindings::with(std::string user, Subject subject) const {
  Bindings next = *this;
  next.by_user_.insert_or_assign(std::move(user), std::move(subject));
  return next;
}

Bindings Bindings::without(std::string_view user) const {
  Bindings next = *this;
  if (const auto it = next.by_user_.find(user); it != next.by_user_.end()) next.by_user_.erase(it);
  return next;
}

}  // namespace latchkey::accounts
