// SPDX-License-Identifier: Apache-2.0
#include "core/revocation/stream_progress.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace latchkey::revocation {
namespace {

StreamItem item(const std::string& key, std::uint64_t prev, std::uint64_t seq,
                std::vector<StreamSeen> seen = {}) {
  StreamItem out;
  out.key_id = key;
  out.prev = prev;
  out.seq = seq;
  out.seen = std::move(seen);
  out.entries.emplace_back();
  return out;
}

StreamItem beat(const std::string& key, std::uint64_t prev, std::uint64_t seq,
                std::vector<StreamSeen> seen = {}) {
  StreamItem out = item(key, prev, seq, std::move(seen));
  out.entries.clear();
  return out;
}

TEST(StreamProgress, TakesEachItemOnce) {
  StreamProgress progress;
  EXPECT_TRUE(progress.complete());
  EXPECT_EQ(progress.take(item("a", 0, 5)), StreamPlace::next);
  EXPECT_EQ(progress.take(item("a", 5, 6)), StreamPlace::next);
  EXPECT_EQ(progress.take(item("a", 5, 6)), StreamPlace::known) << "served again";
  EXPECT_EQ(progress.take(item("a", 0, 5)), StreamPlace::known) << "an old one served again";
  EXPECT_EQ(progress.take(item("a", 6, 90)), StreamPlace::next) << "a leap is no gap";
  EXPECT_EQ(progress.sure("a"), 90U);
  EXPECT_TRUE(progress.complete());
}

TEST(StreamProgress, CountsForEachWriterByItself) {
  StreamProgress progress;
  EXPECT_EQ(progress.take(item("a", 0, 90)), StreamPlace::next);
  EXPECT_EQ(progress.take(item("b", 0, 5)), StreamPlace::next);
  EXPECT_EQ(progress.take(item("b", 5, 6)), StreamPlace::next);
  EXPECT_EQ(progress.sure(), (std::vector<StreamSeen>{{"a", 90}, {"b", 6}}));
  EXPECT_EQ(progress.sure("c"), 0U);
}

TEST(StreamProgress, SeesThatAnItemWasHeldBackByTheNextOfItsWriter) {
  StreamProgress progress;
  progress.take(item("a", 0, 5));
  EXPECT_EQ(progress.take(item("a", 6, 7)), StreamPlace::after_gap);
  EXPECT_FALSE(progress.complete());
  EXPECT_EQ(progress.sure("a"), 5U) << "what a snapshot may not cover yet";
  EXPECT_EQ(progress.take(item("a", 7, 8)), StreamPlace::after_gap) << "still";
  EXPECT_EQ(progress.take(item("a", 5, 6)), StreamPlace::next) << "it was only late";
  EXPECT_TRUE(progress.complete()) << "what came after it is the next now";
  EXPECT_EQ(progress.sure("a"), 8U);
  EXPECT_EQ(progress.take(item("a", 6, 7)), StreamPlace::known);
}

TEST(StreamProgress, WhatCameAfterSeveralGapsIsTakenUpGapByGap) {
  StreamProgress progress;
  progress.take(item("a", 20, 30));
  progress.take(item("a", 50, 60));
  progress.take(item("a", 30, 40));
  progress.take(item("a", 0, 20));
  EXPECT_EQ(progress.sure("a"), 40U);
  EXPECT_EQ(progress.missing(), (std::vector<StreamSeen>{{"a", 60}}));
  progress.take(item("a", 40, 50));
  EXPECT_TRUE(progress.complete());
  EXPECT_EQ(progress.sure("a"), 60U);
}

TEST(StreamProgress, OfMoreItemsAfterAGapThanItKeepsTheOthersAreTakenAgain) {
  StreamProgress progress;
  const std::uint64_t last = stream_limits::kLinks + 20;
  for (std::uint64_t seq = last; seq > 2; --seq) progress.take(item("a", seq - 1, seq));
  progress.take(item("a", 0, 2));
  EXPECT_EQ(progress.sure("a"), 2 + stream_limits::kLinks);
  EXPECT_FALSE(progress.complete());
  for (std::uint64_t seq = 2; seq <= last; ++seq) progress.take(item("a", seq - 1, seq));
  EXPECT_TRUE(progress.complete()) << "when all is read anew";
}

TEST(StreamProgress, SeesThatTheLastItemOfAWriterWasHeldBackByABeat) {
  StreamProgress progress;
  progress.take(item("a", 0, 5));
  EXPECT_EQ(progress.take(beat("b", 0, 1, {{"a", 5}})), StreamPlace::beat);
  EXPECT_TRUE(progress.complete());
  EXPECT_EQ(progress.take(beat("b", 0, 2, {{"a", 6}})), StreamPlace::beat);
  EXPECT_FALSE(progress.complete());
  EXPECT_EQ(progress.take(item("a", 5, 6)), StreamPlace::next);
  EXPECT_TRUE(progress.complete());
}

TEST(StreamProgress, ASnapshotCoversWhatItSays) {
  StreamProgress progress;
  progress.take(item("a", 0, 5));
  progress.take(item("a", 6, 7));
  const std::vector<StreamSeen> less = {{"a", 4}};
  progress.cover(less);
  EXPECT_EQ(progress.sure("a"), 5U) << "never back";
  EXPECT_FALSE(progress.complete());
  const std::vector<StreamSeen> gap = {{"a", 6}};
  progress.cover(gap);
  EXPECT_TRUE(progress.complete()) << "what came behind it is the next now";
  EXPECT_EQ(progress.take(item("a", 6, 7)), StreamPlace::known);
  const std::vector<StreamSeen> all = {{"a", 9}, {"b", 3}};
  progress.cover(all);
  EXPECT_EQ(progress.take(item("a", 8, 9)), StreamPlace::known);
  EXPECT_EQ(progress.take(item("b", 3, 4)), StreamPlace::next);
}

TEST(StreamProgress, BeginsWhereItWasKept) {
  const std::vector<StreamSeen> kept = {{"a", 5}, {"b", 6}};
  StreamProgress progress(kept);
  EXPECT_EQ(progress.sure(), kept);
  EXPECT_EQ(progress.take(item("a", 4, 5)), StreamPlace::known);
  EXPECT_EQ(progress.take(item("b", 6, 7)), StreamPlace::next);
}

// Such a writer lost its notes: it does not know what it sent, and others may hold that back.
TEST(StreamProgress, AnItemThatKnowsOfLessThanWasHeardComesAfterAGap) {
  for (const std::uint64_t prev : {0U, 5U}) {
    StreamProgress progress;
    progress.take(item("a", 0, 5));
    progress.take(item("a", 5, 7));
    EXPECT_EQ(progress.take(item("a", prev, 50)), StreamPlace::after_gap) << prev;
    EXPECT_FALSE(progress.complete());
    EXPECT_EQ(progress.sure("a"), 7U);
  }
}

TEST(StreamProgress, AnItemDoesNotPassOverOneThatWasHeardOf) {
  StreamProgress progress;
  progress.hear(std::vector<StreamSeen>{{"a", 5}});
  EXPECT_FALSE(progress.complete());
  EXPECT_EQ(progress.take(item("a", 0, 50)), StreamPlace::after_gap);
  EXPECT_FALSE(progress.complete());
  EXPECT_EQ(progress.heard_of(), (std::vector<StreamSeen>{{"a", 50}}));
  StreamProgress in_order;
  in_order.hear(std::vector<StreamSeen>{{"a", 5}});
  EXPECT_EQ(in_order.take(item("a", 0, 4)), StreamPlace::next);
  EXPECT_EQ(in_order.take(item("a", 4, 5)), StreamPlace::next);
  EXPECT_TRUE(in_order.complete());
}

TEST(StreamProgress, AnItemPassesOverNoneOfThoseThatWereHeardOf) {
  StreamProgress progress;
  progress.hear(std::vector<StreamSeen>{{"a", 5}});
  progress.take(beat("b", 0, 1, {{"a", 50}}));
  EXPECT_EQ(progress.take(item("a", 0, 50)), StreamPlace::after_gap) << "5 is not forgotten";
  EXPECT_EQ(progress.missing(), (std::vector<StreamSeen>{{"a", 5}, {"a", 50}}));
  EXPECT_EQ(progress.take(item("a", 0, 5)), StreamPlace::next);
  EXPECT_EQ(progress.take(item("a", 5, 50)), StreamPlace::next);
  EXPECT_TRUE(progress.complete() && progress.missing().empty());
}

TEST(StreamProgress, OfMoreNumbersThanItKeepsTheLeastAndTheGreatestCount) {
  StreamProgress progress;
  for (std::uint64_t seq = 1'000; seq > 0; seq -= 10)
    progress.hear(std::vector<StreamSeen>{{"a", seq}});
  const auto missing = progress.missing();
  ASSERT_EQ(missing.size(), stream_limits::kSpokenOf);
  EXPECT_EQ(missing.front().seq, 10U);
  EXPECT_EQ(missing[stream_limits::kSpokenOf - 2].seq, 150U);
  EXPECT_EQ(missing.back().seq, 1'000U);
}

TEST(StreamProgress, ABeatThatIsLostLosesNothingAndSaysWhatItsWriterSent) {
  StreamProgress progress;
  progress.take(item("a", 0, 5));
  EXPECT_EQ(progress.take(beat("a", 5, 9)), StreamPlace::beat);
  EXPECT_TRUE(progress.complete());
  EXPECT_EQ(progress.take(item("a", 5, 10)), StreamPlace::next) << "beats are no links";
  progress.take(beat("a", 12, 13));
  EXPECT_FALSE(progress.complete()) << "12 was not heard";
}

TEST(StreamProgress, WhatIsSaidToBeLostIsMissedNoLonger) {
  StreamProgress progress;
  progress.take(item("a", 0, 5));
  progress.take(item("a", 6, 7));
  StreamItem given_up = beat("b", 0, 1);
  EXPECT_EQ(progress.gaps(), (std::vector<StreamLost>{{"a", 5, 6}}));
  given_up.lost = progress.gaps();
  progress.take(given_up);
  EXPECT_TRUE(progress.complete());
  EXPECT_EQ(progress.sure("a"), 7U) << "the item behind it was heard";
  EXPECT_EQ(progress.take(item("a", 7, 8)), StreamPlace::next);
}

// Whoever holds Redis would else have the beat stand for items that were never lost.
TEST(StreamProgress, WhatIsSaidToBeLostStandsForNothingThatWasThere) {
  StreamProgress writer;
  writer.take(item("a", 0, 5));
  writer.take(item("a", 6, 7));  // 6 is lost
  writer.take(item("a", 7, 10));
  writer.take(item("a", 20, 30));  // and 20
  writer.take(beat("c", 0, 1, {{"a", 40}}));
  StreamItem given_up = beat("b", 0, 1, writer.heard_of());
  given_up.lost = writer.gaps();
  EXPECT_EQ(given_up.lost, (std::vector<StreamLost>{{"a", 5, 6}, {"a", 10, 20}, {"a", 30, 40}}));
  for (const std::uint64_t hidden : {0U, 5U, 7U, 10U, 30U}) {
    StreamProgress reader;
    for (const StreamItem& each :
         {item("a", 0, 5), item("a", 6, 7), item("a", 7, 10), item("a", 20, 30)})
      if (each.seq != hidden) reader.take(each);
    reader.take(given_up);
    EXPECT_EQ(reader.complete(), hidden == 0) << hidden;
  }
}

TEST(StreamProgress, WhatAWriterWithoutNotesSentStandsBehindWhatIsGivenUpForIt) {
  StreamProgress writer;
  writer.hear(std::vector<StreamSeen>{{"a", 5}});
  writer.take(item("a", 0, 50));
  StreamItem given_up = beat("b", 0, 1, writer.heard_of());
  given_up.lost = writer.gaps();
  EXPECT_EQ(given_up.lost, (std::vector<StreamLost>{{"a", 0, 49}}));
  StreamProgress reader;
  reader.take(given_up);
  EXPECT_FALSE(reader.complete()) << "50 was there";
  EXPECT_EQ(reader.take(item("a", 0, 50)), StreamPlace::next) << "nothing lies between";
  EXPECT_TRUE(reader.complete());
  StreamProgress behind;
  behind.take(item("a", 0, 5));
  behind.take(item("a", 4, 7));
  EXPECT_EQ(behind.gaps(), (std::vector<StreamLost>{{"a", 5, 6}}));
}

TEST(StreamProgress, NoMoreIsGivenUpAtOnceThanAnItemHolds) {
  StreamProgress progress;
  for (std::uint64_t seq = 10; seq <= 200; seq += 10) progress.take(item("a", seq - 1, seq));
  EXPECT_EQ(progress.gaps().size(), stream_limits::kLost);
  StreamItem given_up = beat("b", 0, 1);
  given_up.lost = progress.gaps();
  progress.take(given_up);
  EXPECT_FALSE(progress.complete());
  given_up.lost = progress.gaps();
  progress.take(given_up);
  EXPECT_TRUE(progress.complete()) << "the next one gives up the rest";
}

TEST(StreamProgress, WhatIsLostTellsNothingOfWhatCameBeforeIt) {
  StreamProgress progress;
  StreamItem given_up = beat("b", 0, 1);
  given_up.lost = {{"a", 5, 7}};
  progress.take(given_up);
  EXPECT_FALSE(progress.complete()) << "5 was never lost";
  EXPECT_EQ(progress.sure("a"), 0U);
  EXPECT_EQ(progress.take(item("a", 0, 5)), StreamPlace::next);
  EXPECT_FALSE(progress.complete());
  progress.take(given_up);
  EXPECT_TRUE(progress.complete()) << "when all is read anew";
  // Nor does it take back what was heard.
  progress.take(item("a", 7, 8));
  progress.take(given_up);
  EXPECT_EQ(progress.sure("a"), 8U);
}

}  // namespace
}  // namespace latchkey::revocation
