// SPDX-License-Identifier: Apache-2.0
//
// The names file on a real disk: whole or not at all, and a file that is lost is no new host.
#include "daemon/latchkeyd/io/names_disk.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/latchkeyd/fakes.h"

namespace latchkey::latchkeyd {
namespace {

using accounts::Names;
using ::testing::HasSubstr;
using testing::TempDir;
namespace fs = std::filesystem;

class NamesDiskTest : public ::testing::Test {
 protected:
  NamesDiskTest() { fs::create_directory(folder / "names"); }

  static Names erin() {
    accounts::NamesContent content;
    content.settings = {.ids = {70'000, 79'999}, .home = "/home/%u", .shell = "/bin/sh"};
    content.users.push_back({"erin", 70'001, 70'001, {}, 7, "/home/erin", "/bin/sh", ""});
    return Names::make(std::move(content)).value();
  }
  std::string text() const {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::string refusal() {
    auto names = disk.load();
    return names ? "" : names.error();
  }

  TempDir folder;
  TempDir state;
  std::string file = folder / "names/names";
  NamesDisk disk{file, state.path()};
};

TEST_F(NamesDiskTest, AHostWithoutAFileHasNoNames) {
  const auto names = disk.load();
  ASSERT_TRUE(names) << names.error();
  EXPECT_EQ(names->content(), accounts::NamesContent{});
  EXPECT_FALSE(disk.touched());
}

TEST_F(NamesDiskTest, WhatWasSavedIsLoadedAndEverybodyMayReadIt) {
  ASSERT_TRUE(disk.save(erin()));
  EXPECT_EQ(NamesDisk(file, state.path()).load()->content(), erin().content());
  struct stat status {};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0644U);
  EXPECT_FALSE(fs::exists(file + ".new"));
}

TEST_F(NamesDiskTest, AFileThatIsLostIsNoNewHost) {
  ASSERT_TRUE(disk.save(erin()));
  fs::remove(file);
  EXPECT_THAT(refusal(), HasSubstr("is gone"));
  fs::remove(state / "names-written");
  EXPECT_EQ(refusal(), "");
}

TEST_F(NamesDiskTest, AFileThatIsDamagedIsNamedWithItsLine) {
  ASSERT_TRUE(disk.save(erin()));
  std::string damaged = text();
  damaged.replace(damaged.find("user:erin:70001"), 15, "user:erin:70002");
  std::ofstream(file) << damaged;
  EXPECT_THAT(refusal(), HasSubstr(file));
  std::ofstream(file) << "nothing of the kind\n";
  EXPECT_THAT(refusal(), HasSubstr("digest"));
  std::ofstream(file) << "";
  EXPECT_NE(refusal(), "");
}

TEST_F(NamesDiskTest, AnotherHandIsSeen) {
  ASSERT_TRUE(disk.save(erin()));
  EXPECT_FALSE(disk.touched());
  fs::copy_file(file, file + ".copy");
  fs::rename(file + ".copy", file);
  EXPECT_TRUE(disk.touched());
  ASSERT_TRUE(disk.load());
  EXPECT_FALSE(disk.touched());
  fs::remove(file);
  EXPECT_TRUE(disk.touched());
}

TEST_F(NamesDiskTest, AFirstFileThatCouldNotBeWrittenIsNoneThatIsLost) {
  NamesDisk away(folder / "nowhere/names", state.path());
  EXPECT_FALSE(away.save(erin()));
  EXPECT_TRUE(away.load());
  fs::create_directory(folder / "nowhere");
  EXPECT_TRUE(away.save(erin()));
}

// As a daemon leaves it that was killed while it wrote.
TEST_F(NamesDiskTest, WhatAKilledWriterLeftIsInNobodysWay) {
  ASSERT_TRUE(disk.save(erin()));
  std::ofstream(file + ".new") << "half a fi";
  EXPECT_EQ(disk.load()->content(), erin().content());
  ASSERT_TRUE(disk.save(erin()));
  EXPECT_FALSE(fs::exists(file + ".new"));
  // Nor what somebody put there on purpose.
  fs::create_symlink(state / "elsewhere", file + ".new");
  ASSERT_TRUE(disk.save(erin()));
  EXPECT_FALSE(fs::exists(state / "elsewhere"));
}

TEST_F(NamesDiskTest, AFolderThatTakesNothingLeavesTheFileAsItIs) {
  ASSERT_TRUE(disk.save(erin()));
  const std::string before = text();
  EXPECT_FALSE(NamesDisk(file, folder / "nowhere").save(erin())) << "without the mark";
  EXPECT_EQ(text(), before);
}

}  // namespace
}  // namespace latchkey::latchkeyd
