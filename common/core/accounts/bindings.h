// SPDX-License-Identifier: Apache-2.0
//
// Which subject of which issuer a local name belongs to: the first login binds, another subject is
// refused. Immutable; the service makes a new one with each new binding, after the state store has
// it.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace latchkey::accounts {

struct Subject {
  std::string issuer;   // `iss`
  std::string subject;  // `sub`, or the claims that the issuer's section names under `bind`
  bool operator==(const Subject&) const = default;
};

class Bindings {
 public:
  Bindings() = default;
  // All at once, as the state store has them.
  explicit Bindings(std::map<std::string, Subject, std::less<>> by_user)
      : by_user_(std::move(by_user)) {}

  const Subject* find(std::string_view user) const;
  std::size_t size() const { return by_user_.size(); }
  const std::map<std::string, Subject, std::less<>>& all() const { return by_user_; }

  Bindings with(std::string user, Subject subject) const;
  Bindings without(std::string_view user) const;

 private:
  std::map<std::string, Subject, std::less<>> by_user_;
};

}  // namespace latchkey::accounts
