// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkey/token_source.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace latchkey::cli {
namespace {

class TokenSourceTest : public ::testing::Test {
 protected:
  TokenSourceTest() {
    std::string path = "/tmp/latchkey-test.XXXXXX";
    if (::mkdtemp(path.data()) != nullptr) folder_ = path;
    variables_["XDG_RUNTIME_DIR"] = folder_.string();
  }
  ~TokenSourceTest() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& content, mode_t mode = 0600) {
    const std::string path = folder_ / name;
    std::ofstream(path) << content;
    ::chmod(path.c_str(), mode);
    return path;
  }

  tl::expected<FoundToken, std::string> find(const std::string& file = {}) {
    return find_token({file,
                       [this](const char* name) -> std::optional<std::string> {
                         const auto it = variables_.find(name);
                         return it == variables_.end() ? std::nullopt : std::optional(it->second);
                       },
                       ::geteuid()});
  }

  std::string well_known() const { return "bt_u" + std::to_string(::geteuid()); }

  std::filesystem::path folder_;
  std::map<std::string, std::string> variables_;
};

TEST_F(TokenSourceTest, takes_the_places_in_the_order_of_the_discovery) {
  write(well_known(), "runtime.t.k");
  EXPECT_EQ(find()->token.view(), "runtime.t.k");
  variables_["BEARER_TOKEN_FILE"] = write("file", "file.t.k\n");
  EXPECT_EQ(find()->token.view(), "file.t.k");
  variables_["BEARER_TOKEN"] = " env.t.k\n";
  EXPECT_EQ(find()->token.view(), "env.t.k");
  EXPECT_EQ(find(write("option", "option.t.k"))->token.view(), "option.t.k");
}

TEST_F(TokenSourceTest, does_not_fall_through_a_place_that_is_set_but_broken) {
  write(well_known(), "runtime.t.k");
  variables_["BEARER_TOKEN_FILE"] = folder_ / "absent";
  EXPECT_FALSE(find());
}

TEST_F(TokenSourceTest, refuses_a_well_known_file_that_others_can_read) {
  write(well_known(), "a.b.c", 0644);
  ASSERT_FALSE(find());
  EXPECT_NE(find().error().find("0600"), std::string::npos);
}

TEST_F(TokenSourceTest, refuses_a_well_known_file_that_is_a_link) {
  const std::string target = write("target", "a.b.c");
  std::filesystem::create_symlink(target, folder_ / well_known());
  ASSERT_FALSE(find());
  EXPECT_NE(find().error().find("symbolic link"), std::string::npos);
}

TEST_F(TokenSourceTest, does_not_hang_on_a_fifo_in_a_well_known_place) {
  const std::string path = folder_ / well_known();
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_FALSE(find());
}

TEST_F(TokenSourceTest, says_what_is_wrong_without_quoting_the_content) {
  for (const std::string& content :
       {std::string("two words"), std::string("a\x01b"), std::string(" \n"),
        std::string(65'537, 'x'), std::string(200'000, 'y')}) {
    const auto found = find(write("f", content));
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().find("two"), std::string::npos);
    EXPECT_EQ(found.error().find("xx"), std::string::npos);
  }
}

TEST_F(TokenSourceTest, takes_a_token_of_the_full_size) {
  EXPECT_EQ(find(write("f", std::string(65'536, 'x') + "\n"))->token.size(), 65'536u);
}

}  // namespace
}  // namespace latchkey::cli
