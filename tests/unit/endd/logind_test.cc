// SPDX-License-Identifier: Apache-2.0
#include "daemon/endd/logind.h"

#include <optional>
#include <string>

#include <gtest/gtest.h>

namespace latchkey::endd {
namespace {

struct Case {
  std::string name;
  std::optional<std::string> session;
  std::optional<uid_t> owner;
  std::optional<std::uint32_t> leader;
  std::optional<std::string> want;
};

TEST(LogindTest, SessionIsTheOneOfThatLeaderAndThatUserAndNoOther) {
  const Case cases[] = {
      {"its own", "c7", 1000, 500, "c7"},
      {"none", std::nullopt, 1000, 500, std::nullopt},
      {"another user's", "c7", 1001, 500, std::nullopt},
      {"root's", "c7", 0, 500, std::nullopt},
      {"the user is unknown", "c7", std::nullopt, 500, std::nullopt},
      {"the process lies in it and does not lead it", "c7", 1000, 400, std::nullopt},
      {"the leader is unknown", "c7", 1000, std::nullopt, std::nullopt},
  };
  for (const Case& each : cases) {
    Logind logind({.session_of = [&](pid_t) { return each.session; },
                   .owner_of = [&](const std::string&) { return each.owner; },
                   .leader_of = [&](const std::string&) { return each.leader; }});
    EXPECT_EQ(logind.find(500, 1000), each.want) << each.name;
  }
}

}  // namespace
}  // namespace latchkey::endd
