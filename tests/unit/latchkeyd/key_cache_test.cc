// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/io/key_cache.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/latchkeyd/io/serial_thread.h"
#include "tests/unit/latchkeyd/damaged_file.h"
#include "tests/unit/latchkeyd/fakes.h"

namespace latchkey::latchkeyd {
namespace {

using testing::BadFile;
using testing::read_file;
using testing::write_file;

using testing::FakeJournal;
using ::testing::HasSubstr;
using testing::TempDir;
using testing::TestLoop;
namespace fs = std::filesystem;

StoredKeys keys_of(std::string jwks) {
  return {"https://id.example.com\n",
          "https://id.example.com/keys\n",
          WallTime(std::chrono::milliseconds(1'700'000'000'123)),
          std::chrono::seconds(600),
          "W/\"e \\ 1\"",
          std::move(jwks),
          "Sun, 06 Nov 1994 08:49:37 GMT"};
}

const std::string kJwks = "{\"keys\":[{\"kty\":\"OKP\",\"x\":\"\\u0041\u00fc\"}]}\n";

bool same(const StoredKeys& a, const StoredKeys& b) {
  return a.source == b.source && a.place == b.place && a.fetched_at == b.fetched_at &&
         a.max_age == b.max_age && a.etag == b.etag && a.last_modified == b.last_modified &&
         a.jwks == b.jwks;
}

struct Cache {
  explicit Cache(const std::string& state) : cache(state, disk, journal) {}
  FakeJournal journal;
  TestLoop disk;
  KeyCache cache;
};

std::string file_in(const TempDir& folder) { return folder / "keys/corp.json"; }

TEST(KeyCache, GivesBackWhatWasStoredByteForByte) {
  const TempDir folder;
  Cache writer(folder.path());
  EXPECT_FALSE(writer.cache.load("corp"));
  writer.cache.save("corp", keys_of(kJwks));
  writer.disk.run_ready();
  Cache reader(folder.path());
  const auto loaded = reader.cache.load("corp");
  ASSERT_TRUE(loaded) << reader.journal.text();
  EXPECT_TRUE(same(*loaded, keys_of(kJwks)));
  EXPECT_FALSE(reader.cache.load("other"));
  EXPECT_EQ(reader.journal.text(), "");
  struct stat status {};
  ASSERT_EQ(::stat(file_in(folder).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0600U);
}

TEST(KeyCache, ReplacesWholeAndLeavesNothingBeside) {
  const TempDir folder;
  Cache cache(folder.path());
  cache.cache.save("corp", keys_of(std::string(10'000, 'x')));
  cache.cache.save("corp", keys_of(kJwks));
  cache.disk.run_ready();
  EXPECT_EQ(cache.cache.load("corp")->jwks, kJwks);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder / "keys"), fs::directory_iterator()), 1);
}

TEST(KeyCache, WriterThatWasKilledLeavesTheOldSetAndIsNoObstacle) {
  const TempDir folder;
  Cache cache(folder.path());
  cache.cache.save("corp", keys_of(kJwks));
  cache.disk.run_ready();
  write_file(folder / "keys/.corp.json.new", "half a se");
  EXPECT_TRUE(cache.cache.load("corp"));
  cache.cache.save("corp", keys_of("other"));
  cache.disk.run_ready();
  EXPECT_EQ(cache.cache.load("corp")->jwks, "other");
}

TEST(KeyCache, ConfirmedSetIsYoungerAndElseTheSame) {
  const TempDir folder;
  Cache cache(folder.path());
  cache.cache.save("corp", keys_of(kJwks));
  const WallTime later(std::chrono::seconds(1'800'000'000));
  cache.cache.confirm("corp", later, std::nullopt);
  cache.disk.run_ready();
  const auto loaded = cache.cache.load("corp");
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->fetched_at, later);
  EXPECT_EQ(loaded->max_age, std::nullopt);
  EXPECT_EQ(loaded->jwks, kJwks);
}

// F15: each byte flipped.
TEST(KeyCache, NoFlippedByteIsTakenForASet) {
  const TempDir folder;
  Cache cache(folder.path());
  cache.cache.save("corp", keys_of(kJwks));
  cache.disk.run_ready();
  const std::string good = read_file(file_in(folder));
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const char mask : {'\x01', '\x20', '\x80'}) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ mask);
      write_file(file_in(folder), bad);
      const auto loaded = cache.cache.load("corp");
      // A blank between two members that becomes another blank changes nothing.
      EXPECT_TRUE(!loaded || same(*loaded, keys_of(kJwks))) << "byte " << at;
    }
  }
  EXPECT_GT(cache.journal.count("is ignored"), good.size());
}

// F15: cut at each length.
TEST(KeyCache, NoCutFileIsTakenForASet) {
  const TempDir folder;
  Cache cache(folder.path());
  cache.cache.save("corp", keys_of(kJwks));
  cache.disk.run_ready();
  const std::string good = read_file(file_in(folder));
  const std::size_t whole = good.find_last_of('}') + 1;
  for (std::size_t size = 0; size < whole; ++size) {
    write_file(file_in(folder), std::string_view(good).substr(0, size));
    EXPECT_FALSE(cache.cache.load("corp")) << size << " bytes";
  }
}

