// SPDX-License-Identifier: Apache-2.0
#include "config_files/load.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "core/base/limits.h"
#include "tests/support/golden.h"
#include "tests/support/temporary_folder.h"

namespace latchkey::config_files {
namespace {

constexpr const char* kMain =
    "version: 1\nissuers: [ { name: a, issuer: https://a, audiences: [ x ] } ]\n"
    "access: [ { services: [ sshd ], allow: { anyone: true } } ]\n";

class ConfigFiles : public ::testing::Test {
 protected:
  ConfigFiles() { write("latchkey.yaml", kMain); }

  std::string path(const std::string& name) const { return folder_ / name; }

  void write(const std::string& name, const std::string& text, mode_t mode = 0644) {
    std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
    std::ofstream(path(name), std::ios::binary) << text;
    ASSERT_EQ(::chmod(path(name).c_str(), mode), 0);
  }

  // "name: message" of each error, without the folder.
  std::vector<std::string> errors() const {
    std::vector<std::string> out;
    const auto config = load(path("latchkey.yaml"));
    if (config) return out;
    for (const auto& error : config.error())
      out.push_back(config::describe(error).substr(folder_.path().size() + 1));
    return out;
  }

  test::TemporaryFolder folder_;
};

TEST_F(ConfigFiles, AreReadInTheOrderOfTheirNames) {
  write("conf.d/20-b.yaml", "unmanaged: [ second ]\n");
  write("conf.d/10-a.yaml", "unmanaged: [ first ]\n");
  write("conf.d/README", "not yaml\n");
  write("conf.d/30-c.yaml.bak", "not: read\n");
  write("conf.d/.hidden.yaml", "not: read\n");
  const auto config = load(path("latchkey.yaml"));
  ASSERT_TRUE(config) << errors().front();
  EXPECT_EQ(config->managed.unmanaged, (std::vector<std::string>{"first", "second"}));
}

TEST_F(ConfigFiles, NeedNoFolder) {
  const auto texts = read(path("latchkey.yaml"));
  ASSERT_TRUE(texts);
  ASSERT_EQ(texts->size(), 1U);
  EXPECT_EQ(texts->front().name, path("latchkey.yaml"));
  EXPECT_EQ(texts->front().text, kMain);
}

TEST_F(ConfigFiles, ErrorsNameTheFileThatTheyAreIn) {
  write("conf.d/10.yaml", "log_level: loud\n");
  EXPECT_EQ(errors(), std::vector<std::string>{
                          "conf.d/10.yaml:1:12: 'log_level': expected a log level (it is none of "
                          "error, warning, notice, info, debug), found \"loud\""});
}

TEST_F(ConfigFiles, AreFollowedThroughLinks) {
  std::filesystem::rename(path("latchkey.yaml"), path("elsewhere.yaml"));
  std::filesystem::create_symlink("elsewhere.yaml", path("latchkey.yaml"));
  EXPECT_TRUE(errors().empty());
}

TEST_F(ConfigFiles, AreRefusedWhereOthersCouldWrite) {
  struct Case {
    std::string name;
    std::function<void()> change;
    std::vector<std::string> want;
  };
  const auto mode = [&](const std::string& name, mode_t bits) {
    return [this, name, bits] { ASSERT_EQ(::chmod(path(name).c_str(), bits), 0); };
  };
  write("conf.d/10.yaml", "log_level: info\n");
  const std::vector<Case> cases = {
      {"a main file that the group may write",
       mode("latchkey.yaml", 0664),
       {"latchkey.yaml: a group or others may write to it"}},
      {"one that others may write",
       mode("latchkey.yaml", 0646),
       {"latchkey.yaml: a group or others may write to it"}},
      {"a file of conf.d that the group may write",
       mode("conf.d/10.yaml", 0664),
       {"conf.d/10.yaml: a group or others may write to it"}},
      {"a folder that others may write",
       mode("conf.d", 0777),
       {"conf.d: a group or others may write to it"}},
  };
  for (const auto& c : cases) {
    ASSERT_TRUE(errors().empty()) << "before " << c.name;
    c.change();
    EXPECT_EQ(errors(), c.want) << c.name;
    mode("latchkey.yaml", 0640)();
    mode("conf.d/10.yaml", 0600)();
    mode("conf.d", 0755)();
  }
}

TEST_F(ConfigFiles, OfAnotherOwnerAreRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  ASSERT_EQ(::chown(path("latchkey.yaml").c_str(), 12'345, 0), 0);
  EXPECT_EQ(errors(), std::vector<std::string>{"latchkey.yaml: it is owned by uid 12345"});
}

TEST_F(ConfigFiles, ThatAreNoPlainFilesAreRefusedWithoutWaiting) {
  std::filesystem::remove(path("latchkey.yaml"));
  EXPECT_EQ(errors(),
            std::vector<std::string>{"latchkey.yaml: cannot be opened: No such file or directory"});
  ASSERT_EQ(::mkfifo(path("latchkey.yaml").c_str(), 0600), 0);
  EXPECT_EQ(errors(), std::vector<std::string>{"latchkey.yaml: it is no plain file"});
  std::filesystem::remove(path("latchkey.yaml"));
  std::filesystem::create_directory(path("latchkey.yaml"));
  EXPECT_EQ(errors(), std::vector<std::string>{"latchkey.yaml: it is no plain file"});
}

TEST_F(ConfigFiles, EveryOneThatCannotBeReadIsNamed) {
  std::filesystem::remove(path("latchkey.yaml"));
  write("conf.d/10.yaml", "", 0666);
  std::filesystem::create_symlink("nowhere", path("conf.d/20.yaml"));
  EXPECT_EQ(errors(), (std::vector<std::string>{
                          "latchkey.yaml: cannot be opened: No such file or directory",
                          "conf.d/10.yaml: a group or others may write to it",
                          "conf.d/20.yaml: cannot be opened: No such file or directory"}));
}

TEST_F(ConfigFiles, AFolderThatIsNoneIsRefused) {
  write("conf.d", "");
  EXPECT_EQ(errors(), std::vector<std::string>{"conf.d: it is no folder"});
}

TEST_F(ConfigFiles, AreBoundedInSize) {
  const std::string text = std::string(kMain) + "#";
  write("latchkey.yaml", text + std::string(limits::kConfigBytes - text.size(), 'x'));
  EXPECT_TRUE(errors().empty());
  write("latchkey.yaml", text + std::string(limits::kConfigBytes - text.size() + 1, 'x'));
  EXPECT_EQ(errors(), std::vector<std::string>{"latchkey.yaml: it is longer than 1048576 bytes"});
}

TEST_F(ConfigFiles, AreBoundedInNumber) {
  for (int i = 0; i < 255; ++i) write("conf.d/" + std::to_string(1'000 + i) + ".yaml", "");
  EXPECT_TRUE(errors().empty());
  write("conf.d/one-more.yaml", "");
  EXPECT_EQ(errors(), std::vector<std::string>{"conf.d: it holds too many files"});
}

// A copy, because a checkout may belong to anybody.
TEST_F(ConfigFiles, TheShippedExampleIsLoaded) {
  const auto text = test::read_text(std::string(LATCHKEY_SOURCE_DIR) + "/config/latchkey.yaml");
  ASSERT_TRUE(text);
  write("latchkey.yaml", *text);
  EXPECT_TRUE(errors().empty());
}

}  // namespace
}  // namespace latchkey::config_files
