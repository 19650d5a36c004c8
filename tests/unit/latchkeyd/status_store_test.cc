// SPDX-License-Identifier: Apache-2.0
//
// What is on disk of status lists, also where a daemon died between two of its steps.
#include "daemon/latchkeyd/io/status_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/unit/latchkeyd/fakes.h"

namespace latchkey::latchkeyd {
namespace {

using testing::FakeJournal;
using testing::TempDir;
namespace fs = std::filesystem;

constexpr std::size_t kMost = 64;
constexpr std::size_t kBytesMost = 1'048'576;
constexpr int kLists = 16;  // a folder gives its names in any order

StatusRecord record_of(int list) {
  return {.issuer = "https://id.example.com",
          .uri = "https://status.example.com/" + std::to_string(list),
          .issued_at = WallTime(std::chrono::seconds(1'800'000'000)),
          .fetched_at = WallTime(std::chrono::seconds(1'800'000'060))};
}

class StatusStoreTest : public ::testing::Test {
 protected:
  StatusStoreTest() {
    for (int i = 0; i < kLists; ++i) EXPECT_TRUE(store.put(record_of(i), "token"));
  }
  void settle_all() {
    for (int i = 0; i < kLists; ++i) store.settle(record_of(i).issuer, record_of(i).uri);
  }
  std::vector<fs::path> files() const {
    std::vector<fs::path> all;
    for (const auto& each : fs::directory_iterator(std::string(state.path()) + "/status"))
      all.push_back(each.path());
    return all;
  }

  TempDir state;
  FakeJournal journal;
  StatusStore store{state.path(), journal};
};

TEST_F(StatusStoreTest, ADaemonThatDiedWhileItKeptWhatWasBeforeLosesNothing) {
  settle_all();
  for (const fs::path& file : files())
    fs::create_hard_link(file, file.parent_path() / ("." + file.filename().string() + ".before"));
  StatusStore again(state.path(), journal);
  const auto stored = again.load(kMost, kBytesMost);
  EXPECT_EQ(stored.size(), static_cast<std::size_t>(kLists));
  for (const auto& each : stored) EXPECT_EQ(each.token, "token");
  EXPECT_EQ(files().size(), static_cast<std::size_t>(2 * kLists)) << "and nothing is left behind";
}

TEST_F(StatusStoreTest, WhatIsUndoneIsAsItWasAndWhatWasNotThereIsGone) {
  settle_all();
  StatusRecord newer = record_of(0);
  newer.etag = "\"2\"";
  ASSERT_TRUE(store.put(newer, "newer"));
  store.undo(newer.issuer, newer.uri);
  ASSERT_TRUE(store.put(record_of(kLists), "new"));
  store.undo(record_of(kLists).issuer, record_of(kLists).uri);
  const auto stored = store.load(kMost, kBytesMost);
  EXPECT_EQ(stored.size(), static_cast<std::size_t>(kLists));
  for (const auto& each : stored) {
    EXPECT_EQ(each.token, "token");
    EXPECT_EQ(each.record.etag, "");
  }
}

TEST_F(StatusStoreTest, WhatIsSettledCanBeUndoneNoMore) {
  settle_all();
  StatusRecord newer = record_of(0);
  newer.etag = "\"2\"";
  ASSERT_TRUE(store.put(newer, "newer"));
  store.settle(newer.issuer, newer.uri);
  EXPECT_EQ(files().size(), static_cast<std::size_t>(2 * kLists));
  const auto stored = store.load(kMost, kBytesMost);
  EXPECT_EQ(std::count_if(stored.begin(), stored.end(),
                          [](const auto& each) { return each.token == "newer"; }),
            1);
}

}  // namespace
}  // namespace latchkey::latchkeyd