class IgnoredFile : public ::testing::TestWithParam<BadFile> {};

// F15: another version, wrong owner, symlink, fifo.
TEST_P(IgnoredFile, IsNamedInTheJournalAndReplacedByTheNextSet) {
  const TempDir folder;
  Cache cache(folder.path());
  cache.cache.save("corp", keys_of(kJwks));
  cache.disk.run_ready();
  GetParam().make(file_in(folder));
  EXPECT_FALSE(cache.cache.load("corp"));
  EXPECT_EQ(cache.journal.count("is ignored"), 1U);
  EXPECT_THAT(cache.journal.text(), HasSubstr(GetParam().want));
  EXPECT_THAT(cache.journal.text(), HasSubstr(file_in(folder)));
  cache.cache.save("corp", keys_of("new"));
  cache.disk.run_ready();
  ASSERT_TRUE(cache.cache.load("corp")) << cache.journal.text();
  EXPECT_EQ(cache.cache.load("corp")->jwks, "new");
}

INSTANTIATE_TEST_SUITE_P(
    KeyCache, IgnoredFile,
    ::testing::Values(
        BadFile{"Empty", [](const std::string& path) { write_file(path, ""); }, "is damaged"},
        BadFile{"AnotherVersion",
                [](const std::string& path) {
                  std::string text = read_file(path);
                  text.replace(text.find("\"version\": 3"), 12, "\"version\": 2");
                  write_file(path, text);
                },
                "unknown version 2"},
        BadFile{"ASymbolicLink",
                [](const std::string& path) {
                  fs::rename(path, path + ".moved");
                  fs::create_symlink(path + ".moved", path);
                },
                "symbolic link"},
        BadFile{"ASymbolicLinkToNothing",
                [](const std::string& path) {
                  fs::remove(path);
                  fs::create_symlink("/nonexistent", path);
                },
                "symbolic link"},
        BadFile{"AFifo",
                [](const std::string& path) {
                  fs::remove(path);
                  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
                },
                "not a plain file"},
        BadFile{"WritableByOthers",
                [](const std::string& path) {
                  fs::permissions(path, fs::perms::group_write, fs::perm_options::add);
                },
                "written by others"},
        BadFile{"WithASecondName",
                [](const std::string& path) { fs::create_hard_link(path, path + ".other"); },
                "more than one name"},
        BadFile{"OfAnotherOwner",
                [](const std::string& path) {
                  // Only root can give a file away; elsewhere the case is that of a file which
                  // cannot be read.
                  if (::chown(path.c_str(), 12'345, static_cast<gid_t>(-1)) != 0)
                    write_file(path, "");
                },
                ""},
        BadFile{"TooBig",
                [](const std::string& path) {
                  write_file(path, "");
                  fs::resize_file(path, 1ULL << 33U);
                },
                "has more than"}),
    [](const auto& file) { return file.param.name; });

TEST(KeyCache, FolderThatIsALinkIsNotUsedAndLoginsGoOn) {
  const TempDir folder;
  const TempDir elsewhere;
  fs::create_symlink(elsewhere.path(), folder / "keys");
  Cache cache(folder.path());
  EXPECT_EQ(cache.journal.count("are not stored"), 1U);
  cache.cache.save("corp", keys_of(kJwks));
  cache.disk.run_ready();
  EXPECT_TRUE(fs::is_empty(elsewhere.path()));
  EXPECT_FALSE(cache.cache.load("corp"));
}

// F14: disk full or read-only.
TEST(KeyCache, SetThatCannotBeWrittenIsNamedInTheJournal) {
  const TempDir folder;
  Cache cache(folder.path());
  fs::remove(folder / "keys");
  cache.cache.save("corp", keys_of(kJwks));
  cache.disk.run_ready();
  EXPECT_EQ(cache.journal.count("could not be stored"), 1U);
}

TEST(KeyCache, WritingThatIsLeftWhenItEndsIsStillDone) {
  const TempDir folder;
  FakeJournal journal;
  {
    SerialThread disk;
    KeyCache cache(folder.path(), disk, journal);
    cache.save("corp", keys_of(kJwks));
    cache.confirm("corp", WallTime(), std::nullopt);
  }
  TestLoop disk;
  EXPECT_TRUE(KeyCache(folder.path(), disk, journal).load("corp"));
}

TEST(KeyCache, NameThatWouldLeaveTheFolderIsNoName) {
  const TempDir folder;
  Cache cache(folder.path());
  for (const char* name : {"../up", "a/b", "", ".", "Corp"}) {
    cache.cache.save(name, keys_of(kJwks));
    cache.disk.run_ready();
    EXPECT_FALSE(cache.cache.load(name)) << name;
  }
  EXPECT_TRUE(fs::is_empty(folder / "keys"));
}

TEST(SerialThread, RunsEverythingInOrderBeforeItEnds) {
  std::vector<int> ran;
  {
    SerialThread thread;
    for (int i = 0; i < 1'000; ++i) thread.post([&ran, i] { ran.push_back(i); });
  }
  ASSERT_EQ(ran.size(), 1'000U);
  EXPECT_TRUE(std::is_sorted(ran.begin(), ran.end()));
}

}  // namespace
}  // namespace latchkey::latchkeyd
