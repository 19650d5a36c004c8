// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cli/latchkey/run_tool.h"

namespace latchkey::cli {
namespace {

using Words = std::vector<std::string>;

Words sorted(Words words) {
  std::sort(words.begin(), words.end());
  return words;
}

TEST(ToolEnvironment, points_ssh_at_our_askpass_and_remembers_the_users) {
  const Words inherited{"PATH=/bin", "SSH_ASKPASS=/usr/bin/ksshaskpass",
                        "SSH_ASKPASS_REQUIRE=prefer"};
  EXPECT_EQ(sorted(tool_environment(inherited, false, "/d/latchkey-askpass")),
            sorted({"PATH=/bin", "SSH_ASKPASS=/d/latchkey-askpass", "SSH_ASKPASS_REQUIRE=force",
                    "LATCHKEY_FORMER_ASKPASS=/usr/bin/ksshaskpass",
                    "LATCHKEY_FORMER_ASKPASS_REQUIRE=prefer"}));
}

TEST(ToolEnvironment, leaves_the_bearer_token_out) {
  const Words inherited{"BEARER_TOKEN=a.b.c", "BEARER_TOKEN_FILE=/f"};
  EXPECT_EQ(sorted(tool_environment(inherited, true, "/d/latchkey-askpass")),
            sorted({"BEARER_TOKEN_FILE=/f", "SUDO_ASKPASS=/d/latchkey-askpass"}));
}

TEST(ToolEnvironment, drops_former_names_that_were_set_from_outside) {
  EXPECT_EQ(tool_environment(Words{"LATCHKEY_FORMER_ASKPASS=/evil"}, true, "/d/a"),
            (Words{"SUDO_ASKPASS=/d/a"}));
}

TEST(ToolEnvironment, below_another_wrapper_hands_on_the_users_askpass_and_never_that_wrappers) {
  const Words inherited{"SSH_ASKPASS=/outer/latchkey-askpass", "SSH_ASKPASS_REQUIRE=force",
                        "LATCHKEY_FORMER_ASKPASS=/usr/bin/ksshaskpass",
                        "LATCHKEY_FORMER_ASKPASS_REQUIRE=prefer"};
  EXPECT_EQ(sorted(tool_environment(inherited, false, "/inner/latchkey-askpass")),
            sorted({"SSH_ASKPASS=/inner/latchkey-askpass", "SSH_ASKPASS_REQUIRE=force",
                    "LATCHKEY_FORMER_ASKPASS=/usr/bin/ksshaskpass",
                    "LATCHKEY_FORMER_ASKPASS_REQUIRE=prefer"}));
  EXPECT_EQ(sorted(tool_environment(
                Words{"SSH_ASKPASS=/outer/latchkey-askpass", "SSH_ASKPASS_REQUIRE=force"}, false,
                "/inner/latchkey-askpass")),
            sorted({"SSH_ASKPASS=/inner/latchkey-askpass", "SSH_ASKPASS_REQUIRE=force"}));
}

}  // namespace
}  // namespace latchkey::cli
