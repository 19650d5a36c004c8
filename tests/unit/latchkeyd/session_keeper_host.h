// SPDX-License-Identifier: Apache-2.0
//
// A session keeper between fakes, with logins that have sessions.
#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/latchkeyd/service/session_hits.h"
#include "daemon/latchkeyd/service/session_keeper.h"
#include "tests/unit/latchkeyd/fakes.h"
#include "tests/unit/latchkeyd/key_fakes.h"
#include "tests/unit/latchkeyd/null_store.h"
#include "tests/unit/latchkeyd/session_fakes.h"

namespace latchkey::latchkeyd::session_keeper_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace std::chrono_literals;
using Outcome = SessionEnder::Outcome;
using State = SessionKeeper::State;
using revocation::Kind;

inline constexpr std::array<std::uint8_t, 16> kSecret{};

class SessionKeeperTest : public ::testing::Test {
 protected:
  SessionKeeperTest() {
    config::Config config;
    config.issuers.push_back({testing::issuer_config("corp"), {}});
    config.access.push_back({.name = "short", .services = {"sshd"}});
    config.access.back().end_session_at_expiry = true;
    config.access.push_back({.name = "long", .services = {"sshd"}});
    config_of(std::move(config));
    snapshot.bindings = std::make_shared<const accounts::Bindings>();
    revoked({});
  }

  void config_of(config::Config config) {
    snapshot.config = std::make_shared<const config::Config>(std::move(config));
  }
  void revoked(std::vector<revocation::Revocation> all) {
    snapshot.revocations = std::make_shared<const revocation::RevocationSet>(
        revocation::RevocationSet::build(all, kSecret));
  }
  std::string open(char name, const std::string& user, const std::string& rule = "long",
                   std::int32_t pid = 4'711) {
    const std::string id(32, name);
    claims::ClaimsRecord claims;
    claims.issuer = snapshot.config->issuers[0].config.issuer;
    claims.subject = "s-" + user;
    claims.users = {user};
    claims.token_id = "jti-" + std::string(1, name);
    claims.session = "sid-" + user;
    claims.key_id = "thumb-" + user;
    claims.issued_at = clock.wall() - 1min;
    claims.expires_at = clock.wall() + 1h;
    logins.put(std::make_shared<const Login>(Login{.id = id,
                                                   .service = "sshd",
                                                   .user = user,
                                                   .claims = claims,
                                                   .started_at = clock.wall(),
                                                   .rule = rule}));
    logins.place(id, user, {.pid = pid, .opened_at = clock.wall()});
    return id;
  }
  void pass(std::chrono::milliseconds by) {
    clock.advance(by);
    keeper.tick();
  }
  State state(const std::string& id) {
    for (const auto& session : keeper.sessions())
      if (session.login->id == id) return session.state;
    ADD_FAILURE() << "no such session";
    return State::open;
  }

  testing::FakeClock clock;
  testing::FakeJournal journal;
  testing::NullStore store;
  LoginBook logins;
  testing::FakeEnder ender;
  Snapshot snapshot;
  std::set<std::int32_t> ended;  // pids
  SessionKeeper keeper{
      {.clock = clock,
       .journal = journal,
       .store = store,
       .logins = logins,
       .ender = ender,
       .snapshot = [this]() -> const Snapshot& { return snapshot; },
       .process_exists = [this](std::int32_t pid) { return !ended.contains(pid); }}};
};

}  // namespace latchkey::latchkeyd::session_keeper_test
