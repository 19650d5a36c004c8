// SPDX-License-Identifier: Apache-2.0
//
// The files as they change under the program. Time is told, not waited for.
#include "daemon/namesd/sources.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "core/jose/sha256.h"
#include "ipc/fd.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/namesd/world.h"

namespace latchkey::namesd {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

class SourcesTest : public ::testing::Test {
 protected:
  SourcesTest() {
    put("passwd", testing::kPasswd);
    put("group", testing::kGroup);
  }

  // By rename, as a writer should.
  void put(const std::string& name, const std::string& text, mode_t mode = 0644) const {
    std::ofstream(folder / "fresh") << text;
    ::chmod((folder / "fresh").c_str(), mode);
    std::filesystem::rename(folder / "fresh", folder / name);
  }
  static std::string text(accounts::NamesContent content) {
    return write(accounts::Names::make(std::move(content)).value()).value();
  }
  bool knows_bob() {
    const auto book = sources.book(wall, now);
    return book && book->find_user("bob") != nullptr;
  }
  std::size_t told(const std::string& part) const {
    return static_cast<std::size_t>(
        std::count_if(lines.begin(), lines.end(),
                      [&](const auto& line) { return line.find(part) != std::string::npos; }));
  }

  test::TemporaryFolder folder;
  std::vector<std::string> lines;
  Log log{[this](const std::string& line) { lines.push_back(line); }};
  WallTime wall =
      std::chrono::time_point_cast<WallTime::duration>(std::chrono::system_clock::now());
  Sources::TimePoint now{};
  Sources sources{{.names = folder / "names",
                   .passwd = folder / "passwd",
                   .group = folder / "group",
                   .owner = ""},
                  log};
};

TEST_F(SourcesTest, AHostWithoutANamesFileHasNoNamesAndNothingIsWrong) {
  const auto book = sources.book(wall, now);
  ASSERT_NE(book, nullptr);
  EXPECT_EQ(book->find_user("bob"), nullptr);
  EXPECT_EQ(told("stays in force"), 0U);
}

TEST_F(SourcesTest, AFileThatComesAndIsReplacedTakesEffectAtTheNextQuestion) {
  EXPECT_FALSE(knows_bob());
  put("names", text(testing::content()));
  EXPECT_TRUE(knows_bob());
  auto less = testing::content();
  less.users.erase(less.users.begin());
  less.members = {};
  put("names", text(less));
  EXPECT_FALSE(knows_bob());
}

TEST_F(SourcesTest, TheSameBookIsGivenWhileNothingChanges) {
  put("names", text(testing::content()));
  const auto book = sources.book(wall, now);
  EXPECT_EQ(sources.book(wall, now), book);
}

TEST_F(SourcesTest, ADamagedFileLeavesTheLastGoodOneInForceAndIsNamedOnce) {
  const std::string good = text(testing::content());
  put("names", good);
  EXPECT_TRUE(knows_bob());
  put("names", good.substr(0, good.size() / 2));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(knows_bob());
  now += std::chrono::hours(1);
  EXPECT_TRUE(knows_bob());
  EXPECT_EQ(told("does not end in a line with its digest"), 1U);
  put("names", good);
  EXPECT_TRUE(knows_bob());
  EXPECT_EQ(told("is good again"), 1U);
}

TEST_F(SourcesTest, AFileThatIsNotToBeBelievedIsNone) {
  put("names", text(testing::content()), 0666);
  EXPECT_EQ(sources.book(wall, now), nullptr) << "what it would say is not known";
  EXPECT_EQ(told("may be written by others"), 1U);
  std::filesystem::rename(folder / "names", folder / "elsewhere");
  ::chmod((folder / "elsewhere").c_str(), 0644);
  std::filesystem::create_symlink("elsewhere", folder / "names");
  EXPECT_EQ(sources.book(wall, now), nullptr);
  EXPECT_EQ(told("is a symbolic link"), 1U);
  std::filesystem::remove(folder / "names");
  std::filesystem::create_directory(folder / "names");
  EXPECT_EQ(sources.book(wall, now), nullptr);
  std::filesystem::remove(folder / "names");
  ASSERT_EQ(::mkfifo((folder / "names").c_str(), 0644), 0);
  EXPECT_EQ(sources.book(wall, now), nullptr) << "and nobody waits for a fifo";
}

TEST_F(SourcesTest, AFileThatGoesAwayLeavesWhatItSaid) {
  put("names", text(testing::content()));
  EXPECT_TRUE(knows_bob());
  for (const auto* name : {"names", "passwd", "group"}) std::filesystem::remove(folder / name);
  EXPECT_TRUE(knows_bob());
  EXPECT_EQ(told("stays in force"), 3U);
}

TEST_F(SourcesTest, ADamagedFirstFileIsNoEmptyOne) {
  put("names", "latchkey-names:1\n");
  EXPECT_EQ(sources.book(wall, now), nullptr);
  put("names", text(testing::content()));
  EXPECT_TRUE(knows_bob());
}

TEST_F(SourcesTest, ALineIsNamed) {
  std::string broken = text(testing::content());
  broken = broken.substr(0, broken.find("sha256:")) + "x\n";
  put("names", broken + "sha256:" + jose::sha256_hex(broken).value() + "\n");
  EXPECT_EQ(sources.book(wall, now), nullptr);
  EXPECT_THAT(lines, Contains(HasSubstr("names line 15: \"x\" is no record")));
}

TEST_F(SourcesTest, LocalNamesWinFromTheNextQuestionOn) {
  put("names", text(testing::content()));
  EXPECT_TRUE(knows_bob());
  put("passwd", testing::kPasswd + "bob:x:2001:2001:::\n");
  EXPECT_FALSE(knows_bob());
  EXPECT_THAT(lines, Contains(HasSubstr(R"(local files have the names or ids of "bob")")));
  put("passwd", testing::kPasswd);
  EXPECT_TRUE(knows_bob());
  put("group", testing::kGroup + "x:x:200002:\n");
  EXPECT_FALSE(knows_bob());
}

TEST_F(SourcesTest, NothingIsServedWhileNobodyKnowsWhatIsLocal) {
  std::filesystem::remove(folder / "passwd");
  put("names", text(testing::content()));
  EXPECT_EQ(sources.book(wall, now), nullptr);
  put("passwd", testing::kPasswd);
  EXPECT_TRUE(knows_bob());
}

TEST_F(SourcesTest, AHostWithoutAGroupFileHasNoGroups) {
  std::filesystem::remove(folder / "group");
  put("names", text(testing::content()));
  EXPECT_TRUE(knows_bob());
}

// A second writing in place, within one tick of the kernel's clock for files, shows by no stamp.
// One through a mapping that has been written to already shows by none either.
TEST_F(SourcesTest, AFileThatWasJustWrittenIsReadOnceMore) {
  const std::string first = text(testing::content());
  auto other = testing::content();
  other.users[0].name = "bib";
  for (auto& member : other.members)
    if (member.user == "bob") member.user = "bib";
  const std::string second = text(other);
  ASSERT_EQ(second.size(), first.size());
  put("names", first);
  const ipc::Fd file(::open((folder / "names").c_str(), O_RDWR | O_CLOEXEC));
  void* mapped = ::mmap(nullptr, first.size(), PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  ASSERT_NE(mapped, MAP_FAILED);
  std::memcpy(mapped, first.data(), first.size());
  const FileStamp stamp = stamp_of(folder / "names");
  wall = WallTime(std::chrono::milliseconds(stamp.changed_ns / 1'000'000));
  EXPECT_TRUE(knows_bob());
  std::memcpy(mapped, second.data(), second.size());
  ASSERT_EQ(stamp_of(folder / "names"), stamp);
  now += kStampsSettle - std::chrono::milliseconds(1);
  EXPECT_TRUE(knows_bob());
  now += std::chrono::milliseconds(1);
  wall += kStampsSettle + std::chrono::milliseconds(1);
  EXPECT_FALSE(knows_bob());
  std::memcpy(mapped, first.data(), first.size());
  now += std::chrono::hours(1);
  EXPECT_FALSE(knows_bob()) << "its stamp was two seconds old when it was read";
  ::munmap(mapped, first.size());
}

TEST_F(SourcesTest, TheFileMayBelongToTheUserThatIsNamed) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root gives files away";
  put("names", text(testing::content()));
  ASSERT_EQ(::chown((folder / "names").c_str(), 2000, 2000), 0);
  EXPECT_FALSE(knows_bob());
  Sources owned({.names = folder / "names",
                 .passwd = folder / "passwd",
                 .group = folder / "group",
                 .owner = "local"},
                log);
  EXPECT_NE(owned.book(wall, now), nullptr);
  put("passwd", testing::kPasswd + "other:x:2001:2001:::\n");
  ASSERT_EQ(::chown((folder / "names").c_str(), 2001, 2001), 0);
  Sources wrong({.names = folder / "names",
                 .passwd = folder / "passwd",
                 .group = folder / "group",
                 .owner = "local"},
                log);
  EXPECT_EQ(wrong.book(wall, now), nullptr);
}

}  // namespace
}  // namespace latchkey::namesd
