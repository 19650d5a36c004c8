// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/io/folder_watches.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/unit/latchkeyd/fakes.h"

namespace latchkey::latchkeyd {
namespace {

class FolderWatchesTest : public ::testing::Test {
 protected:
  void put(const std::string& path) { std::ofstream(root / path) << "x"; }
  void wait_for_more_than(int before) {
    while (told <= before) loop.context().run_one();
  }

  testing::TempDir root;
  testing::FakeJournal journal;
  Loop loop;
  int told = 0;
  FolderWatches watches{loop, journal, [this] { ++told; }, std::chrono::milliseconds(1)};
};

TEST_F(FolderWatchesTest, TellOfEveryFolderAndGoOnWithThoseThatStay) {
  std::filesystem::create_directories(root / "a");
  std::filesystem::create_directories(root / "b");
  watches.watch({root / "a", root / "b"});
  put("a/keys.json");
  wait_for_more_than(0);
  int before = told;
  put("b/keys.json");
  wait_for_more_than(before);

  watches.watch({root / "b"});
  loop.context().poll();
  before = told;
  put("a/keys.json");
  loop.context().poll();
  EXPECT_EQ(told, before) << "nobody asks for that one any more";
  put("b/keys.json");
  wait_for_more_than(before);
  EXPECT_EQ(journal.text(), "");
}

// As a ConfigMap is mounted: the file is a link, and what is swapped is a folder.
TEST_F(FolderWatchesTest, TellOfALinkThatIsSwapped) {
  std::filesystem::create_directories(root / "keys/..1");
  std::filesystem::create_directories(root / "keys/..2");
  std::filesystem::create_symlink("..1", root / "keys/..data");
  watches.watch({root / "keys"});
  std::filesystem::create_symlink("..2", root / "keys/..new");
  wait_for_more_than(0);
  loop.context().poll();
  const int before = told;  // of the new link, which nobody reads yet
  std::filesystem::rename(root / "keys/..new", root / "keys/..data");
  wait_for_more_than(before);
}

// Written elsewhere and put in place whole: the one event is that of its arrival.
TEST_F(FolderWatchesTest, TellOfWhatIsMovedIn) {
  std::filesystem::create_directories(root / "keys");
  put("keys.json");
  watches.watch({root / "keys"});
  std::filesystem::rename(root / "keys.json", root / "keys/keys.json");
  wait_for_more_than(0);
}

TEST_F(FolderWatchesTest, TellThatAFolderWasRenamedOrRemovedAndWatchWhateverHasItsPathNext) {
  std::filesystem::create_directories(root / "keys");
  watches.watch({root / "keys"});
  std::filesystem::rename(root / "keys", root / "away");
  wait_for_more_than(0);

  int before = told;
  std::filesystem::create_directories(root / "keys");
  wait_for_more_than(before);
  before = told;
  put("keys/keys.json");
  wait_for_more_than(before);
  loop.context().poll();

  before = told;
  std::filesystem::remove_all(root / "keys");
  wait_for_more_than(before);
  loop.context().poll();
  before = told;
  std::filesystem::rename(root / "away", root / "keys");
  wait_for_more_than(before);
  before = told;
  put("keys/more.json");
  wait_for_more_than(before);
}

// As a deployment does it: the new folder takes the place of the old one in one step, or in two.
TEST_F(FolderWatchesTest, GoOnWithAFolderThatTookThePlaceOfTheOldOne) {
  std::filesystem::create_directories(root / "keys");
  std::filesystem::create_directories(root / "next");
  watches.watch({root / "keys"});
  std::filesystem::rename(root / "keys", root / "old");
  std::filesystem::rename(root / "next", root / "keys");
  wait_for_more_than(0);
  const int before = told;
  put("keys/keys.json");
  wait_for_more_than(before);
}

TEST_F(FolderWatchesTest, WatchAFolderThatComesLater) {
  watches.watch({root / "keys"});
  std::filesystem::create_directories(root / "keys");
  wait_for_more_than(0);
  const int before = told;
  put("keys/keys.json");
  wait_for_more_than(before);
  EXPECT_EQ(journal.count("cannot be watched"), 1U);
}

TEST_F(FolderWatchesTest, SayWhichFolderIsNotThereAndWatchTheOthers) {
  std::filesystem::create_directories(root / "a");
  watches.watch({root / "a", root / "missing"});
  EXPECT_EQ(journal.count("cannot be watched"), 1U);
  put("a/keys.json");
  wait_for_more_than(0);
}

}  // namespace
}  // namespace latchkey::latchkeyd
