// SPDX-License-Identifier: Apache-2.0
//
// When a list is asked for, how old it is, and what outlives the daemon.
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/latchkeyd/damaged_file.h"
#include "tests/unit/latchkeyd/list_keeper_host.h"

namespace latchkey::latchkeyd::list_keeper_test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

TEST_F(ListKeeperTest, IsAskedForEveryQuarterOfItsMaxAge) {
  begin();
  EXPECT_EQ(keeper().next_tick(), clock.steady() + 900s);
}

TEST_F(ListKeeperTest, IsAskedForEveryTenSecondsAtMost) {
  manifest = source_.manifest(1, clock.wall(), SignedList::step(0, 1), 60s);
  configure();
  tick_and_serve();
  EXPECT_EQ(keeper().next_tick(), clock.steady() + 15s);
  manifest = "nonsense";
  next_round();
  EXPECT_EQ(keeper().next_tick(), clock.steady() + 10s);
  next_round();
  EXPECT_EQ(keeper().next_tick(), clock.steady() + 15s);
}

TEST_F(ListKeeperTest, PausesGrowWithFailuresUpToAQuarter) {
  begin();
  std::vector<std::chrono::seconds> pauses;
  manifest = "nonsense";
  for (int i = 0; i < 9; ++i) {
    next_round();
    pauses.push_back(
        std::chrono::duration_cast<std::chrono::seconds>(keeper().next_tick() - clock.steady()));
  }
  EXPECT_THAT(pauses, ::testing::ElementsAre(10s, 20s, 40s, 80s, 160s, 320s, 640s, 900s, 900s));
}

class RetryAfterTest : public ListKeeperTest {
 protected:
  void asks_for(std::chrono::seconds patience) {
    keeper().tick();
    fetcher.answer_list({.status = FetchResult::Status::failed,
                         .retry_after = patience,
                         .error = "HTTP status 503"});
  }
};

