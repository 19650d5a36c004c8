// SPDX-License-Identifier: Apache-2.0
//
// How a host polls for security events: when, with what it tells, and what it makes of silence and
// of answers that are none.
#include "tests/unit/latchkeyd/event_keeper_host.h"

namespace latchkey::latchkeyd::event_keeper_test {
namespace {

TEST_F(EventKeeperTest, ABacklogIsAskedForWithoutAPauseAndIsFreshAtItsEndOnly) {
  come({{"one", revokes("one", "a")}}, true);
  EXPECT_EQ(freshness(), FeedState::absent);
  EXPECT_EQ(acks(), json({"one"}));
  come({{"two", revokes("two", "b")}}, true);
  EXPECT_EQ(acks(), json({"two"}));
  come({{"three", revokes("three", "c")}});
  EXPECT_EQ(freshness(), FeedState::fresh);
  come({});
  EXPECT_FALSE(polls());
  EXPECT_EQ(keeper->next_tick() - clock.steady(), 60s);
}

TEST_F(EventKeeperTest, WhatWasToldIsToldAgainWhereNoAnswerCame) {
  come({{"one", revokes("one", "mallory")}});
  EXPECT_EQ(acks(), json({"one"}));
  fail("timeout");
  pass(1s);
  EXPECT_EQ(acks(), json({"one"}));
  come({});
  pass(60s);
  EXPECT_EQ(acks(), json::array());
}

TEST_F(EventKeeperTest, ALongPollIsHeldAndOneThatIsHeldTooLongIsFollowedByOneThatIsNot) {
  section.long_poll = 30s;
  section.digest = "digest-2";
  configure();
  fetcher.polls.clear();
  keeper->tick();
  // The first one tells whether the transmitter is there.
  EXPECT_EQ(poll()["returnImmediately"], true);
  come({});
  EXPECT_EQ(poll()["returnImmediately"], false);
  EXPECT_EQ(fetcher.polls[0].first.wait, std::optional(30s));
  clock.advance(40s);
  fetcher.answer_poll({.status = FetchResult::Status::not_modified});
  EXPECT_EQ(poll()["returnImmediately"], true);
  EXPECT_EQ(fetcher.polls[0].first.wait, std::nullopt);
  come({});
  clock.advance(20s);
  come({{"one", revokes("one", "mallory")}});
  EXPECT_EQ(acks(), json({"one"}));
  EXPECT_EQ(poll()["returnImmediately"], false);
  // Not held: nobody spins.
  come({});
  EXPECT_FALSE(polls());
  EXPECT_EQ(keeper->next_tick() - clock.steady(), 60s);
}

TEST_F(EventKeeperTest, SilenceIsNoAnswerWhereNothingWasToBeHeld) {
  fetcher.answer_poll({.status = FetchResult::Status::not_modified, .error = "silence"});
  EXPECT_FALSE(polls());
  EXPECT_EQ(error(), "silence");
}

TEST_F(EventKeeperTest, TriesAgainInGrowingPausesAsksForFewerAndSaysItOnce) {
  for (const auto pause : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s}) {
    fail("HTTP status 401");
    EXPECT_EQ(keeper->next_tick() - clock.steady(), pause);
    pass(pause);
  }
  EXPECT_EQ(error(), "HTTP status 401");
  EXPECT_EQ(journal.count("security events cannot be asked for"), 1U);
  EXPECT_EQ(poll()["maxEvents"], 1);
  come({});
  EXPECT_EQ(error(), "");
  EXPECT_EQ(journal.count("security events can be asked for again"), 1U);
  pass(60s);
  EXPECT_EQ(poll()["maxEvents"], 32);
}

TEST_F(EventKeeperTest, HeedsRetryAfterUpToAQuarterOfItsMaxAge) {
  fail("HTTP status 429", 120s);
  EXPECT_EQ(keeper->next_tick() - clock.steady(), 120s);
  pass(120s);
  fail("HTTP status 429", 86'400s);
  EXPECT_EQ(keeper->next_tick() - clock.steady(), 900s);
}

TEST_F(EventKeeperTest, IsStaleWhenTheTransmitterIsGoneForItsMaxAgeAndWhatItSaidStays) {
  come({{"one", revokes("one", "mallory")}});
  come({});
  pass(1h);
  EXPECT_EQ(freshness(), FeedState::fresh);
  pass(1s);
  EXPECT_EQ(freshness(), FeedState::stale);
  EXPECT_EQ(journal.count("security events are stale"), 1U);
  EXPECT_TRUE(revoked_at("mallory", clock.wall() - 2h));
  start();
  EXPECT_EQ(freshness(), FeedState::stale) << "a restart makes nothing younger";
  come({});
  EXPECT_EQ(freshness(), FeedState::fresh);
}

TEST_F(EventKeeperTest, AClockThatIsSetBackMakesItNoYoungerAndTheNextAnswerCounts) {
  come({});
  clock.jump(-1h);
  keeper->tick();
  EXPECT_EQ(freshness(), FeedState::stale);
  pass(60s);
  come({});
  EXPECT_EQ(freshness(), FeedState::fresh);
  start();
  come({});
  EXPECT_EQ(freshness(), FeedState::fresh);
}

TEST_F(EventKeeperTest, AnAnswerThatIsNoneIsAFailure) {
  text = "{\"sets\":{\"one\":\"ey";
  fetcher.answer_poll({.status = FetchResult::Status::ok, .body = text});
  EXPECT_THAT(error(), HasSubstr("the answer: form: "));
  EXPECT_EQ(freshness(), FeedState::absent);
  EXPECT_FALSE(polls());
}

TEST_F(EventKeeperTest, AnEntryEndsWhenNoTokenAndNoClaimCanOutliveIt) {
  come({{"one", revokes("one", "mallory")}});
  const std::int64_t end =
      std::chrono::floor<std::chrono::seconds>(clock.wall() + 2h + 120s).time_since_epoch().count();
  EXPECT_EQ(journal.count("end=" + std::to_string(end)), 1U);
  // Then a restart leaves it out, once the transmitter has signed something that is as late.
  clock.advance(3h);
  have_keys({&first});
  start();
  EXPECT_TRUE(revoked_at("mallory", began));
  come({{"two", revokes("two", "bob")}});
  start();
  EXPECT_FALSE(revoked_at("mallory", clock.wall() - 24h));
}

TEST_F(EventKeeperTest, IsKeptForEverWhereTokensHaveNoEnd) {
  issuer.claims.max_token_age = 0s;
  configure();
  come({{"one", revokes("one", "mallory")}});
  EXPECT_EQ(journal.count("end=none"), 1U);
}

TEST_F(EventKeeperTest, SomebodyWhomNoRevocationCanNameIsSaidLoudlyAndAcknowledged) {
  come({{"one", signed_by(first, claims("one", "session-revoked",
                                        {{"subject",
                                          {{"format", "email"}, {"email", "m@example.com"}}}}))}});
  EXPECT_EQ(acks(), json({"one"}));
  EXPECT_THAT(error(), HasSubstr("by 'email'"));
  EXPECT_EQ(journal.count("whom no revocation can name"), 1U);
  EXPECT_EQ(journal.count("m@example.com"), 0U);
}

TEST_F(EventKeeperTest, AnotherNameOfTheSectionKeepsWhatItHas) {
  come({{"one", revokes("one", "mallory")}});
  section.feed.name = "renamed";
  section.digest = "digest-2";
  configure();
  EXPECT_TRUE(revoked("mallory"));
  start();
  EXPECT_TRUE(revoked("mallory"));
}

TEST_F(EventKeeperTest, AnAnswerToAnEarlierPollIsNobodys) {
  section.endpoint = "https://elsewhere.example.com/poll";
  section.digest = "digest-2";
  configure();
  keeper->tick();
  ASSERT_EQ(fetcher.polls.size(), 2U);
  come({{"one", revokes("one", "alice")}});
  EXPECT_FALSE(revoked("alice"));
  come({{"one", revokes("one", "alice")}});
  EXPECT_TRUE(revoked("alice"));
}

}  // namespace
}  // namespace latchkey::latchkeyd::event_keeper_test
