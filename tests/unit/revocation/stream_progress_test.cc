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
  EXPECT_FALSE(progress.complete());
  progress.take(item("a", 6, 7));
  progress.take(item("a", 7, 8));
  EXPECT_TRUE(progress.complete()) << "once what is held was taken again";
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
  EXPECT_FALSE(progress.complete());
  EXPECT_EQ(progress.take(item("a", 6, 7)), StreamPlace::next) << "what is held is taken again";
  EXPECT_TRUE(progress.complete());
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
  given_up.lost = {{"a", 7}};
  progress.take(given_up);
  EXPECT_TRUE(progress.complete());
  EXPECT_EQ(progress.take(item("a", 7, 8)), StreamPlace::next);
}

}  // namespace
}  // namespace latchkey::revocation
