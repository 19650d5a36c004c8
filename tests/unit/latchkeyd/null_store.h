// SPDX-License-Identifier: Apache-2.0
//
// A state store that keeps nothing, and remembers which logins were closed.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "daemon/latchkeyd/io/storage.h"

namespace latchkey::latchkeyd::testing {

class NullStore final : public StateStore {
 public:
  Expected<StoredState> load() override { return StoredState{}; }
  void bind(NewBinding, Executor&, Done) override {}
  void remove_binding(std::string, Executor&, DoneFound) override {}
  void put_login(std::shared_ptr<const Login>) override {}
  void close_login(std::string id, WallTime) override { closed.push_back(std::move(id)); }
  void put_last_seen(std::string, LastSeen) override {}
  void add_revocations(std::vector<revocation::Revocation>, Executor&, DoneIds) override {}
  void list_revocations(RevocationPage, Executor&, DoneListed) override {}
  void forget_revocations(WallTime, Executor&, DoneCount) override {}
  void remove_revocation(std::int64_t, Executor&, DoneFound) override {}
  void drain(Executor&, std::function<void()>) override {}

  std::vector<std::string> closed;
};

}  // namespace latchkey::latchkeyd::testing
