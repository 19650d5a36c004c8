// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/token_memory.h"

#include <unistd.h>

#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/memory_scan.h"

namespace latchkey::latchkeyd {
namespace {

constexpr std::string_view kSection = "the digest of the issuer's section";

TokenMemory::ConfigPtr config(std::size_t remembered = 160) {
  config::Config config;
  config.remembered_tokens = remembered;
  config.issuers.resize(1);
  config.issuers[0].config.digest = kSection;
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

Verified remembered(const claims::ClaimsRecord& record) {
  return Verified{.claims = claims::ValidatedClaims::recall(record),
                  .generation = 1,
                  .config_digest = std::string(kSection)};
}

Verified verified(std::string subject, std::uint64_t generation = 1) {
  claims::ClaimsRecord record;
  record.subject = std::move(subject);
  Verified verified = remembered(record);
  verified.generation = generation;
  return verified;
}

TEST(TokenMemory, GivesBackWhatWasVerifiedUnderThisConfiguration) {
  TokenMemory memory;
  const auto now = config();
  Verified alice = verified("alice", 7);
  alice.algorithm = jose::Algorithm::es256;
  memory.put(digest(1), now, alice);
  const auto found = memory.find(digest(1), now);
  ASSERT_TRUE(found);
  EXPECT_EQ(*found->claims, *alice.claims);
  EXPECT_EQ(found->issuer, 0U);
  EXPECT_EQ(found->generation, 7U);
  EXPECT_EQ(found->algorithm, jose::Algorithm::es256);
  EXPECT_EQ(found->config_digest, kSection);
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

TEST(TokenMemory, LeavesOutWhatWasNotVerifiedUnderTheConfiguration) {
  TokenMemory memory;
  const auto now = config();
  Verified other = verified("alice");
  other.config_digest = "of another section";
  memory.put(digest(1), now, other);
  other = verified("alice");
  other.issuer = 1;
  memory.put(digest(1), now, other);
  EXPECT_EQ(memory.size(), 0U);
}

// Whoever found it may use it while others come and go.
TEST(TokenMemory, WhatWasFoundIsTheFindersOwn) {
  TokenMemory memory;
  const auto now = config(16);
  memory.put(digest(16), now, verified("alice"));
  const auto found = memory.find(digest(16), now);
  for (std::uint64_t i = 2; i < 100; ++i) memory.put(digest(16 * i), now, verified("bob"));
  EXPECT_EQ(found->claims->subject, "alice");
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

// With so many groups of the size of a GUID, beside claims of common sizes.
Verified with_groups(std::size_t groups) {
  claims::ClaimsRecord record;
  record.issuer = std::string(40, 'i');
  record.subject = std::string(36, 's');
  record.token_digest = std::string(64, 'd');
  record.key_id = std::string(43, 'k');
  record.users = {"alice"};
  record.groups.assign(groups, std::string(36, 'g'));
  return remembered(record);
}

TEST(TokenMemory, RemembersAsMuchAsASlotHoldsAndNotAByteMore) {
  TokenMemory memory;
  const auto now = config();
  const auto holds = [&](std::size_t bytes) {
    memory.put(digest(bytes), now, verified(std::string(bytes, 's')));
    const auto found = memory.find(digest(bytes), now);
    return found && found->claims->subject == std::string(bytes, 's');
  };
  std::size_t most = 0;
  while (holds(most + 1)) ++most;
  EXPECT_GT(most, 1'500U);
  EXPECT_LT(most, kRememberedBytesMost);
  EXPECT_FALSE(holds(most + 2));
  // Side by side, and none reaches into the next.
  const std::string longest(most, 's');
  TokenMemory full;
  for (std::uint64_t i = 1; i <= 10; ++i) full.put(digest(16 * i), now, verified(longest));
  for (std::uint64_t i = 1; i <= 10; ++i) {
    const auto found = full.find(digest(16 * i), now);
    ASSERT_TRUE(found) << i;
    EXPECT_EQ(found->claims->subject, longest) << i;
  }
}

TEST(TokenMemory, ThirtyGroupsNamedByGuidAreNotTooMany) {
  TokenMemory memory;
  const auto now = config();
  for (const auto& [groups, want] : {std::pair{30U, true}, std::pair{60U, false}}) {
    memory.put(digest(groups), now, with_groups(groups));
    EXPECT_EQ(memory.find(digest(groups), now).has_value(), want) << groups;
  }
}

std::size_t resident() {
  std::size_t all = 0;
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> all >> pages;
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

// Measured, not computed: what a memory has taken through which many more have gone than it holds.
TEST(TokenMemory, AnEntryTakesAtMostTwoKilobytes) {
  if (!testing::kMemoryCanBeScanned) GTEST_SKIP() << "the sanitizer's own memory would count";
  constexpr std::size_t kEntries = 16'000;  // 1000 a shard
  const auto now = config(kEntries);
  const Verified one = with_groups(30);
  TokenMemory memory;
  const std::size_t before = resident();
  for (std::uint64_t i = 0; i < 4 * kEntries; ++i) memory.put(digest(i), now, one);
  ASSERT_EQ(memory.size(), kEntries);
  const std::size_t held = resident() - before;
  EXPECT_LE(held / kEntries, kRememberedBytesMost);
  EXPECT_GT(held / kEntries, kRememberedBytesMost * 3 / 4) << "not all of it was looked at";
}

// Against a plain map, with many more tokens than there is room for: what is found is what was put
// last, and a token that was forgotten is never found.
TEST(TokenMemory, NeverGivesOneTokensClaimsForAnothers) {
  TokenMemory memory;
  std::mt19937_64 random(1);  // NOLINT(cert-msc51-cpp): the same steps in every run
  auto now = config(640);
  std::map<std::uint64_t, std::uint64_t> put;  // token -> generation
  std::size_t found = 0;
  for (std::uint64_t step = 1; step < 20'000; ++step) {
    const std::uint64_t token = random() % 1'000;
    switch (random() % 4) {
      case 0:
        memory.put(digest(token), now, verified("s" + std::to_string(token), step));
        put[token] = step;
        break;
      case 1:
        memory.forget(digest(token));
        put.erase(token);
        break;
      default:
        if (const auto known = memory.find(digest(token), now)) {
          ASSERT_TRUE(put.contains(token));
          EXPECT_EQ(known->generation, put[token]);
          EXPECT_EQ(known->claims->subject, "s" + std::to_string(token));
          ++found;
        }
    }
    if (step % 5'000 == 0) {
      now = config(640);
      put.clear();
    }
    ASSERT_LE(memory.size(), 640U);
  }
  EXPECT_GT(found, 3'000U);
}

// A reload for which there is no memory: the entry stays one of the old configuration.
TEST(TokenMemory, NoEntryMovesToAConfigurationForWhichMemoryRanOut) {
  if (!latchkey::testing::kMemoryCanBeScanned)
    GTEST_SKIP() << "a sanitizer ends the program where memory runs out";
  TokenMemory memory;
  const auto now = config();
  memory.put(digest(7), now, verified("s"));
  const auto vast = config(SIZE_MAX);
  EXPECT_ANY_THROW(memory.find(digest(7), vast));
  EXPECT_ANY_THROW(memory.find(digest(7), vast));
  EXPECT_EQ(memory.size(), 1U);
  EXPECT_TRUE(memory.find(digest(7), now));
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
          EXPECT_EQ(found->claims->subject, "s" + std::to_string((i + 1) % 100));
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
