// SPDX-License-Identifier: Apache-2.0
//
// The key keeper over keys that lie on this host: in a file, or in the configuration.
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
  TempDir folder;
  std::string file = folder / "jwks.json";
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
