// SPDX-License-Identifier: Apache-2.0
#include "core/revocation/hash_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <vector>

namespace latchkey::revocation {
namespace {

using Model = std::map<std::uint64_t, EndStep>;

constexpr EndStep kFirst = 1'000;
constexpr std::uint64_t kHighest = ~std::uint64_t{0};

Model all_of(const HashTable& table) {
  Model all;
  std::uint64_t before = 0;
  table.each([&](std::uint64_t hash, EndStep end) {
    EXPECT_LT(before, hash) << "not in rising order";
    before = hash;
    all[hash] = end;
  });
  return all;
}

void expect_is(const HashTable& table, const Model& model) {
  EXPECT_EQ(table.size(), model.size());
  EXPECT_EQ(all_of(table), model);
  for (const auto& [hash, end] : model) {
    EXPECT_TRUE(table.contains(hash));
    EXPECT_EQ(table.find(hash), end);
  }
}

TEST(HashTable, KeepsTheLaterOfTwoEnds) {
  HashTable table(4, kFirst);
  EXPECT_TRUE(table.insert(7, kFirst + 5));
  EXPECT_FALSE(table.insert(7, kFirst + 3));
  EXPECT_EQ(table.find(7), kFirst + 5);
  EXPECT_FALSE(table.insert(7, kFirst + 9));
  EXPECT_EQ(table.find(7), kFirst + 9);
  EXPECT_FALSE(table.insert(7));
  EXPECT_EQ(table.find(7), kNoEnd);
  EXPECT_FALSE(table.insert(7, kFirst + 1));
  EXPECT_EQ(table.find(7), kNoEnd);
}

// A byte tells 255 steps apart; what it cannot hold is written as a later end, never an earlier.
TEST(HashTable, WritesNoEndEarlierThanItIs) {
  struct Case {
    EndStep end;
    EndStep want;
  };
  for (const Case& c : std::vector<Case>{{0, kFirst + 1},
                                         {kFirst, kFirst + 1},
                                         {kFirst + 1, kFirst + 1},
                                         {kFirst + 254, kFirst + 254},
                                         {kFirst + 255, kFirst + 255},
                                         {kFirst + 256, kNoEnd},
                                         {kNoEnd - 1, kNoEnd},
                                         {kNoEnd, kNoEnd}}) {
    HashTable table(4, kFirst);
    table.insert(1'000, kFirst + 17);  // so that there are ends
    table.insert(7, c.end);
    EXPECT_EQ(table.find(7), c.want) << c.end;
  }
}

TEST(HashTable, GrowsBeyondWhatItWasMadeFor) {
  for (const std::size_t most : {0U, 1U, 3U}) {
    HashTable table(most, kFirst);
    Model model;
    for (std::uint64_t i = 1; i <= 1'000; ++i) {
      const std::uint64_t hash = i * 0x9E37'79B9'7F4A'7C15U;
      table.insert(hash, kFirst + static_cast<EndStep>(1 + i % 200));
      model[hash] = kFirst + static_cast<EndStep>(1 + i % 200);
    }
    expect_is(table, model);
  }
}

// All hashes share the last places, far more than the tail that the table was made with.
TEST(HashTable, HoldsMoreAtItsEndThanItsTail) {
  HashTable table(5'000, kFirst);
  Model model;
  for (std::uint64_t i = 0; i < 5'000; ++i) {
    table.insert(kHighest - i, kFirst + static_cast<EndStep>(1 + i % 7));
    model[kHighest - i] = kFirst + static_cast<EndStep>(1 + i % 7);
  }
  expect_is(table, model);
  for (std::uint64_t i = 0; i < 5'000; i += 2) {
    EXPECT_TRUE(table.erase(kHighest - i));
    model.erase(kHighest - i);
  }
  expect_is(table, model);
}

TEST(HashTable, IsTheSameInWhateverOrderItWasFilled) {
  std::vector<std::uint64_t> hashes;
  for (std::uint64_t i = 1; i <= 500; ++i) hashes.push_back(i * 0x9E37'79B9'7F4A'7C15U);
  HashTable one(500);
  for (const auto hash : hashes) one.insert(hash);
  std::reverse(hashes.begin(), hashes.end());
  HashTable other(500);
  for (const auto hash : hashes) other.insert(hash);
  EXPECT_EQ(all_of(one), all_of(other));
  EXPECT_EQ(one.bytes(), other.bytes());
}

TEST(HashTable, TakesNoMemoryForEndsThatNobodyHas) {
  HashTable without(100'000, kFirst);
  HashTable with(100'000, kFirst);
  for (std::uint64_t i = 1; i <= 1'000; ++i) {
    without.insert(i << 40);
    with.insert(i << 40, kFirst + 1);
  }
  EXPECT_LE(without.bytes() * 9 / 8, with.bytes());
  EXPECT_LE(without.bytes(), 100'000 * 95 / 10 + 9'000);
}

TEST(HashTable, MergesWhatStaysAndWhatCame) {
  HashTable base(8, kFirst);
  HashTable removed(8, kFirst);
  HashTable added(8, kFirst);
  base.insert(10);              // stays
  base.insert(20);              // removed
  base.insert(30, kFirst + 1);  // has ended
  base.insert(40, kFirst + 2);  // ends later
  base.insert(50, kFirst + 2);  // moves: removed and added
  removed.insert(5);            // is not there
  removed.insert(20);
  removed.insert(50);
  added.insert(15);
  added.insert(50, kFirst + 9);
  added.insert(60, kFirst + 1);  // has ended
  added.insert(kHighest);
  expect_is(HashTable::merged(base, removed, added, kFirst + 1),
            {{10, kNoEnd}, {15, kNoEnd}, {40, kFirst + 2}, {50, kFirst + 9}, {kHighest, kNoEnd}});
  EXPECT_EQ(HashTable::merged(HashTable(), HashTable(), HashTable(), kFirst).size(), 0U);
}

// Few places and hashes close by, so that runs form, touch and break up again.
TEST(HashTable, AgreesWithAMapInAnyOrderOfSteps) {
  std::mt19937_64 random(20'251'128);  // NOLINT(cert-msc51-cpp): the same steps in every run
  for (int run = 0; run < 60; ++run) {
    HashTable table(random() % 64, kFirst);
    Model model;
    const std::uint64_t spread = kHighest / (1 + random() % 90);
    for (int step = 0; step < 600; ++step) {
      // 0 stands for 1.
      const std::uint64_t hash =
          std::max<std::uint64_t>(kHighest - random() % 90 * (random() % 2 == 0 ? spread : 1), 1);
      const auto end = random() % 3 == 0 ? kNoEnd : kFirst + 1 + static_cast<EndStep>(random() % 5);
      const auto known = model.find(hash);
      if (random() % 5 < 3) {
        EXPECT_EQ(table.insert(hash, end), known == model.end());
        auto& its = model.try_emplace(hash, end).first->second;
        its = std::max(its, end);
      } else {
        EXPECT_EQ(table.erase(hash), known != model.end());
        model.erase(hash);
      }
      ASSERT_EQ(table.contains(hash), model.contains(hash));
    }
    expect_is(table, model);
    const HashTable copy = table;
    table.insert(12'345);
    expect_is(copy, model);
  }
}

}  // namespace
}  // namespace latchkey::revocation
