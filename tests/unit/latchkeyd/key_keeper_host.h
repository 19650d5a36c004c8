// SPDX-License-Identifier: Apache-2.0
//
// A key keeper between fakes.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "daemon/latchkeyd/service/key_keeper.h"
#include "tests/unit/latchkeyd/fakes.h"
#include "tests/unit/latchkeyd/key_fakes.h"

namespace latchkey::latchkeyd::key_keeper_test {

using testing::config_of;
using testing::FakeClock;
using testing::FakeFetcher;
using testing::FakeJournal;
using testing::FakeStorage;
using testing::issuer_config;
using testing::kKeysOne;

class KeyKeeperTest : public ::testing::Test {
 protected:
  KeyKeeper& keeper() {
    if (keeper_) return *keeper_;
    keeper_ = std::make_unique<KeyKeeper>(
        clock, journal, fetcher, storage,
        KeyKeeper::Hooks{[this](std::vector<IssuerKeys> keys, std::function<void()> done) {
                           published.push_back(std::move(keys));
                           unconfirmed.push_back(std::move(done));
                           if (workers_answer) confirm();
                         },
                         [this] {
                           ++reloads;
                           if (on_reload) on_reload();
                         },
                         {},
                         [] { return 0U; }});
    return *keeper_;
  }
  void confirm() {
    for (auto& done : std::exchange(unconfirmed, {})) done();
  }
  // The one issuer "corp", with a good first set.
  void begin() {
    keeper().configure(config_of({issuer_config("corp")}));
    keeper().tick();
    fetcher.answer_ok(kKeysOne);
  }
  void request(std::uint64_t seen, std::string_view name = "corp") {
    keeper().request(name, seen, [this](KeysOutcome outcome) { outcomes.push_back(outcome); });
  }
  std::string kid(std::size_t issuer = 0) {
    const auto& keys = published.back().at(issuer).keys;
    return keys ? keys->keys().front().kid().value_or("") : "none";
  }
  KeyState state(std::size_t issuer = 0) { return keeper().states().at(issuer); }

  FakeClock clock;
  FakeJournal journal;
  FakeFetcher fetcher;
  FakeStorage storage;
  std::vector<std::vector<IssuerKeys>> published;
  std::vector<std::function<void()>> unconfirmed;
  std::vector<KeysOutcome> outcomes;
  bool workers_answer = true;
  int reloads = 0;
  std::function<void()> on_reload;

 private:
  std::unique_ptr<KeyKeeper> keeper_;
};

}  // namespace latchkey::latchkeyd::key_keeper_test
