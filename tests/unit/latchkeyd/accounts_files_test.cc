// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/io/accounts_files.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/latchkeyd/io/folder_watch.h"
#include "tests/unit/latchkeyd/fakes.h"

namespace latchkey::latchkeyd {
namespace {

using testing::FakeJournal;
using ::testing::HasSubstr;
using testing::TempDir;
namespace fs = std::filesystem;

class AccountsFilesTest : public ::testing::Test {
 protected:
  AccountsFilesTest() {
    fs::create_directory(root / "etc");
    put("passwd", "alice:x:1000:1000::/home/alice:/bin/sh\n");
    put("group", "sre:x:2000:\n");
  }
  // As passwd(1) and its friends do it: a new file, renamed into place.
  void put(const std::string& name, const std::string& text) {
    const std::string path = root / ("etc/" + name);
    std::ofstream(path + "+") << text;
    fs::permissions(path + "+", fs::perms(0644));
    fs::rename(path + "+", path);
  }

  TempDir root;
  AccountsFiles files{root.path()};
};

TEST_F(AccountsFilesTest, AreReadAndSeenToChange) {
  EXPECT_TRUE(files.changed()) << "nothing was read yet";
  const auto first = files.read();
  ASSERT_TRUE(first) << first.error();
  EXPECT_NE((*first)->find_user("alice"), nullptr);
  EXPECT_EQ((*first)->find_group("sre"), 2000U);
  EXPECT_FALSE(files.changed());
  put("passwd", "alice:x:1000:1000::/home/alice:/bin/sh\nbob:x:1001:1001::/home/bob:/bin/sh\n");
  EXPECT_TRUE(files.changed());
  EXPECT_NE((*files.read())->find_user("bob"), nullptr);
  EXPECT_FALSE(files.changed());
  put("group", "sre:x:2001:\n");
  EXPECT_TRUE(files.changed());
}

TEST_F(AccountsFilesTest, SameTextInANewFileOfTheSameSizeIsAChange) {
  ASSERT_TRUE(files.read());
  put("passwd", "alice:x:1001:1000::/home/alice:/bin/sh\n");
  EXPECT_TRUE(files.changed());
}

TEST_F(AccountsFilesTest, FilesThatCannotBeReadAreNamedAndAreNotReadAgainUntilTheyChange) {
  ASSERT_TRUE(files.read());
  fs::remove(root / "etc/passwd");
  EXPECT_TRUE(files.changed());
  const auto failed = files.read();
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error(), HasSubstr(root / "etc/passwd"));
  EXPECT_FALSE(files.changed());
  put("passwd", "alice:x:1000:1000::/home/alice:/bin/sh\n");
  EXPECT_TRUE(files.changed());
  EXPECT_TRUE(files.read());
}

TEST_F(AccountsFilesTest, MissingGroupFileIsAnEmptyOneAndABadOneIsAnError) {
  fs::remove(root / "etc/group");
  const auto read = files.read();
  ASSERT_TRUE(read) << read.error();
  EXPECT_FALSE((*read)->find_group("sre"));
  put("group", "sre:x:2000:\n");
  fs::permissions(root / "etc/group", fs::perms(0666));
  ASSERT_FALSE(files.read());
}

TEST_F(AccountsFilesTest, WatchTellsOfAFileThatIsRenamedIntoPlaceAndOfTheNextOne) {
  Loop loop;
  FakeJournal journal;
  int told = 0;
  const FolderWatch watch(loop, files.folder(), journal, [&] { ++told; });
  ASSERT_EQ(journal.text(), "");
  put("passwd", "bob:x:1001:1001::/home/bob:/bin/sh\n");
  while (told < 1) loop.context().run_one();
  const int before = told;
  put("group", "sre:x:2002:\n");
  while (told == before) loop.context().run_one();
  EXPECT_TRUE(files.changed());
}

TEST_F(AccountsFilesTest, FolderThatCannotBeWatchedIsSaidOnceAndNothingMore) {
  Loop loop;
  FakeJournal journal;
  const FolderWatch watch(loop, root / "missing", journal, [] {});
  EXPECT_EQ(journal.count("cannot be watched"), 1U);
}

}  // namespace
}  // namespace latchkey::latchkeyd
