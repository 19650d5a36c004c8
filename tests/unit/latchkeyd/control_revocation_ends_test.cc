// SPDX-License-Identifier: Apache-2.0
//
// When revocations end, and when they are forgotten.
#include <chrono>
#include <optional>
#include <utility>

#include <gtest/gtest.h>

#include "tests/unit/latchkeyd/control_host.h"

namespace latchkey::latchkeyd {
namespace {

namespace control = ipc::control;
using control_test::ControlTest;
using control_test::corp_config;

TEST_F(ControlTest, ARevocationEndsWhenItSaysAndIsForgottenAnHourLater) {
  const WallTime end = clock.wall() + std::chrono::hours(2);
  ASSERT_TRUE(call<control::Revoke>({.kind = "user", .value = "bob", .end = end}));
  ASSERT_TRUE(revoke_user("mallory"));
  const auto later = [&](std::chrono::milliseconds time) {
    clock.advance(time);
    plane->tick();
    for (int i = 0; i < 3; ++i) {
      loop.run_ready();
      for (auto& worker : workers) worker.run_ready();
    }
  };
  later(std::chrono::hours(2) - std::chrono::milliseconds(1));
  EXPECT_TRUE(taken[0]->revocations->user_revoked("bob"));
  later(std::chrono::milliseconds(1));
  EXPECT_FALSE(taken[0]->revocations->user_revoked("bob"));
  EXPECT_EQ(call<control::Revocations>({})->revocations.size(), 2U) << "it may have to come back";
  clock.advance(-std::chrono::hours(1));  // the clock was ahead
  plane->tick();
  for (auto& worker : workers) worker.run_ready();
  EXPECT_TRUE(taken[0]->revocations->user_revoked("bob"));
  later(std::chrono::hours(4));
  loop.run_until([&] { return journal.count("revocations that have ended are forgotten") == 1; });
  const auto left = call<control::Revocations>({});
  ASSERT_EQ(left->revocations.size(), 1U);
  EXPECT_EQ(left->revocations[0].value, "mallory");
  EXPECT_FALSE(taken[0]->revocations->user_revoked("bob"));
  EXPECT_TRUE(taken[0]->revocations->user_revoked("mallory"));
}

TEST_F(ControlTest, ATokenIsNotKeptForLongerThanItCouldLetAnybodyIn) {
  config::Config bounded = corp_config("digest-2");
  bounded.issuers[0].config.claims.max_token_age = std::chrono::hours(12);
  bounded.max_claims_age = std::chrono::hours(1);
  const auto leeway = bounded.issuers[0].config.claims.leeway;
  next_config = std::move(bounded);
  ASSERT_TRUE(call<control::Reload>({}));
  const WallTime now = clock.wall();
  const auto end_of = [&](control::RevokeRequest request) {
    EXPECT_TRUE(call<control::Revoke>(request));
    return call<control::Revocations>({})->revocations.back().end;
  };
  const WallTime most = now + std::chrono::hours(12) + 2 * leeway;
  EXPECT_EQ(end_of({.kind = "token", .issuer = "corp", .value = "a"}), most);
  EXPECT_EQ(end_of({.kind = "token", .issuer = "corp", .value = "b", .end = most + leeway}), most);
  EXPECT_EQ(end_of({.kind = "token", .issuer = "corp", .value = "c", .end = now + leeway}),
            now + leeway);
  EXPECT_EQ(end_of({.kind = "subject", .issuer = "corp", .value = "d"}), most);
  EXPECT_EQ(end_of({.kind = "session", .issuer = "corp", .value = "e"}), std::nullopt)
      << "it goes on to get tokens";
  EXPECT_EQ(end_of({.kind = "user", .value = "f"}), std::nullopt);
  // Whoever it let in a moment ago signs in with a key for as long as its claims stand.
  next_config = corp_config("digest-3");
  next_config->issuers[0].config.claims.max_token_age = std::chrono::hours(12);
  next_config->max_claims_age = std::chrono::hours(48);
  ASSERT_TRUE(call<control::Reload>({}));
  const WallTime claims = now + std::chrono::hours(48) + leeway;
  EXPECT_EQ(end_of({.kind = "token", .issuer = "corp", .value = "g"}), claims);
  EXPECT_EQ(end_of({.kind = "subject", .issuer = "corp", .value = "h", .before = now}), claims);
  EXPECT_EQ(end_of({.kind = "subject",
                    .issuer = "corp",
                    .value = "i",
                    .before = now + std::chrono::hours(48)}),
            now + std::chrono::hours(60) + leeway);
}

}  // namespace
}  // namespace latchkey::latchkeyd
