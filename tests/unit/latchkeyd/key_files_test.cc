// SPDX-License-Identifier: Apache-2.0
//
// The key keeper over keys that lie on this host: in a file, or in the configuration.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/latchkeyd/service/control_records.h"
#include "files/plain_file.h"
#include "ipc/fd.h"
#include "tests/unit/latchkeyd/key_keeper_host.h"

namespace latchkey::latchkeyd {
namespace {

using key_keeper_test::KeyKeeperTest;
using std::chrono::hours;
using std::chrono::seconds;
using testing::config_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::issuer_config;
using testing::kKeysOne;
using testing::kKeysTwo;
using testing::TempDir;

class KeyFileTest : public KeyKeeperTest {
 protected:
  void write(const std::string& text) {
    std::ofstream(file) << text;
    std::filesystem::permissions(file, std::filesystem::perms(0644));
  }
  std::vector<IssuerKeys> configure() {
    auto corp = issuer_config("corp");
    corp.jwks_file = file;
    return keeper().configure(config_of({corp}));
  }
  WallTime file_changed_at() const {
    return WallTime(std::chrono::milliseconds(stamp_of(file).changed_ns / 1'000'000));
  }
  void set_clock_to(WallTime time) { clock.jump(time - clock.wall()); }
  TempDir folder;
  std::string file = folder / "jwks.json";
};

// No test can write twice in one tick for certain. Writing to a page that is mapped and written to
// already leaves the stamp as it is, too, for as long as the kernel does not take the page to disk.
class Mapped {
 public:
  static constexpr std::size_t kSize = 1'024;
  Mapped(const std::string& file, const std::string& text) {
    const ipc::Fd open(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    EXPECT_EQ(::ftruncate(open.get(), kSize), 0);
    memory_ = static_cast<char*>(
        ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED, open.get(), 0));
    put(text);
  }
  Mapped(const Mapped&) = delete;
  Mapped& operator=(const Mapped&) = delete;
  ~Mapped() { ::munmap(memory_, kSize); }
  void put(std::string text) {
    text.resize(kSize, ' ');
    std::memcpy(memory_, text.data(), kSize);
  }

