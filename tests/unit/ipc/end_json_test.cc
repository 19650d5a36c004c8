// SPDX-License-Identifier: Apache-2.0
#include "ipc/end.h"

#include <string>

#include <gtest/gtest.h>

namespace latchkey::ipc::control {
namespace {

TEST(EndJson, comes_back_as_it_went) {
  const auto end = from_json<EndRequest>(to_json(EndRequest{"0123", 10, "expired", "user"}));
  ASSERT_TRUE(end) << end.error().detail;
  EXPECT_EQ(end->login + end->cause + end->scope, "0123expireduser");
  EXPECT_EQ(end->grace_s, 10);
  const auto answer = from_json<EndAnswer>(to_json(EndAnswer{"ending", "so", 7}));
  ASSERT_TRUE(answer) << answer.error().detail;
  EXPECT_EQ(answer->ends_in_s, 7);
  EXPECT_FALSE(from_json<EndAnswer>(R"({"outcome":"ending","why":"","ends_in_s":301})"));
  const auto look = from_json<LookAnswer>(to_json(LookAnswer{{"a"}, {"b", "c"}, {"d"}, "so"}));
  ASSERT_TRUE(look) << look.error().detail;
  EXPECT_EQ(look->gone.size(), 2U);
  EXPECT_EQ(look->refused.at(0) + look->why, "dso");
  const auto signal = from_json<SignalAnswer>(to_json(SignalAnswer{"ending", "", 3}));
  ASSERT_TRUE(signal) << signal.error().detail;
  EXPECT_EQ(signal->processes, 3);
  const auto request = from_json<SignalRequest>(to_json(SignalRequest{"x", 10, "user"}));
  ASSERT_TRUE(request) << request.error().detail;
  EXPECT_EQ(request->grace_s, 10);
  EXPECT_EQ(request->scope, "user");
  EXPECT_FALSE(from_json<SignalRequest>(R"({"login":"x","grace_s":1})"));
  EXPECT_FALSE(from_json<SignalRequest>(R"({"login":"x","grace_s":1,"scope":"all"})"));
}

TEST(EndJson, refuses_what_is_out_of_bounds) {
  for (const char* text :
       {R"({"login":"x","grace_s":301,"cause":"revoked","scope":"session"})",
        R"({"login":"x","grace_s":-1,"cause":"revoked","scope":"session"})",
        R"({"login":"x","grace_s":1,"cause":"because","scope":"session"})",
        R"({"login":"x","grace_s":1,"cause":"revoked","scope":"everybody"})",
        R"({"login":"x","grace_s":1,"cause":"revoked"})",
        R"({"login":"x","grace_s":1,"cause":"revoked","scope":"user","pid":1})",
        R"({"login":1,"grace_s":1,"cause":"revoked","scope":"user"})", "[]", ""}) {
    EXPECT_FALSE(from_json<EndRequest>(text)) << text;
  }
  LookRequest many;
  many.logins.assign(kLooksMost, "a");
  EXPECT_TRUE(from_json<LookRequest>(to_json(many)));
  many.logins.emplace_back("a");
  EXPECT_FALSE(from_json<LookRequest>(to_json(many)));
}

}  // namespace
}  // namespace latchkey::ipc::control
