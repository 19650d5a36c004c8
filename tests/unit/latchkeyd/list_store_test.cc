// SPDX-License-Identifier: Apache-2.0
//
// Revocation lists on disk, and files there that are not as we left them.
#include "daemon/latchkeyd/io/list_store.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/jose/sha256.h"
#include "tests/unit/latchkeyd/damaged_file.h"
#include "tests/unit/latchkeyd/fakes.h"

namespace latchkey::latchkeyd {
namespace {

using testing::BadFile;
using testing::FakeJournal;
using testing::read_file;
using testing::TempDir;
using testing::write_file;
namespace fs = std::filesystem;

ListRecord some_record() {
  return {"https://lists.example.com/\"corp\"",
          {42, WallTime(std::chrono::seconds(1'800'000'000))},
          {std::string(64, 'a'), std::string(64, 'b')},
          "https://lists.example.com/list.jwt",
          "W/\"e \\ 1\"",
          "Sun, 06 Nov 1994 08:49:37 GMT"};
}

std::string digest(const std::string& bytes) { return *jose::sha256_hex(bytes); }

TEST(ListStore, GivesBackWhatWasCommitted) {
  const TempDir folder;
  FakeJournal journal;
  {
    ListStore store(folder.path(), journal);
    EXPECT_FALSE(store.load("fleet"));
    ASSERT_TRUE(store.put("fleet", digest("chunk"), "chunk"));
    ASSERT_TRUE(store.commit("fleet", some_record(), {digest("chunk")}));
  }
  ListStore store(folder.path(), journal);
  EXPECT_EQ(store.load("fleet"), some_record());
  EXPECT_EQ(store.read("fleet", digest("chunk"), 5), "chunk");
  EXPECT_TRUE(store.holds("fleet", digest("chunk"), 5));
  EXPECT_FALSE(store.holds("fleet", digest("chunk"), 4));
  EXPECT_EQ(journal.text(), "");
  struct stat status {};
  ASSERT_EQ(::stat((folder / "lists/fleet").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0700U);
}

TEST(ListStore, ACommitRemovesWhatNobodyNames) {
  const TempDir folder;
  FakeJournal journal;
  ListStore store(folder.path(), journal);
  ASSERT_TRUE(store.put("fleet", digest("old"), "old"));
  ASSERT_TRUE(store.put("fleet", digest("new"), "new"));
  auto record = some_record();
  record.trail = {digest("manifest")};
  ASSERT_TRUE(store.put("fleet", digest("manifest"), "manifest"));
  ASSERT_TRUE(store.commit("fleet", record, {digest("new")}));
  EXPECT_FALSE(store.holds("fleet", digest("old"), 3));
  EXPECT_TRUE(store.holds("fleet", digest("new"), 3));
  EXPECT_TRUE(store.holds("fleet", digest("manifest"), 8));
}

TEST(ListStore, NamesThatCouldLeadElsewhereAreNone) {
  const TempDir folder;
  FakeJournal journal;
  ListStore store(folder.path(), journal);
  EXPECT_FALSE(store.put("..", digest("x"), "x"));
  EXPECT_FALSE(store.put("fleet", "../../x", "x"));
  EXPECT_FALSE(store.load("../fleet"));
  EXPECT_FALSE(store.read("fleet", "record.json", 100));
}

TEST(ListStore, ADamagedFileIsRemovedAndSaid) {
  const TempDir folder;
  FakeJournal journal;
  ListStore store(folder.path(), journal);
  const std::string path = folder / ("lists/fleet/" + digest("chunk"));
  const std::string other = folder / "other";
  write_file(other, "chunk");
  const std::vector<BadFile> cases = {
      {"another content", [](const std::string& at) { write_file(at, "chunX"); }, "is damaged"},
      {"longer", [](const std::string& at) { write_file(at, "chunk and more"); }, ""},
      {"empty", [](const std::string& at) { write_file(at, ""); }, ""},
      {"a link", [&](const std::string& at) { fs::create_symlink(other, at); }, ""},
      {"a second name", [&](const std::string& at) { fs::create_hard_link(other, at); }, ""},
      {"open for others",
       [](const std::string& at) {
         write_file(at, "chunk");
         fs::permissions(at, fs::perms(0666));
       },
       ""},
  };
  ASSERT_TRUE(store.put("fleet", digest("chunk"), "chunk"));
  for (const BadFile& each : cases) {
    fs::remove(path);
    each.make(path);
    const auto read = store.read("fleet", digest("chunk"), 5);
    ASSERT_FALSE(read) << each.name;
    EXPECT_NE(read.error().find(each.want), std::string::npos) << each.name << read.error();
    EXPECT_FALSE(fs::exists(fs::symlink_status(path))) << each.name;
    ASSERT_TRUE(store.put("fleet", digest("chunk"), "chunk")) << each.name;
    EXPECT_EQ(store.read("fleet", digest("chunk"), 5), "chunk") << each.name;
  }
  EXPECT_EQ(read_file(other), "chunk");
}

TEST(ListStore, ADamagedRecordIsIgnoredAndSaid) {
  const std::string good = encode_list_record(some_record());
  ASSERT_EQ(decode_list_record(good), some_record());
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    const auto read = decode_list_record(bad);
    EXPECT_TRUE(!read || *read == some_record()) << bad;
    EXPECT_FALSE(decode_list_record(good.substr(0, at)) && at + 1 < good.size()) << at;
  }
  const TempDir folder;
  FakeJournal journal;
  ListStore store(folder.path(), journal);
  ASSERT_TRUE(store.commit("fleet", some_record(), {}));
  const std::string path = folder / "lists/fleet/record.json";
  write_file(path, good.substr(0, 40));
  EXPECT_FALSE(store.load("fleet"));
  EXPECT_EQ(journal.count("what is stored of a revocation list is ignored"), 1U);
  ASSERT_TRUE(store.commit("fleet", some_record(), {}));
  EXPECT_TRUE(store.load("fleet"));
}

TEST(ListStore, AFolderThatIsNotOursStoresNothing) {
  const TempDir folder;
  FakeJournal journal;
  fs::create_directory(folder / "elsewhere");
  fs::create_symlink(folder / "elsewhere", folder / "lists");
  ListStore store(folder.path(), journal);
  EXPECT_EQ(journal.count("revocation lists are not stored"), 1U);
  EXPECT_FALSE(store.put("fleet", digest("x"), "x"));
  EXPECT_FALSE(store.commit("fleet", some_record(), {}));
  EXPECT_TRUE(fs::is_empty(folder / "elsewhere"));
}

}  // namespace
}  // namespace latchkey::latchkeyd