 private:
  char* memory_ = nullptr;
};

TEST_F(KeyFileTest, KeysFromAFileAreThereAtOnceAndNothingIsFetched) {
  write(kKeysOne);
  const auto keys = configure();
  ASSERT_NE(keys[0].keys, nullptr);
  EXPECT_EQ(state().origin, KeyState::Origin::file);
  ASSERT_NE(state().document, nullptr);
  EXPECT_EQ(*state().document, kKeysOne);
  clock.advance(hours(48));
  keeper().tick();
  EXPECT_TRUE(fetcher.requests.empty());
  EXPECT_TRUE(published.empty()) << "the file is the same";
}

TEST_F(KeyFileTest, ChangedFileIsReadAtTheNextLookAndForAnUnknownKeyAtOnce) {
  write(kKeysOne);
  configure();
  write(kKeysTwo);
  request(state().keys.generation);
  EXPECT_THAT(outcomes, ElementsAre(KeysOutcome::newer));
  EXPECT_EQ(kid(), "two");
  write(kKeysOne + " ");
  clock.advance(seconds(30));
  keeper().tick();
  EXPECT_EQ(kid(), "one");
  request(state().keys.generation);
  EXPECT_EQ(outcomes.back(), KeysOutcome::unchanged);
}

// What the watch of the folder leads to.
TEST_F(KeyFileTest, ChangedFileIsReadAsSoonAsSomethingHappensInItsFolder) {
  write(kKeysOne);
  configure();
  keeper().look_at_files();
  EXPECT_TRUE(published.empty()) << "another file's event";
  write(kKeysTwo);
  keeper().look_at_files();
  ASSERT_EQ(published.size(), 1U);
  EXPECT_EQ(kid(), "two");
}

// Both writings fall into one tick of the clock that stamps files: the file looks as it did.
TEST_F(KeyFileTest, FileThatWasWrittenAMomentAgoIsReadAgainThoughItLooksTheSame) {
  Mapped mapped(file, kKeysOne);
  set_clock_to(file_changed_at());
  configure();
  const FileStamp stamp = stamp_of(file);
  mapped.put(kKeysTwo);
  ASSERT_EQ(stamp_of(file), stamp);
  keeper().look_at_files();
  EXPECT_TRUE(published.empty()) << "an unknown key id must not have it read each time";
  clock.advance(seconds(3));
  keeper().tick();
  ASSERT_EQ(published.size(), 1U);
  EXPECT_EQ(kid(), "two");
  clock.advance(seconds(30));
  mapped.put(kKeysOne);
  keeper().tick();
  EXPECT_EQ(published.size(), 1U) << "its stamp was two seconds old when it was read";
}

TEST_F(KeyFileTest, FileThatIsWrittenTwiceAtOnceIsReadTwiceWhereItsStampTells) {
  write(kKeysOne);
  set_clock_to(file_changed_at());
  configure();
  write(kKeysTwo + " ");
  keeper().look_at_files();
  ASSERT_EQ(published.size(), 1U) << "the wait is for what cannot be told, only";
  EXPECT_EQ(kid(), "two");
}

TEST(Stamps, SettleTwoSecondsFromTheTimesThatTheyHold) {
  const auto stamp = [](std::int64_t modified_ms, std::int64_t changed_ms) {
    return FileStamp{1, 2, 3, modified_ms * 1'000'000, changed_ms * 1'000'000};
  };
  const WallTime now(std::chrono::milliseconds(1'800'000'000'000));
  const std::int64_t at = 1'800'000'000'000;
  EXPECT_TRUE(settled(stamp(at - 2'000, at - 2'000), now));
  EXPECT_FALSE(settled(stamp(at - 9'000, at - 1'999), now));
  EXPECT_FALSE(settled(stamp(at - 1'999, at - 9'000), now));
  EXPECT_FALSE(settled(stamp(at + 1'999, at - 9'000), now));
  EXPECT_TRUE(settled(stamp(at + 2'000, at - 9'000), now)) << "a date ahead, not a clock's tick";
  EXPECT_TRUE(settled(FileStamp{}, now)) << "no file: any that comes looks otherwise";
}

TEST_F(KeyFileTest, BadFileLeavesTheLastGoodSetAndSaysWhy) {
  write(kKeysOne);
  configure();
  write("nonsense");
  clock.advance(seconds(30));
  keeper().tick();
  EXPECT_TRUE(published.empty());
  EXPECT_NE(state().keys.keys, nullptr);
  ASSERT_TRUE(state().last_error);
  EXPECT_THAT(*state().last_error, HasSubstr(file));
  std::filesystem::remove(file);
  clock.advance(seconds(30));
  keeper().tick();
  EXPECT_THAT(*state().last_error, HasSubstr("No such file"));
  write(kKeysTwo);
  clock.advance(seconds(30));
  keeper().tick();
  EXPECT_EQ(kid(), "two");
  EXPECT_FALSE(state().last_error);
}

TEST_F(KeyFileTest, LastGoodSetOfAFileThatIsGoneServesNoLongerThanThatOfAProviderThatIsAway) {
  write(kKeysOne);
  const auto generation = configure()[0].generation;
  std::filesystem::remove(file);
  clock.advance(seconds(30));
  keeper().tick();
  clock.advance(issuer_config("corp").max_stale - seconds(1));
  keeper().tick();
  EXPECT_TRUE(published.empty());
  clock.advance(seconds(30));
  keeper().tick();
  ASSERT_EQ(published.size(), 1U);
  EXPECT_EQ(kid(), "none");
  EXPECT_GT(published.back()[0].generation, generation);
  EXPECT_EQ(state().document, nullptr);
}

TEST_F(KeyFileTest, KeysOfAFileThatIsGoneAreStaleAtOnceAndUntilWhenIsTold) {
  write(kKeysOne);
  configure();
  auto config = issuer_config("corp");
  config.jwks_file = file;
  const auto told = [&] { return issuer_status(config, state(), {clock.wall(), clock.steady()}); };
  EXPECT_EQ(told().freshness, "fresh");
  EXPECT_FALSE(told().serves_until);
  std::filesystem::remove(file);
  keeper().look_at_files();
  const WallTime gone = clock.wall();
  EXPECT_EQ(told().freshness, "stale");
  EXPECT_FALSE(told().stale) << "they still serve";
  EXPECT_EQ(told().serves_until, gone + config.max_stale);
  EXPECT_TRUE(told().last_error);
  clock.advance(seconds(30));
  keeper().tick();
  EXPECT_EQ(told().serves_until, gone + config.max_stale) << "nothing prolongs it";
  write(kKeysTwo);
  clock.advance(seconds(30));
  keeper().tick();
  EXPECT_EQ(told().freshness, "fresh");
  EXPECT_FALSE(told().serves_until);
  std::filesystem::remove(file);
  keeper().look_at_files();
  clock.advance(config.max_stale);
  keeper().tick();
  EXPECT_EQ(told().freshness, "none");
  EXPECT_TRUE(told().stale);
  EXPECT_FALSE(told().serves_until);
}

TEST_F(KeyFileTest, ReloadReadsTheFileAndLeavesTheSameKeysTheirGeneration) {
  write(kKeysOne);
  const auto generation = configure()[0].generation;
  EXPECT_FALSE(keeper().read_files_again());
  EXPECT_EQ(state().keys.generation, generation);
  write(kKeysTwo);
  ASSERT_TRUE(keeper().read_files_again());
  EXPECT_EQ(kid(), "two");
}

TEST_F(KeyFileTest, FileThatOthersMayWriteToIsRefused) {
  write(kKeysOne);
  std::filesystem::permissions(file, std::filesystem::perms(0666));
  EXPECT_EQ(configure()[0].keys, nullptr);
  EXPECT_THAT(*state().last_error, HasSubstr("may be written by others"));
}

class InlineKeysTest : public KeyKeeperTest {
 protected:
  std::vector<IssuerKeys> configure(const std::string& document) {
    auto corp = issuer_config("corp");
    corp.discovery_url.clear();
    corp.keys.document = document;
    return keeper().configure(config_of({corp}));
  }
};

TEST_F(InlineKeysTest, AreThereAtOnceNeverStaleAndNothingIsFetched) {
  const auto keys = configure(kKeysOne);
  ASSERT_NE(keys[0].keys, nullptr);
  EXPECT_EQ(state().origin, KeyState::Origin::configuration);
  EXPECT_EQ(*state().document, kKeysOne);
  clock.advance(hours(24 * 400));
  keeper().tick();
  request(state().keys.generation);
  EXPECT_THAT(outcomes, ElementsAre(KeysOutcome::unchanged));
  EXPECT_TRUE(fetcher.requests.empty());
  EXPECT_TRUE(published.empty());
  EXPECT_TRUE(storage.stored.empty());
}

TEST_F(InlineKeysTest, OfAnotherConfigurationReplaceThoseBefore) {
  const auto before = configure(kKeysOne)[0].generation;
  const auto same = configure(kKeysOne);
  EXPECT_EQ(same[0].generation, before);
  const auto after = configure(kKeysTwo);
  EXPECT_EQ(after[0].keys->keys().front().kid(), "two");
  EXPECT_GT(after[0].generation, before);
}

}  // namespace
}  // namespace latchkey::latchkeyd
