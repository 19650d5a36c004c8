// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/tag_table.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <vector>

namespace latchkey::latchkeyd {
namespace {

// A table beside what it is to say: which hash lies at which place. Two entries may have one hash.
class Modelled {
 public:
  explicit Modelled(std::size_t most) : most_(most), table_(most), at_(table_.places()) {}

  std::size_t size() const { return entries_.size(); }
  bool full() const { return entries_.size() == most_; }
  const TagTable& table() const { return table_; }

  void insert(std::uint64_t id, std::uint64_t hash) {
    const std::size_t place = table_.insert(hash);
    ASSERT_LT(place, at_.size());
    ASSERT_FALSE(at_[place]) << "it was taken";
    at_[place] = id;
    entries_[id] = hash;
  }

  void erase(std::uint64_t id) {
    const auto place = find(id, entries_.at(id));
    ASSERT_TRUE(place);
    table_.erase(*place, entries_.at(id));
    at_[*place].reset();
    entries_.erase(id);
  }

  std::optional<std::size_t> find(std::uint64_t id, std::uint64_t hash) const {
    return table_.find(hash, [&](std::size_t place) {
      EXPECT_TRUE(at_[place]) << "a free place is asked about";
      return at_[place] == id;
    });
  }

  void expect_agreement() const {
    ASSERT_EQ(table_.size(), entries_.size());
    for (const auto& [id, hash] : entries_) ASSERT_TRUE(find(id, hash)) << id;
    std::size_t taken = 0;
    for (std::size_t place = 0; place < table_.places(); ++place) {
      ASSERT_EQ(table_.taken(place), at_[place].has_value()) << place;
      if (table_.taken(place)) ++taken;
    }
    ASSERT_EQ(taken, entries_.size());
  }

  std::uint64_t any(std::mt19937_64& random) const {
    auto it = entries_.begin();
    std::advance(it, static_cast<std::ptrdiff_t>(random() % entries_.size()));
    return it->first;
  }

 private:
  std::size_t most_;
  TagTable table_;
  std::vector<std::optional<std::uint64_t>> at_;
  std::map<std::uint64_t, std::uint64_t> entries_;
};

// `hash_of` says how unlucky the entries are.
template <typename HashOf>
void compare_with_a_map(std::size_t most, const HashOf& hash_of) {
  std::mt19937_64 random(most);  // NOLINT(cert-msc51-cpp): the same steps in every run
  Modelled modelled(most);
  for (std::uint64_t id = 0; id < 20 * most + 200; ++id) {
    while (modelled.full() || (modelled.size() > 0 && random() % 3 == 0))
      modelled.erase(modelled.any(random));
    modelled.insert(id, hash_of(random()));
    EXPECT_FALSE(modelled.find(id + 1, hash_of(random())));
    if (id % most == 0) modelled.expect_agreement();
  }
  modelled.expect_agreement();
  while (modelled.size() > 0) modelled.erase(modelled.any(random));
  modelled.expect_agreement();
}

TEST(TagTable, AgreesWithAMap) {
  for (const std::size_t most : {1U, 2U, 27U, 28U, 29U, 62U, 63U, 500U})
    compare_with_a_map(most, [](std::uint64_t chance) { return chance; });
}

TEST(TagTable, AgreesWithAMapWhereAllBelongToTheFirstChunk) {
  for (const std::size_t most : {28U, 100U, 300U})
    compare_with_a_map(most, [](std::uint64_t chance) { return chance & 0xFFFF; });
}

TEST(TagTable, AgreesWithAMapWhereAllBelongToTheLastChunkAndGoOnToTheFirst) {
  for (const std::size_t most : {28U, 100U, 300U})
    compare_with_a_map(most, [](std::uint64_t chance) { return ~(chance & 0xFFFF); });
}

TEST(TagTable, AgreesWithAMapWhereAllHaveOneHash) {
  for (const std::uint64_t hash : {std::uint64_t{0}, ~std::uint64_t{0}, std::uint64_t{1} << 15})
    compare_with_a_map(100, [=](std::uint64_t) { return hash; });
}

TEST(TagTable, HoldsAsManyAsItIsFor) {
  Modelled modelled(1'000);
  std::mt19937_64 random(1);  // NOLINT(cert-msc51-cpp)
  for (std::uint64_t id = 0; id < 1'000; ++id) modelled.insert(id, random());
  modelled.expect_agreement();
}

// What comes and goes leaves nothing behind; what it left would add up, and in the end be taken for
// nothing.
TEST(TagTable, ComingAndGoingWithoutEndLosesNobody) {
  constexpr std::uint64_t kHash = 0;
  TagTable table(100);
  for (int i = 0; i < 98; ++i) table.insert(kHash);
  const std::size_t last = table.insert(kHash);
  for (int i = 0; i < 200'000; ++i) {
    const std::size_t passing = table.insert(kHash);
    ASSERT_EQ(table.find(kHash, [=](std::size_t place) { return place == last; }), last) << i;
    table.erase(passing, kHash);
  }
}

TEST(TagTable, OneWithoutPlacesHoldsNothing) {
  const TagTable table;
  EXPECT_EQ(table.places(), 0U);
  EXPECT_FALSE(table.find(1, [](std::size_t) { return true; }));
}

TEST(TagTable, AnEntryIsMarkedAsUsedOnceUntilItIsUsedAgain) {
  TagTable table(10);
  const std::size_t place = table.insert(7);
  EXPECT_FALSE(table.take_use(place)) << "a new one is not used yet";
  table.use(place);
  table.use(place);
  EXPECT_EQ(table.find(7, [](std::size_t) { return true; }), place) << "the mark is no part of it";
  EXPECT_TRUE(table.take_use(place));
  EXPECT_FALSE(table.take_use(place));
  EXPECT_TRUE(table.taken(place));
  table.use(place);
  table.erase(place, 7);
  EXPECT_FALSE(table.taken(place));
  EXPECT_FALSE(table.take_use(table.insert(7))) << "nor does the place keep it";
}

}  // namespace
}  // namespace latchkey::latchkeyd
