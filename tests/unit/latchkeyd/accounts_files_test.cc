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
  EXPECT_TRUE(files.changed_since(0)) << "nothing was read yet";
  const auto first = files.read();
  ASSERT_TRUE(first) << first.error();
  EXPECT_NE(first->accounts->find_user("alice"), nullptr);
  EXPECT_EQ(first->accounts->find_group("sre"), 2000U);
  EXPECT_FALSE(files.changed_since(first->stamp));
  put("passwd", "alice:x:1000:1000::/home/alice:/bin/sh\nbob:x:1001:1001::/home/bob:/bin/sh\n");
  EXPECT_TRUE(files.changed_since(first->stamp));
  const auto second = files.read();
  EXPECT_NE(second->accounts->find_user("bob"), nullptr);
  EXPECT_FALSE(files.changed_since(second->stamp));
  EXPECT_TRUE(files.changed_since(first->stamp)) << "whoever holds the first has not seen it";
  put("group", "sre:x:2001:\n");
  EXPECT_TRUE(files.changed_since(second->stamp));
}

TEST_F(AccountsFilesTest, SameTextInANewFileOfTheSameSizeIsAChange) {
  const auto read = files.read();
  put("passwd", "alice:x:1001:1000::/home/alice:/bin/sh\n");
  EXPECT_TRUE(files.changed_since(read->stamp));
}

TEST_F(AccountsFilesTest, FilesThatCannotBeReadAreNamedAndStayChangedUntilTheyCanBe) {
  const auto read = files.read();
  fs::remove(root / "etc/passwd");
  EXPECT_TRUE(files.changed_since(read->stamp));
  const auto failed = files.read();
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error(), HasSubstr(root / "etc/passwd"));
  EXPECT_TRUE(files.changed_since(read->stamp));
  put("passwd", "alice:x:1000:1000::/home/alice:/bin/sh\n");
  EXPECT_TRUE(files.read());
}

TEST_F(AccountsFilesTest, MissingGroupFileIsAnEmptyOneAndABadOneIsAnError) {
  fs::remove(root / "etc/group");
  const auto read = files.read();
  ASSERT_TRUE(read) << read.error();
  EXPECT_FALSE(read->accounts->find_group("sre"));
  put("group", "sre:x:2000:\n");
  fs::permissions(root / "etc/group", fs::perms(0666));
  ASSERT_FALSE(files.read());
}

TEST_F(AccountsFilesTest, SourcesOfNamesAreReadAndSeenToChange) {
  const auto none = files.read();
  EXPECT_EQ(none->sources, accounts::NameSwitch());
  EXPECT_TRUE(none->taken->has_user("alice") && none->taken->has_gid(2'000));
  put("nsswitch.conf", "passwd: files sss\n");
  EXPECT_TRUE(files.changed_since(none->stamp));
  const auto some = files.read();
  EXPECT_EQ(some->sources.unknown_source(), "sss");
  EXPECT_EQ(some->unknown, "");
  // Nobody is kept out by them.
  for (const std::string name : {"nsswitch.conf", "subuid", "subgid"}) {
    put(name, "erin:100000:65536\n");
    EXPECT_TRUE(files.read()->unknown.empty());
    fs::permissions(root / ("etc/" + name), fs::perms(0666));
    const auto unsure = files.read();
    ASSERT_TRUE(unsure) << unsure.error();
    EXPECT_THAT(unsure->unknown, HasSubstr(name));
    EXPECT_NE(unsure->accounts->find_user("alice"), nullptr);
    fs::remove(root / ("etc/" + name));
  }
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
}

TEST_F(AccountsFilesTest, FolderThatCannotBeWatchedIsSaidOnceAndNothingMore) {
  Loop loop;
  FakeJournal journal;
  const FolderWatch watch(loop, root / "missing", journal, [] {});
  EXPECT_EQ(journal.count("cannot be watched"), 1U);
}

}  // namespace
}  // namespace latchkey::latchkeyd
