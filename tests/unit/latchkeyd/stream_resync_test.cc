// SPDX-License-Identifier: Apache-2.0
//
// What a host makes of a stream that lies, by a clock or by whoever holds Redis: what was missed is
// looked for, and nothing that was signed is passed over.
#include "tests/unit/latchkeyd/stream_keeper_host.h"

namespace latchkey::latchkeyd::stream_keeper_test {
namespace {

class StreamResyncTest : public StreamKeeperTest {
 protected:
  void later(std::chrono::milliseconds time) {
    clock.advance(time);
    keeper->tick();
    // Of two questions that are open the earlier one is nobody's any more.
    while (fetcher.streams.size() > 1) answer({.status = FetchResult::Status::failed, .error = ""});
  }
  void come_to_end(std::vector<std::string> items, const std::string& end) {
    ipc::fetch::StreamBatch batch;
    batch.trimmed = true;
    batch.end = end;
    for (std::string& each : items)
      batch.items.push_back({std::to_string(++entry) + "-0", std::move(each)});
    answer({.status = FetchResult::Status::ok, .body = body = encode(batch)});
  }
  std::string mallory_until(std::chrono::seconds in) {
    const auto end = std::chrono::floor<std::chrono::seconds>(clock.wall()) + in;
    std::string text = user_entry("mallory");
    text.pop_back();
    return text + ",\"end\":" + std::to_string(end.time_since_epoch().count()) + "}";
  }
};

TEST_F(StreamResyncTest, WhatWasSignedAheadOfThisClockRevokesAndDatesNothing) {
  come({beat(5, 0)});
  clock.jump(1h);
  const std::string text = item(6, 0, user_entry("mallory"));
  const std::string ahead = beat(7, 6);
  clock.jump(-1h);
  come({text, ahead});
  EXPECT_TRUE(revoked("mallory"));
  EXPECT_THAT(error(), HasSubstr("ahead"));
  EXPECT_EQ(freshness(), FeedState::fresh) << "by the beat of before";
  start();
  EXPECT_TRUE(revoked("mallory"));
  come({beat(8, 6)});
  EXPECT_EQ(freshness(), FeedState::fresh) << error();
  clock.advance(61s);
  EXPECT_EQ(freshness(), FeedState::stale);
}

TEST_F(StreamResyncTest, WhatRevokesAndWasSignedAheadDatesNothingAfterARestartEither) {
  come({beat(5, 0)});
  clock.jump(24h);
  const std::string text = item(6, 0, user_entry("mallory"), ",\"max_age\":60");
  clock.jump(-24h);
  come({text});
  start();
  EXPECT_TRUE(revoked("mallory"));
  EXPECT_EQ(freshness(), FeedState::fresh) << error();
  clock.advance(30s);
  come({beat(7, 6)});
  clock.advance(59s);
  EXPECT_EQ(freshness(), FeedState::fresh) << "by the beat, which the item does not outdo";
}

TEST_F(StreamResyncTest, AnEndIsNotBelievedToHaveComeByThisClockAlone) {
  come({item(5, 0, mallory_until(1h)), beat(6, 5)});
  clock.jump(24h);
  start();  // writes all of it anew with the next item, by a clock that is ahead
  come({item(7, 5, user_entry("bob"))});
  clock.jump(-24h);
  start();
  EXPECT_TRUE(revoked("mallory") && revoked("bob"));
  // Once somebody has signed later than that, it is over.
  clock.advance(2h);
  come({beat(8, 7)});
  start();
  come({item(9, 7, user_entry("carol"))});
  start();
  EXPECT_FALSE(revoked("mallory"));
  EXPECT_TRUE(revoked("bob") && revoked("carol"));
}

TEST_F(StreamResyncTest, AWriterThatLostCountRevokesAllTheSame) {
  come({item(50, 0, user_entry("mallory")), beat(51, 50)});
  come({item(7, 6, user_entry("bob"))});
  EXPECT_TRUE(revoked("bob"));
  come({item(50, 0, user_entry("carol"))});
  EXPECT_TRUE(revoked("carol"));
  EXPECT_EQ(freshness(), FeedState::fresh) << error();
  start();
  EXPECT_TRUE(revoked("mallory") && revoked("bob") && revoked("carol"));
}

TEST_F(StreamResyncTest, OtherKeysWithAReloadOfAnotherSectionHaveAllReadAgain) {
  keys = {&second};
  configure();
  keeper->tick();
  while (fetcher.streams.size() > 1) answer({.status = FetchResult::Status::failed, .error = ""});
  const std::string early = item(5, 0, user_entry("bob"));
  come({early});
  EXPECT_FALSE(revoked("bob"));
  later(250ms);
  keys = {&first, &second};
  configure();  // while a question is open, and of a section that says what it said
  keeper->tick();
  come({beat(6, 5)});
  EXPECT_EQ(after(), "0-0");
  entry = 0;
  come({early, beat(6, 5)});
  EXPECT_TRUE(revoked("bob"));
}

TEST_F(StreamResyncTest, AGapHasTheStreamReadAgainInGrowingPauses) {
  come({beat(5, 0)});
  const std::string missing = item(6, 0, user_entry("bob"));
  const std::string next = item(7, 6, user_entry("mallory"));
  come({next});
  EXPECT_LE(keeper->next_tick(), clock.steady());
  later(0s);
  EXPECT_EQ(after(), "0-0");
  come({next});
  EXPECT_EQ(freshness(), FeedState::stale);
  EXPECT_EQ(keeper->next_tick() - clock.steady(), 1s);
  later(1s);
  come({next});
  EXPECT_EQ(keeper->next_tick() - clock.steady(), 2s);
  later(2s);
  come({missing, next});
  EXPECT_TRUE(revoked("bob"));
  EXPECT_EQ(freshness(), FeedState::fresh) << error();
}

TEST_F(StreamResyncTest, WhatIsGoneIsForgivenWhenAllThatIsLeftIsWholeByALaterBeat) {
  const std::string text = item(6, 0, user_entry("mallory"));
  const std::string before = beat(7, 6);
  come({beat(5, 0), text, before});
  come({}, true);  // something was taken away: junk, for all that anybody knows
  EXPECT_EQ(freshness(), FeedState::stale);
  later(0s);
  come_to_end({text, before}, "9-0");
  EXPECT_EQ(freshness(), FeedState::stale) << "whoever signed that beat did not know of it";
  EXPECT_EQ(after(), "9-0") << "what is gone is behind";
  clock.advance(1s);
  come({beat(8, 6)});
  EXPECT_EQ(freshness(), FeedState::fresh) << error();
  start();
  EXPECT_EQ(freshness(), FeedState::fresh) << error();
}

TEST_F(StreamResyncTest, AShortBatchBehindWhichThereIsMoreIsNotTheEnd) {
  const std::string text = item(6, 0, user_entry("mallory"));
  come({beat(5, 0), text});
  come({}, true);
  later(0s);
  clock.advance(1s);
  ipc::fetch::StreamBatch batch;
  batch.items = {{"1-0", text}, {"2-0", beat(7, 6)}};
  batch.more = true;
  answer({.status = FetchResult::Status::ok, .body = body = encode(batch)});
  EXPECT_EQ(freshness(), FeedState::stale) << "nobody knows what else there is";
  entry = 2;
  come({beat(8, 6)});
  EXPECT_EQ(freshness(), FeedState::fresh) << error();
}

TEST_F(StreamResyncTest, WhatIsGoneAndMissedIsNotForgiven) {
  come({beat(5, 0)});
  come({}, true);
  later(0s);
  clock.advance(1s);
  come_to_end({beat(7, 6)}, "9-0");
  EXPECT_EQ(freshness(), FeedState::stale);
  EXPECT_THAT(error(), HasSubstr("incomplete"));
}

TEST_F(StreamResyncTest, ADamagedFileMayHaveSaidThatSomethingWasMissed) {
  const std::string before = beat(5, 0);
  come({before});
  EXPECT_EQ(freshness(), FeedState::fresh) << error();
  std::fstream damage(file(), std::ios::in | std::ios::out | std::ios::ate);
  damage.seekp(-3, std::ios::end);
  damage << "x";
  damage.close();
  start();
  EXPECT_EQ(freshness(), FeedState::stale);
  later(1s);
  entry = 0;
  come({before});
  EXPECT_EQ(freshness(), FeedState::stale);
  come({beat(6, 0)});
  EXPECT_EQ(freshness(), FeedState::fresh) << error();
}

TEST_F(StreamResyncTest, AReloadThatChangesNothingAsksForNothing) {
  come({beat(5, 0)});
  const std::size_t asked = fetcher.streams.size();
  configure();
  keeper->tick();
  EXPECT_EQ(fetcher.streams.size(), asked);
}

TEST_F(StreamResyncTest, AFloodOfNonsenseIsALineAMinute) {
  come({beat(5, 0)});
  for (int i = 0; i < 20; ++i) {
    come({"nonsense", "more of it"});
    later(250ms);
  }
  EXPECT_EQ(journal.count("an item of a revocation stream is refused"), 1U);
  later(60s);
  come({"nonsense"});
  EXPECT_EQ(journal.count("an item of a revocation stream is refused"), 2U);
  EXPECT_EQ(journal.count("an item of a revocation stream is refused stream=now id=42-0 error="),
            1U);
  EXPECT_FALSE(revoked("alice"));
}

TEST_F(StreamResyncTest, JunkEntryByEntryIsReadManyAtOnceAndWhatLiesThereAtFullSpeed) {
  come({beat(5, 0)});
  come({"nonsense"});
  EXPECT_TRUE(fetcher.streams.empty()) << "more of it comes meanwhile";
  EXPECT_EQ(keeper->next_tick() - clock.steady(), 250ms);
  later(250ms);
  come(std::vector<std::string>(ipc::fetch::kItemsInBatch, "nonsense"));
  EXPECT_EQ(fetcher.streams.size(), 1U) << "there may be an item behind it";
  come({"nonsense", item(6, 0, user_entry("mallory"))});
  EXPECT_TRUE(revoked("mallory"));
  EXPECT_EQ(fetcher.streams.size(), 1U);
}

TEST_F(StreamResyncTest, AWriterThatForgotWhatItSentDoesNotHaveItForgotten) {
  come({item(5, 0, user_entry("mallory")), beat(6, 5)});
  come({item(9, 0, user_entry("bob"))});
  EXPECT_TRUE(revoked("mallory") && revoked("bob"));
  EXPECT_EQ(freshness(), FeedState::stale) << "who knows what was between";
  EXPECT_THAT(error(), HasSubstr("incomplete"));
}

TEST_F(StreamResyncTest, WhatSomebodySpokeOfIsMissedOverARestartAndUnderOtherKeysToo) {
  const auto set = jose::JwkSet::parse(latchkey::testing::jwk_set({first.jwk()})).value();
  const std::string own(set.keys()[0].thumbprint());
  come({item(5, 0, user_entry("mallory"))});
  come({signed_by(second, 1, 0, "", ",\"max_age\":60,\"seen\":{\"" + own + "\":8}")});
  EXPECT_EQ(freshness(), FeedState::stale);
  clock.advance(1s);
  come({signed_by(second, 2, 0, "", ",\"max_age\":60")});  // it has taken the other one's place
  later(1s);
  come({});
  start();
  EXPECT_EQ(freshness(), FeedState::stale) << "a restart makes nothing whole";
  const SigningKey third = SigningKey::generate(jose::Algorithm::es256, "third");
  keys = {&first, &second, &third};
  digest = "digest-2";
  configure();
  EXPECT_EQ(freshness(), FeedState::stale) << "nor does another key";
  keys = {&first, &second};
}

TEST_F(StreamResyncTest, EachNumberThatSomebodySpokeOfIsMissedOverARestart) {
  const auto set = jose::JwkSet::parse(latchkey::testing::jwk_set({first.jwk()})).value();
  const std::string own(set.keys()[0].thumbprint());
  come({item(5, 0, user_entry("mallory"))});
  for (const int seq : {8, 20}) {
    come({signed_by(second, static_cast<std::uint64_t>(seq), 0, "",
                    ",\"max_age\":60,\"seen\":{\"" + own + "\":" + std::to_string(seq) + "}")});
    clock.advance(1s);
  }
  come({signed_by(second, 21, 0, "", ",\"max_age\":60")});  // it has taken their place
  start();
  come({item(8, 5, user_entry("bob"))});
  EXPECT_EQ(freshness(), FeedState::stale) << "20 is missing still";
  come({item(20, 8, user_entry("carol"))});
  EXPECT_EQ(freshness(), FeedState::fresh) << error();
}

TEST_F(StreamResyncTest, NoNumberThatSomebodySpokeOfIsPassedOverAfterARestart) {
  const auto set = jose::JwkSet::parse(latchkey::testing::jwk_set({first.jwk()})).value();
  const std::string own(set.keys()[0].thumbprint());
  come({item(5, 0, user_entry("mallory"))});
  for (const std::uint64_t seq : {8U, 20U}) {
    come({signed_by(second, seq, 0, "",
                    ",\"max_age\":60,\"seen\":{\"" + own + "\":" + std::to_string(seq) + "}")});
    clock.advance(1s);
  }
  come({signed_by(second, 21, 0, "", ",\"max_age\":60")});
  start();
  come({item(20, 5, user_entry("carol"))});
  EXPECT_EQ(freshness(), FeedState::stale) << "8 is not forgotten";
}

// Whoever stole it may have spoken of numbers that nobody will ever send.
TEST_F(StreamResyncTest, WhatAKeySpokeOfThatWasTakenAwayIsWaitedForNoLonger) {
  const auto set = jose::JwkSet::parse(latchkey::testing::jwk_set({first.jwk()})).value();
  const std::string own(set.keys()[0].thumbprint());
  come({item(5, 0, user_entry("mallory"))});
  come(
      {signed_by(second, 1, 0, "", ",\"max_age\":60,\"seen\":{\"" + own + "\":9007199254740991}")});
  EXPECT_EQ(freshness(), FeedState::stale);
  keys = {&first};
  digest = "digest-2";
  configure();
  entry = 0;
  come({item(5, 0, user_entry("mallory"))});
  EXPECT_NE(freshness(), FeedState::fresh) << "until somebody has looked";
  later(1s);
  clock.advance(1s);
  come({beat(9, 5)});
  EXPECT_EQ(freshness(), FeedState::fresh) << error();
  EXPECT_TRUE(revoked("mallory"));
  keys = {&first, &second};
}

TEST_F(StreamResyncTest, ABeatThatIsLostLosesNothing) {
  come({item(5, 0, user_entry("mallory"))});
  come({beat(9, 5)});  // one of 7 never came
  EXPECT_EQ(freshness(), FeedState::fresh) << error();
  come({item(10, 5, user_entry("bob"))});
  EXPECT_EQ(freshness(), FeedState::fresh) << error();
}

TEST_F(StreamResyncTest, WhatAWriterSaysIsLostIsMissedNoLongerAndWhatWasHeardStays) {
  come({item(5, 0, user_entry("mallory"))});
  come({item(8, 7, user_entry("bob")), beat(9, 8)});
  EXPECT_EQ(freshness(), FeedState::stale);
  const auto set = jose::JwkSet::parse(latchkey::testing::jwk_set({first.jwk()})).value();
  const std::string own(set.keys()[0].thumbprint());
  come({signed_by(second, 1, 0, "", ",\"max_age\":60,\"lost\":{\"" + own + "\":[5,8]}")});
  EXPECT_EQ(freshness(), FeedState::fresh) << error();
  EXPECT_TRUE(revoked("mallory") && revoked("bob"));
  clock.advance(1s);
  come({beat(10, 8), item(11, 8, user_entry("carol"))});
  start();
  EXPECT_EQ(freshness(), FeedState::fresh) << error();
  EXPECT_TRUE(revoked("mallory") && revoked("bob") && revoked("carol"));
}

// Redis would have a new host take that one beat for all that there was.
TEST_F(StreamResyncTest, WhatIsSaidToBeLostHidesNothingThatCameBefore) {
  const auto set = jose::JwkSet::parse(latchkey::testing::jwk_set({first.jwk()})).value();
  const std::string own(set.keys()[0].thumbprint());
  const std::string given_up =
      signed_by(second, 1, 0, "", ",\"max_age\":60,\"lost\":{\"" + own + "\":[5,8]}");
  come({given_up});
  EXPECT_EQ(freshness(), FeedState::stale);
  clock.advance(1s);
  start();
  come({});
  EXPECT_EQ(freshness(), FeedState::stale) << "nor over a restart";
  later(10s);
  EXPECT_EQ(after(), "0-0");
  entry = 0;
  come({item(5, 0, user_entry("mallory")), item(8, 7, user_entry("bob")), given_up});
  EXPECT_EQ(freshness(), FeedState::fresh) << error();
  EXPECT_TRUE(revoked("mallory") && revoked("bob"));
}

TEST_F(StreamResyncTest, MoreItemsThanCanBeKeptAreInForceAndReadingStopsThere) {
  held_most = 2;
  start();
  come({item(5, 0, user_entry("mallory")), item(6, 5, user_entry("bob")), beat(7, 6)});
  EXPECT_EQ(error(), "");
  come({item(8, 6, user_entry("carol"))});
  EXPECT_TRUE(revoked("mallory") && revoked("bob") && revoked("carol"));
  EXPECT_THAT(error(), HasSubstr("more items than can be kept"));
  EXPECT_TRUE(fetcher.streams.empty());
  clock.advance(10s);
  keeper->tick();
  EXPECT_EQ(after(), "3-0") << "what was not kept is read again";
}

}  // namespace
}  // namespace latchkey::latchkeyd::stream_keeper_test
