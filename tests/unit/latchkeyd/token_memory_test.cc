// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/token_memory.h"

#include <malloc.h>

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace latchkey::latchkeyd {
namespace {

TokenMemory::ConfigPtr config(std::size_t remembered = 160) {
  config::Config config;
  config.remembered_tokens = remembered;
  return std::make_shared<const config::Config>(std::move(config));
}

// A digest for each number, spread over shards and buckets.
jose::TokenDigest digest(std::uint64_t number) {
  jose::TokenDigest digest;
  for (std::size_t i = 0; i < 8; ++i) {
    digest.bytes[i] = static_cast<std::uint8_t>(number >> (8 * i));
    digest.bytes[8 + i] = static_cast<std::uint8_t>((number * 0x9E37'79B9'7F4A'7C15U) >> (8 * i));
  }
  return digest;
}

Verified verified(std::string subject, std::uint64_t generation = 1) {
  claims::ClaimsRecord record;
  record.subject = std::move(subject);
  return Verified{.claims = std::make_shared<const claims::ValidatedClaims>(
                      claims::ValidatedClaims::recall(std::move(record))),
                  .issuer = 0,
                  .generation = generation};
}

TEST(TokenMemory, GivesBackWhatWasVerifiedUnderThisConfiguration) {
  TokenMemory memory;
  const auto now = config();
  memory.put(digest(1), now, verified("alice", 7));
  const auto found = memory.find(digest(1), now);
  ASSERT_TRUE(found);
  EXPECT_EQ((*found->claims)->subject, "alice");
  EXPECT_EQ(found->generation, 7U);
  EXPECT_FALSE(memory.find(digest(2), now));
}

TEST(TokenMemory, ForgetsWithTheConfiguration) {
  TokenMemory memory;
  const auto old = config();
  memory.put(digest(1), old, verified("alice"));
  EXPECT_FALSE(memory.find(digest(1), config())) << "even one that says the same";
  EXPECT_FALSE(memory.find(digest(1), old)) << "and for good";
  EXPECT_EQ(memory.size(), 0U);
}

TEST(TokenMemory, ForgetsWhenTold) {
  TokenMemory memory;
  const auto now = config();
  memory.put(digest(1), now, verified("alice"));
  memory.forget(digest(2));
  EXPECT_TRUE(memory.find(digest(1), now));
  memory.forget(digest(1));
  EXPECT_FALSE(memory.find(digest(1), now));
}

TEST(TokenMemory, TheSameTokenTakesOnePlace) {
  TokenMemory memory;
  const auto now = config();
  memory.put(digest(1), now, verified("alice", 1));
  memory.put(digest(1), now, verified("alice", 2));
  EXPECT_EQ(memory.size(), 1U);
  EXPECT_EQ(memory.find(digest(1), now)->generation, 2U);
}

TEST(TokenMemory, StaysWithinItsBounds) {
  TokenMemory memory;
  const auto now = config(160);  // 10 a shard
  for (std::uint64_t i = 0; i < 10'000; ++i) memory.put(digest(i), now, verified("s"));
  EXPECT_EQ(memory.size(), 160U);
}

TEST(TokenMemory, KeepsWhatIsUsedAndForgetsWhatIsNot) {
  TokenMemory memory;
  const auto now = config(160);
  memory.put(digest(0), now, verified("used"));
  for (std::uint64_t i = 1; i < 2'000; ++i) {
    memory.put(digest(i), now, verified("s"));
    ASSERT_TRUE(memory.find(digest(0), now)) << i;
  }
  EXPECT_FALSE(memory.find(digest(1), now));
}

TEST(TokenMemory, EntriesOfAnOldConfigurationMakeRoomFirst) {
  TokenMemory memory;
  const auto old = config(16);
  const auto now = config(16);  // 1 a shard
  memory.put(digest(0), old, verified("old"));
  memory.put(digest(16), now, verified("new"));
  EXPECT_TRUE(memory.find(digest(16), now));
  EXPECT_EQ(memory.size(), 1U);
}

TEST(TokenMemory, ASmallerConfigurationShrinksIt) {
  TokenMemory memory;
  const auto large = config(160);
  for (std::uint64_t i = 0; i < 160; ++i) memory.put(digest(i), large, verified("s"));
  const auto small = config(32);
  for (std::uint64_t i = 0; i < 1'000; ++i) memory.put(digest(1'000 + i), small, verified("s"));
  EXPECT_EQ(memory.size(), 32U);
}

TEST(TokenMemory, RemembersNothingWhereItIsSwitchedOff) {
  TokenMemory memory;
  const auto none = config(0);
  memory.put(digest(1), none, verified("alice"));
  EXPECT_FALSE(memory.find(digest(1), none));
}

TEST(TokenMemory, LeavesOutClaimsThatAreTooLong) {
  TokenMemory memory;
  const auto now = config();
  memory.put(digest(1), now, verified(std::string(kRememberedBytesMost, 'x')));
  EXPECT_FALSE(memory.find(digest(1), now));
}

// The longest claims that are remembered: each string is one that lies outside of its object.
Verified largest(std::uint64_t number) {
  claims::ClaimsRecord record;
  record.issuer = std::string(40, 'i');
  record.subject = std::string(36, 's') + std::to_string(number);
  record.token_digest = std::string(64, 'd');
  record.key_id = std::string(43, 'k');
  record.users = {"alice"};
  record.groups.assign(15, std::string(20, 'g'));
  return Verified{.claims = std::make_shared<const claims::ValidatedClaims>(
                      claims::ValidatedClaims::recall(std::move(record))),
                  .generation = 1,
                  .config_digest = std::string(64, 'c')};
}

bool is_remembered(std::size_t groups, std::size_t group_size) {
  TokenMemory memory;
  const auto now = config();
  Verified one = largest(0);
  claims::ClaimsRecord record = **one.claims;
  record.groups.assign(groups, std::string(group_size, 'g'));
  one.claims = std::make_shared<const claims::ValidatedClaims>(
      claims::ValidatedClaims::recall(std::move(record)));
  memory.put(digest(1), now, one);
  return memory.size() == 1;
}

TEST(TokenMemory, ManyShortValuesCountWithWhatEachOfThemTakes) {
  EXPECT_TRUE(is_remembered(12, 20));
  EXPECT_FALSE(is_remembered(40, 20)) << "800 bytes of text, and far more around them";
  EXPECT_FALSE(is_remembered(60, 1)) << "60 bytes of text";
}

// Measured, not computed: what the allocator handed out for a full memory.
TEST(TokenMemory, AnEntryTakesAtMostTwoKilobytes) {
  constexpr std::size_t kEntries = 3'200;  // 200 a shard
  const auto now = config(kEntries);
  const std::size_t before = ::mallinfo2().uordblks + ::mallinfo2().hblkhd;
  TokenMemory memory;
  for (std::uint64_t i = 0; i < kEntries; ++i) memory.put(digest(i), now, largest(i));
  ASSERT_EQ(memory.size(), kEntries);
  const std::size_t held = ::mallinfo2().uordblks + ::mallinfo2().hblkhd - before;
  if (held == 0) GTEST_SKIP() << "the allocator of this build does not tell what it handed out";
  EXPECT_LE(held / kEntries, kRememberedBytesMost);
  EXPECT_GT(held / kEntries, kRememberedBytesMost * 3 / 4) << "these are not the largest ones";
}

TEST(TokenMemory, IsSharedByThreads) {
  TokenMemory memory;
  const auto now = config(64);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      for (std::uint64_t i = 0; i < 500; ++i) {
        memory.put(digest(i % 100), now, verified("s" + std::to_string(i % 100)));
        const auto found = memory.find(digest((i + 1) % 100), now);
        if (found) {
          EXPECT_EQ((*found->claims)->subject, "s" + std::to_string((i + 1) % 100));
        }
        if (i % 7 == 0) memory.forget(digest(i % 100));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(memory.size(), 64U);
}

}  // namespace
}  // namespace latchkey::latchkeyd
