// SPDX-License-Identifier: Apache-2.0
//
// Sign-ins with their verdicts, for tests of judge().
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/decide/host.h"

namespace latchkey::test::judge_test {

struct Case {
  std::string name;
  Host host;
  LoginRequest request;
  claims::ClaimsRecord claims;
  Reason want;
  std::string rule;
};

inline Decision judged(const Case& c) {
  return judge(claims::ValidatedClaims::recall(c.claims), 0, c.request, c.host.snapshot(), kNow,
               {});
}

inline LoginRequest sign_in(std::string user, std::string service = "sshd") {
  return request(Operation::authenticate, std::move(service), std::move(user));
}

inline claims::ClaimsRecord changed(std::string user,
                                    const std::function<void(claims::ClaimsRecord&)>& change) {
  auto record = claims_of(std::move(user));
  change(record);
  return record;
}

inline void expect(const std::vector<Case>& cases) {
  for (const auto& c : cases) {
    const auto decision = judged(c);
    EXPECT_EQ(code(decision.reason), code(c.want)) << c.name << ": " << decision.detail;
    EXPECT_EQ(decision.rule, c.rule) << c.name;
    EXPECT_EQ(decision.identity.has_value(), c.want == Reason::allowed) << c.name;
    EXPECT_EQ(decision.subject, c.claims.subject) << c.name;
    if (c.want != Reason::allowed) {
      EXPECT_FALSE(decision.binding.has_value()) << c.name;
      EXPECT_EQ(decision.valid_until, WallTime{}) << c.name;
    }
  }
}

}  // namespace latchkey::test::judge_test