TEST_F(RetryAfterTest, IsHeededUpToAQuarterOfMaxAge) {
  begin();
  for (const auto& [told, heeded] :
       {std::pair{899s, 899s}, std::pair{900s, 900s}, std::pair{901s, 900s},
        std::pair{86'400s, 900s}, std::pair{1s, 160s}}) {
    clock.advance(900s);
    asks_for(told);
    EXPECT_EQ(keeper().next_tick(), clock.steady() + heeded) << told.count();
  }
}

TEST_F(RetryAfterTest, IsHeededForFiveMinutesWhereThereIsNoList) {
  configure();
  asks_for(86'400s);
  EXPECT_EQ(keeper().next_tick(), clock.steady() + 300s);
}

TEST_F(RetryAfterTest, IsNotWaitedForByWhoWantsNews) {
  begin();
  clock.advance(900s);
  asks_for(900s);
  keeper().tick();
  EXPECT_THAT(fetcher.lists, IsEmpty());
  keeper().hurry();
  EXPECT_EQ(keeper().next_tick(), clock.steady());
  keeper().tick();
  EXPECT_EQ(fetcher.lists.size(), 1U);
  keeper().hurry();
  keeper().tick();
  EXPECT_EQ(fetcher.lists.size(), 1U) << "it is on its way";
}

TEST_F(ListKeeperTest, AFetchdThatIsGoneIsAskedAgainSoon) {
  begin();
  clock.advance(900s);
  keeper().tick();
  fetcher.answer_list({.status = FetchResult::Status::unreachable, .error = "gone"});
  EXPECT_EQ(keeper().next_tick(), clock.steady() + 1s);
}

TEST_F(ListKeeperTest, AnotherConfigurationOfFetchdHasOursReadAgain) {
  begin();
  clock.advance(900s);
  keeper().tick();
  fetcher.answer_list({.status = FetchResult::Status::reload, .error = "another one"});
  EXPECT_EQ(reloads, 1);
  EXPECT_EQ(error(), "another one");
}

TEST_F(ListKeeperTest, AnotherPlaceIsAskedAtOnceAndInFull) {
  etag = "\"v1\"";
  begin();
  tags.clear();
  auto moved = section();
  moved.url = "https://other.example.com/manifest.jwt";
  configure({moved});
  tick_and_serve();
  EXPECT_THAT(tags, ::testing::ElementsAre(""));
  EXPECT_TRUE(revoked("one"));
  // Also where a round is on its way to the old one.
  clock.advance(900s);
  keeper().tick();
  configure();
  serve();
  tags.clear();
  tick_and_serve();
  EXPECT_THAT(tags, ::testing::ElementsAre("")) << "the tag is of the other place";
}

// Its age is by the date of its signature, when or whether anything was fetched.
TEST_F(ListKeeperTest, IsAsOldAsItsSignature) {
  manifest = source_.manifest(1, clock.wall() - 50min, SignedList::step(0, 1));
  configure();
  tick_and_serve();
  EXPECT_EQ(freshness(), FeedState::fresh);
  clock.advance(10min);
  EXPECT_EQ(freshness(), FeedState::fresh);
  clock.advance(1s);
  EXPECT_EQ(freshness(), FeedState::stale);
}

TEST_F(ListKeeperTest, IsNoYoungerForAClockThatIsSetBack) {
  begin();
  clock.advance(50min);
  clock.jump(-40min);
  keeper().tick();
  clock.advance(11min);
  EXPECT_EQ(freshness(), FeedState::stale);
}

// Its age when it came counts by the steady clock as well.
TEST_F(ListKeeperTest, IsNoYoungerThanItsSignatureForAClockThatIsSetBack) {
  manifest = source_.manifest(1, clock.wall() - 50min, SignedList::step(0, 1));
  configure();
  tick_and_serve();
  clock.jump(-40min);
  keeper().tick();
  EXPECT_EQ(freshness(), FeedState::fresh);
  clock.advance(11min);
  keeper().tick();
  EXPECT_EQ(freshness(), FeedState::stale);
}

TEST_F(ListKeeperTest, OutlivesTheDaemonWithTheProviderGone) {
  begin();
  restart();
  EXPECT_TRUE(revoked("one"));
  EXPECT_EQ(version(), 1U);
  EXPECT_EQ(freshness(), FeedState::fresh);
  EXPECT_EQ(published, 1) << "the first snapshot has it already";
  clock.advance(2h);
  restart();
  EXPECT_TRUE(revoked("one"));
  EXPECT_EQ(freshness(), FeedState::stale);
}

TEST_F(ListKeeperTest, WithEveryStepThatWasTakenToIt) {
  begin();
  std::string steps = SignedList::step(0, 1, source_.chunk(EntryKind::token, {"one"}));
  for (std::uint64_t version = 2; version < 9; ++version) {
    const std::string name = "token-" + std::to_string(version);
    steps += "," + SignedList::step(version - 1, version, source_.chunk(EntryKind::token, {name}));
    manifest = source_.manifest(version, clock.wall(), steps);
    next_round();
  }
  EXPECT_EQ(version(), 8U) << error();
  restart();
  EXPECT_TRUE(revoked("one"));
  EXPECT_TRUE(revoked("token-8"));
}

// The one who signs begins anew, and whoever followed loads nothing again.
TEST_F(ListKeeperTest, OverABaseThatNobodyHadToLoad) {
  begin();
  const std::string base = source_.chunk(EntryKind::token, {"one", "two", "three"});
  const std::string two = source_.chunk(EntryKind::token, {"two"});
  manifest = source_.manifest(3, clock.wall() + 900s,
                              SignedList::step(0, 3, base) + "," + SignedList::step(1, 3, two));
  asked.clear();
  next_round();
  EXPECT_EQ(asked.size(), 2U);
  restart();
  EXPECT_TRUE(revoked("one"));
  EXPECT_TRUE(revoked("two"));
  EXPECT_EQ(version(), 3U);
}

TEST_F(ListKeeperTest, ALongTrailIsBegunAnew) {
  begin();
  for (std::uint64_t version = 2; version < 25; ++version) {
    const std::string base =
        source_.chunk(EntryKind::token, {"one", "base-" + std::to_string(version)});
    manifest = source_.manifest(
        version, clock.wall(),
        SignedList::step(0, version, base) + "," + SignedList::step(version - 1, version));
    next_round();
    ASSERT_EQ(state_of().version, version) << error();
  }
  restart();
  EXPECT_TRUE(revoked("one"));
  EXPECT_EQ(version(), 24U);
  std::size_t files = 0;
  for (const auto& entry : fs::directory_iterator(state / ("lists/" + kPlace))) {
    EXPECT_TRUE(entry.is_regular_file());
    ++files;
  }
  EXPECT_LE(files, 20U) << "what no longer serves is removed";
}

TEST_F(ListKeeperTest, AChangeOfItsKeyBreaksNoTrail) {
  begin();
  auto both = section();
  SignedList next{.key = SigningKey::generate(jose::Algorithm::es256, "next")};
  const auto of = [&](std::uint64_t version, const std::string& name) {
    const std::string base = source_.chunk(EntryKind::token, {"one", name});
    const std::string small = source_.chunk(EntryKind::token, {name});
    manifest = next.manifest(
        version, clock.wall(),
        SignedList::step(0, version, base) + "," + SignedList::step(version - 1, version, small),
        1h, "ES256", "next");
  };
  both.keys.document = latchkey::testing::jwk_set({source_.key.jwk(), next.key.jwk()});
  configure({both});
  of(2, "two");
  next_round();
  EXPECT_EQ(version(), 2U) << error();
  auto one = section();
  one.keys.document = latchkey::testing::jwk_set({next.key.jwk()});
  configure({one});
  EXPECT_EQ(freshness(), FeedState::fresh);
  of(3, "three");
  next_round();
  EXPECT_EQ(version(), 3U) << error();
  restart({one});
  EXPECT_TRUE(revoked("three")) << error();
}

TEST_F(ListKeeperTest, AHostThatLostItsChunksStillTakesNothingOlder) {
  const std::string base = source_.chunk(EntryKind::token, {"one"});
  manifest = source_.manifest(7, clock.wall(), SignedList::step(0, 7, base));
  configure();
  tick_and_serve();
  for (const auto& entry : fs::directory_iterator(state / ("lists/" + kPlace))) {
    if (entry.path().filename() != "record.json") fs::remove(entry.path());
  }
  restart();
  EXPECT_EQ(freshness(), FeedState::absent);
  EXPECT_THAT(error(), HasSubstr("manifest"));
  manifest = source_.manifest(6, clock.wall(), SignedList::step(0, 6, base));
  next_round();
  EXPECT_THAT(error(), StartsWith("rollback: "));
  manifest = source_.manifest(7, clock.wall(), SignedList::step(0, 7, base));
  next_round();
  EXPECT_EQ(freshness(), FeedState::fresh) << error();
  EXPECT_TRUE(revoked("one"));
}

TEST_F(ListKeeperTest, ADamagedChunkIsFetchedAnew) {
  begin();
  for (const auto& entry : fs::directory_iterator(state / ("lists/" + kPlace))) {
    if (entry.file_size() != 16) continue;
    std::fstream(entry.path(), std::ios::in | std::ios::out).put('x');
  }
  restart();
  EXPECT_EQ(freshness(), FeedState::absent);
  EXPECT_THAT(error(), HasSubstr("is damaged"));
  next_round();
  EXPECT_EQ(freshness(), FeedState::fresh) << error();
  EXPECT_TRUE(revoked("one"));
}

// The record says which manifest was accepted; another one is none, though its signature is good.
TEST_F(ListKeeperTest, AStoredManifestThatIsNotTheAcceptedOneIsNotTaken) {
  begin();
  ListRecord record = store->load(kPlace).value();
  const ListRecord good = record;
  for (const revocation::ListState& other :
       {revocation::ListState{2, good.accepted.issued_at},
        revocation::ListState{1, good.accepted.issued_at + 60s}}) {
    record.accepted = other;
    std::set<std::string, std::less<>> keep;
    for (const auto& [sha256, bytes] : source_.chunks) keep.insert(sha256);
    ASSERT_TRUE(store->commit(kPlace, record, keep));
    restart();
    EXPECT_EQ(freshness(), FeedState::absent);
    EXPECT_THAT(error(), HasSubstr("not the one that was accepted"));
    EXPECT_EQ(version(), other.version);
    ASSERT_TRUE(store->commit(kPlace, good, keep));
    restart();
    EXPECT_EQ(freshness(), FeedState::fresh) << error();
  }
}

// A list that is new to a running daemon is read beside it, and the reload may be over before.
TEST_F(ListKeeperTest, AKeyThatIsTakenAwayWhileTheDiskIsReadIsNoticed) {
  begin();
  const std::string file = state / "keys.json";
  testing::write_file(file, latchkey::testing::jwk_set({source_.key.jwk()}));
  auto from_file = section();
  from_file.keys.document.clear();
  from_file.keys_file = file;
  restart(std::vector<config::ListSource>{});
  configure({from_file});
  builder.run_ready();
  fs::remove(file);
  testing::write_file(file, latchkey::testing::jwk_set(
                                {SigningKey::generate(jose::Algorithm::eddsa, "list").jwk()}));
  run();
  EXPECT_EQ(freshness(), FeedState::absent);
  EXPECT_FALSE(revoked("one"));
}

TEST_F(ListKeeperTest, WhatIsStoredUnderAKeyOfYesterdayIsNotBelieved) {
  begin();
  source_.key = SigningKey::generate(jose::Algorithm::eddsa, "list");
  restart();
  EXPECT_EQ(freshness(), FeedState::absent);
  EXPECT_FALSE(revoked("one"));
  EXPECT_EQ(version(), 1U);
}

TEST_F(ListKeeperTest, AListOfAnotherNameBeginsAnew) {
  begin();
  auto changed = section();
  changed.issuer = source_.issuer = "https://lists.example.com/other";
  configure({changed});
  run();
  EXPECT_EQ(freshness(), FeedState::absent);
  manifest = source_.manifest(1, clock.wall(), SignedList::step(0, 1));
  tick_and_serve();
  EXPECT_EQ(freshness(), FeedState::fresh) << error();
  EXPECT_FALSE(revoked("one"));
}

TEST_F(ListKeeperTest, AnswersForAListThatIsGoneChangeNothing) {
  begin();
  clock.advance(900s);
  keeper().tick();
  configure(std::vector<config::ListSource>{});
  manifest = source_.manifest(2, clock.wall(), SignedList::step(0, 2));
  serve();
  EXPECT_THAT(keeper().states(), IsEmpty());
}

}  // namespace
}  // namespace latchkey::latchkeyd::list_keeper_test
