// SPDX-License-Identifier: Apache-2.0
#include "core/revocation/source.h"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <random>
#include <vector>

namespace latchkey::revocation {
namespace {

using namespace std::chrono_literals;

constexpr HashSecret kSecret = {1, 2, 3};
constexpr WallTime kNow{1'764'331'200'000ms};

Entry entry(EntryKind kind, std::uint8_t number, std::optional<WallTime> end = std::nullopt,
            WallTime before = {}) {
  Entry out{.kind = kind, .before = before, .end = end};
  out.digest[0] = number;
  return out;
}

bool has(const Source& source, const Entry& entry) {
  return is_many(entry.kind) ? source.contains(name_hash(kSecret, entry.kind, entry.digest))
                             : source.find(entry.kind, entry.digest) != nullptr;
}

Source built(const std::vector<Entry>& entries, WallTime now = kNow) {
  SourceBuilder builder(kSecret, entries.size(), now);
  for (const auto& each : entries) builder.add(each);
  return builder.finish();
}

TEST(Source, HasWhatWasAddedUntilItIsRemoved) {
  for (const auto kind : {EntryKind::token, EntryKind::token_hash, EntryKind::session,
                          EntryKind::subject, EntryKind::key, EntryKind::user}) {
    const auto one = entry(kind, 1);
    const auto two = entry(kind, 2);
    const Source nothing(kSecret, kNow);
    EXPECT_FALSE(nothing.has(kind));
    for (const Source& source :
         {built({one}), nothing.with({}, {{one}}), nothing.with({}, {{one}}).merged(kNow)}) {
      EXPECT_TRUE(source.has(kind));
      EXPECT_TRUE(has(source, one));
      EXPECT_FALSE(has(source, two));
      const Source without = source.with({{one, two}}, {});
      EXPECT_FALSE(has(without, one));
      EXPECT_FALSE(has(without.merged(kNow), one));
      EXPECT_TRUE(has(source, one)) << "a state does not change";
      EXPECT_TRUE(has(without.with({}, {{one}}), one));
      EXPECT_TRUE(has(without.with({}, {{one}}).merged(kNow), one));
      EXPECT_EQ(source.size(), 1U);
      EXPECT_EQ(without.size(), 0U);
    }
  }
}

TEST(Source, AddsAfterItHasRemoved) {
  const auto one = entry(EntryKind::token, 1);
  EXPECT_TRUE(has(built({one}).with({{one}}, {{one}}), one));
}

TEST(Source, TellsKindsApart) {
  const auto source = built({entry(EntryKind::token, 1), entry(EntryKind::subject, 1)});
  EXPECT_FALSE(has(source, entry(EntryKind::session, 1)));
  EXPECT_FALSE(has(source, entry(EntryKind::token_hash, 1)));
  EXPECT_FALSE(has(source, entry(EntryKind::user, 1)));
}

TEST(Source, KeepsTheLatestMomentOfASubject) {
  const auto early = entry(EntryKind::subject, 1, kNow + 2h, kNow);
  const auto late = entry(EntryKind::subject, 1, kNow + 1h, kNow + 1min);
  for (const Source& source : {built({early, late}), built({late}).with({}, {{early}}),
                               built({early}).merged(kNow).with({}, {{late}})}) {
    const auto* mark = source.find(EntryKind::subject, early.digest);
    ASSERT_NE(mark, nullptr);
    EXPECT_EQ(mark->before, kNow + 1min);
    EXPECT_EQ(mark->end, kNow + 2h);
  }
}

TEST(Source, ForgetsWhatHasEndedWhenItIsMergedAndNotBefore) {
  struct Case {
    std::string name;
    std::optional<WallTime> end;
    std::chrono::milliseconds later;
    bool token_stays;  // to the step of four hours
    bool user_stays;   // to the millisecond
  };
  const WallTime step{std::chrono::floor<std::chrono::hours>(kNow)};
  ASSERT_EQ(step_of(step) * std::uint64_t{4} * 3'600'000,
            static_cast<std::uint64_t>(step.time_since_epoch().count()));
  const std::vector<Case> cases = {
      {"no end stays", std::nullopt, 24h * 365, true, true},
      {"before its end", step + 4h, 4h - 1ms, true, true},
      {"at its end", step + 4h, 4h, false, false},
      {"between its end and the step's", step + 1h, 2h, true, false},
      {"at the step's", step + 1h, 4h, false, false},
  };
  for (const auto& c : cases) {
    const auto token = entry(EntryKind::token, 1, c.end);
    const auto user = entry(EntryKind::user, 1, c.end);
    const WallTime then = step + c.later;
    for (const Source& source :
         {built({token, user}, step), Source(kSecret, step).with({}, {{token, user}})}) {
      EXPECT_TRUE(has(source, token)) << c.name;
      EXPECT_TRUE(has(source, user)) << c.name;
      const Source merged = source.merged(then);
      EXPECT_EQ(has(merged, token), c.token_stays) << c.name;
      EXPECT_EQ(has(merged, user), c.user_stays) << c.name;
    }
  }
}

TEST(Source, IsBuiltWithoutWhatHasEnded) {
  EXPECT_EQ(built({entry(EntryKind::token, 1, kNow), entry(EntryKind::user, 1, kNow)}).size(), 0U);
  EXPECT_EQ(
      built({entry(EntryKind::token, 1, kNow + 1ms), entry(EntryKind::user, 1, kNow + 1ms)}).size(),
      2U);
}

TEST(Source, MovesAnEndOfItsBaseToALaterOneOnly) {
  const auto soon = entry(EntryKind::token, 1, kNow + 4h);
  const auto late = entry(EntryKind::token, 1, kNow + 40h);
  const auto after = kNow + 20h;
  EXPECT_TRUE(has(built({soon}).with({}, {{late}}).merged(after), soon));
  EXPECT_EQ(built({soon}).with({}, {{late}}).size(), 1U);
  EXPECT_TRUE(has(built({late}).with({}, {{soon}}).merged(after), soon));
  EXPECT_FALSE(has(built({late}).with({{late}}, {{soon}}).merged(after), soon));
}

TEST(Source, WantsToBeMergedWhenMuchHasChanged) {
  std::vector<Entry> many;
  for (std::uint16_t i = 0; i < 4'097; ++i) {
    many.push_back(entry(EntryKind::token, static_cast<std::uint8_t>(i)));
    many.back().digest[1] = static_cast<std::uint8_t>(i >> 8);
  }
  const std::span<const Entry> all = many;
  const Source nothing(kSecret, kNow);
  EXPECT_FALSE(nothing.with({}, all.first(4'096)).wants_merge());
  EXPECT_TRUE(nothing.with({}, all).wants_merge());
  EXPECT_FALSE(nothing.with({}, all).merged(kNow).wants_merge());
  EXPECT_TRUE(built(many).with(all, {}).wants_merge());
}

TEST(Source, StaysAsItIsWhereItsBaseWasReplacedDuringAMerge) {
  const auto one = entry(EntryKind::token, 1);
  const auto two = entry(EntryKind::token, 2);
  const Source before = built({one});
  const Source another = built({two});
  EXPECT_FALSE(has(another.following(before.merged(kNow), before), one));
  EXPECT_TRUE(has(another.following(before.merged(kNow), before), two));
  EXPECT_TRUE(before.with({}, {{two}}).follows(before));
  EXPECT_FALSE(another.follows(before));
}

TEST(Source, WhatAMergeLetsGoOfDoesNotComeBackByWhatChangedMeanwhile) {
  for (const EntryKind kind : {EntryKind::token, EntryKind::user}) {
    const auto ended = entry(kind, 1, kNow + 4h);
    const auto fresh = entry(kind, 2);
    const auto longer = entry(kind, 1, kNow + 400h);
    const Source from = Source(kSecret, kNow).with({}, {{ended}});
    const Source merged = from.merged(kNow + 20h);
    const Source now = from.with({}, {{fresh}}).following(merged, from);
    EXPECT_FALSE(has(now, ended));
    EXPECT_TRUE(has(now, fresh));
    EXPECT_EQ(now.delta_size(), 1U);
    EXPECT_TRUE(has(from.with({}, {{longer}}).following(merged, from), ended));
  }
}

// The naive model: one map. Each merge sees the state of some steps ago, as a merge does that runs
// beside the changes.
class Naive {
 public:
  struct Row {
    WallTime before;
    std::optional<WallTime> end;
  };

  void add(const Entry& entry) {
    const auto [it, fresh] = rows_.try_emplace(name(entry), Row{entry.before, entry.end});
    if (fresh) return;
    auto& row = it->second;
    row.before = std::max(row.before, entry.before);
    row.end = row.end && entry.end ? std::optional(std::max(*row.end, *entry.end)) : std::nullopt;
  }
  void remove(const Entry& entry) { rows_.erase(name(entry)); }
  const Row* find(const Entry& entry) const {
    const auto it = rows_.find(name(entry));
    return it == rows_.end() ? nullptr : &it->second;
  }
  std::size_t size() const { return rows_.size(); }

 private:
  static std::pair<EntryKind, NameDigest> name(const Entry& entry) {
    return {entry.kind, entry.digest};
  }
  std::map<std::pair<EntryKind, NameDigest>, Row> rows_;
};

TEST(Source, AgreesWithAMapInAnyOrderOfStepsAndMerges) {
  std::mt19937_64 random(9'110);  // NOLINT(cert-msc51-cpp): the same steps in every run
  const auto any = [&] {
    Entry out = entry(static_cast<EntryKind>(random() % kEntryKinds),
                      static_cast<std::uint8_t>(random() % 12));
    if (random() % 2 == 0) out.end = kNow + 4h * static_cast<int>(1 + random() % 5);
    if (out.kind == EntryKind::subject) out.before = kNow + 1min * static_cast<int>(random() % 5);
    return out;
  };
  for (int run = 0; run < 150; ++run) {
    Source source(kSecret, kNow);
    Naive model;
    std::optional<Source> merging;
    for (int step = 0; step < 120; ++step) {
      std::vector<Entry> removed(random() % 3);
      std::vector<Entry> added(random() % 3);
      for (auto& each : removed) each = any();
      for (auto& each : added) each = any();
      for (const auto& each : removed) model.remove(each);
      for (const auto& each : added) model.add(each);
      source = source.with(removed, added);
      const auto what = random() % 10;
      if (what == 0) source = source.merged(kNow);
      if (what == 1) merging = source;
      if (what == 2 && merging) source = source.following(merging->merged(kNow), *merging);
      ASSERT_EQ(source.size(), model.size());
      for (std::size_t kind = 0; kind < kEntryKinds; ++kind) {
        for (std::uint8_t number = 0; number < 12; ++number) {
          const auto wanted = entry(static_cast<EntryKind>(kind), number);
          const auto* row = model.find(wanted);
          ASSERT_EQ(has(source, wanted), row != nullptr) << "run " << run << " step " << step;
          const auto* mark = source.find(wanted.kind, wanted.digest);
          if (mark == nullptr) continue;
          ASSERT_EQ(mark->before, row->before);
          ASSERT_EQ(mark->end, row->end);
        }
      }
    }
    // Ends are what they should be in the tables, too: all lie on a step here.
    for (int hours = 4; hours <= 20; hours += 4) {
      const Source later = source.merged(kNow + std::chrono::hours(hours));
      for (std::uint8_t number = 0; number < 12; ++number) {
        const auto wanted = entry(EntryKind::token, number);
        const auto* row = model.find(wanted);
        const bool stays =
            row != nullptr && (!row->end || *row->end > kNow + std::chrono::hours(hours));
        ASSERT_EQ(has(later, wanted), stays) << "run " << run << " hours " << hours;
      }
    }
  }
}

}  // namespace
}  // namespace latchkey::revocation
