// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkey/user_config.h"

#include <gtest/gtest.h>

namespace latchkey::cli {
namespace {

TEST(UserConfig, reads_hosts_and_token_file) {
  const auto config =
      parse_user_config("c", "version: 1\nhosts: ['*.example.com', web1]\ntoken_file: ~/t\n");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->hosts, (std::vector<std::string>{"*.example.com", "web1"}));
  EXPECT_EQ(config->token_file, "~/t");
}

TEST(UserConfig, takes_an_empty_file_as_the_default) {
  const auto config = parse_user_config("c", "");
  ASSERT_TRUE(config);
  EXPECT_TRUE(config->hosts.empty());
}

TEST(UserConfig, names_every_error_with_its_line) {
  const auto config = parse_user_config("c.yaml", "version: 2\nhost: [a]\nhosts: []\nhosts: [b]\n");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error(),
            (std::vector<std::string>{
                "c.yaml:1:10: 'version' must be 1",
                "c.yaml:2:1: unknown key 'host' (known: version, hosts, token_file)",
                "c.yaml:3:8: 'hosts' must be a list of at least one pattern; leave it out to allow "
                "every host",
                "c.yaml:4:1: 'hosts' stands twice"}));
}

TEST(UserConfig, refuses_what_is_no_yaml) { EXPECT_FALSE(parse_user_config("c", "hosts: [a")); }

TEST(UserConfig, refuses_a_second_document_whose_hosts_would_go_unheard) {
  const auto config = parse_user_config("c", "---\n---\nhosts: [a]\n");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error(), (std::vector<std::string>{"c:3:1: a second document"}));
}

TEST(UserConfig, refuses_a_list_at_the_top) { EXPECT_FALSE(parse_user_config("c", "- a\n")); }

TEST(UserConfigPath, follows_the_base_directory_rules) {
  EXPECT_EQ(user_config_path("/x", "/home/a"), "/x/latchkey/config.yaml");
  EXPECT_EQ(user_config_path("relative", "/home/a"), "/home/a/.config/latchkey/config.yaml");
  EXPECT_EQ(user_config_path(std::nullopt, std::nullopt), "");
}

}  // namespace
}  // namespace latchkey::cli
