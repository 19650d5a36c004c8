// SPDX-License-Identifier: Apache-2.0
//
// What a host makes of a revocation stream: what goes to work, what is kept, what is missed.
#include "daemon/latchkeyd/service/stream_keeper.h"

#include "tests/unit/latchkeyd/stream_keeper_host.h"

namespace latchkey::latchkeyd::stream_keeper_test {
namespace {

TEST_F(StreamKeeperTest, AnItemIsInForceInTheCallThatBringsIt) {
  EXPECT_EQ(after(), "0-0");
  EXPECT_EQ(freshness(), FeedState::absent);
  ipc::fetch::StreamBatch batch;
  batch.items = {{"1-0", item(5, 0, user_entry("mallory"))}};
  published = 0;
  body = encode(batch);
  fetcher.answer_items({.status = FetchResult::Status::ok, .body = body});
  // Neither the disk nor another turn of the loop was waited for.
  EXPECT_TRUE(revoked("mallory")) << error();
  EXPECT_EQ(published, 1);
  EXPECT_TRUE(fetcher.streams.empty()) << "nothing counts as read before it is durable";
  run();
  EXPECT_EQ(after(), "1-0");
  EXPECT_FALSE(revoked("alice"));
  EXPECT_EQ(journal.count("a revocation of a stream is in force stream=now kind=user"), 1U);
}

TEST_F(StreamKeeperTest, ARestartForgetsNothingAndReadsOn) {
  come({item(5, 0, user_entry("mallory")), beat(6, 5)});
  come({item(7, 5, user_entry("bob"))});
  start();
  EXPECT_EQ(after(), "3-0");
  EXPECT_TRUE(revoked("mallory") && revoked("bob"));
  EXPECT_EQ(freshness(), FeedState::fresh) << error();
  // What is served again is known; what follows is the next.
  come({item(7, 5, user_entry("bob")), item(8, 7, user_entry("carol"))});
  EXPECT_TRUE(revoked("carol"));
  EXPECT_EQ(freshness(), FeedState::fresh) << error();
}

TEST_F(StreamKeeperTest, WhatTheDiskDoesNotTakeIsInForceAndIsReadAgain) {
  come({beat(5, 0)});
  std::filesystem::remove_all(std::string(state.path()) + "/streams");
  std::ofstream(std::string(state.path()) + "/streams") << "a file in its place";
  const std::string text = item(6, 0, user_entry("mallory"));
  come({text});
  EXPECT_TRUE(revoked("mallory"));
  EXPECT_THAT(error(), HasSubstr("storage: "));
  EXPECT_TRUE(fetcher.streams.empty());
  std::filesystem::remove(std::string(state.path()) + "/streams");
  clock.advance(1s);
  keeper->tick();
  EXPECT_EQ(after(), "1-0");
  entry = 1;
  come({text});
  EXPECT_EQ(after(), "2-0");
  start();
  EXPECT_TRUE(revoked("mallory"));
}

TEST_F(StreamKeeperTest, AGapIsStaleUntilWhatIsMissingCame) {
  come({beat(5, 0)});
  const std::string missing = item(6, 0, user_entry("bob"));
  const std::string next = item(7, 6, user_entry("mallory"));
  come({next});
  EXPECT_TRUE(revoked("mallory"));
  EXPECT_EQ(freshness(), FeedState::stale);
  EXPECT_THAT(error(), HasSubstr("incomplete"));
  start();
  EXPECT_EQ(freshness(), FeedState::stale) << "a restart makes nothing whole";
  come({missing, next});
  EXPECT_TRUE(revoked("bob"));
  EXPECT_EQ(freshness(), FeedState::fresh) << error();
}

TEST_F(StreamKeeperTest, ABeatTellsOfWhatAnotherWriterSent) {
  const auto other = jose::JwkSet::parse(latchkey::testing::jwk_set({second.jwk()})).value();
  const std::string thumbprint(other.keys()[0].thumbprint());
  come({item(5, 0, "", ",\"max_age\":60,\"seen\":{\"" + thumbprint + "\":9}")});
  EXPECT_EQ(freshness(), FeedState::stale);
  come({signed_by(second, 9, 0, user_entry("bob"))});
  EXPECT_EQ(freshness(), FeedState::fresh) << error();
}

TEST_F(StreamKeeperTest, IsStaleWhenNoBeatComesForItsMaxAge) {
  come({beat(5, 0)});
  clock.advance(60s);
  EXPECT_EQ(freshness(), FeedState::fresh);
  clock.advance(1s);
  keeper->tick();
  EXPECT_EQ(freshness(), FeedState::stale);
  EXPECT_EQ(journal.count("a revocation stream is stale"), 1U);
  come({beat(6, 0)});
  EXPECT_EQ(freshness(), FeedState::fresh);
}

TEST_F(StreamKeeperTest, ATrimmedStreamStaysIncompleteOverARestart) {
  come({beat(5, 0)}, true);
  EXPECT_EQ(freshness(), FeedState::stale);
  EXPECT_THAT(error(), HasSubstr("trimmed"));
  start();
  EXPECT_EQ(freshness(), FeedState::stale);
}

TEST_F(StreamKeeperTest, WhatNoKeyOfTheStreamSignedIsNamedAndPassedOver) {
  const SigningKey stranger = SigningKey::generate(jose::Algorithm::es256, "first");
  come({beat(5, 0)});
  come({"nonsense", signed_by(stranger, 6, 5, user_entry("alice"))});
  EXPECT_FALSE(revoked("alice"));
  EXPECT_THAT(error(), HasSubstr("item 3-0: "));
  EXPECT_EQ(journal.count("an item of a revocation stream is refused stream=now id=2-0"), 1U);
  clock.advance(250ms);
  keeper->tick();
  EXPECT_EQ(after(), "3-0");
  EXPECT_EQ(freshness(), FeedState::fresh);
}

TEST_F(StreamKeeperTest, NamesItsKeysSoThatNoIssuersCopyOfThemVerifiesATokenElsewhere) {
  const auto thumbprint = [](const SigningKey& key) {
    const auto set = jose::JwkSet::parse(latchkey::testing::jwk_set({key.jwk()})).value();
    return std::string(set.keys()[0].thumbprint());
  };
  EXPECT_THAT(keeper->keys(),
              ::testing::UnorderedElementsAre(thumbprint(first), thumbprint(second)));
  keys = {&second};
  digest = "digest-2";
  configure();
  EXPECT_THAT(keeper->keys(), ::testing::ElementsAre(thumbprint(second)));
}

TEST_F(StreamKeeperTest, AKeyThatIsTakenAwayTakesItsItemsAlongAndANewOneHasAllReadAgain) {
  come({item(5, 0, user_entry("bob")), signed_by(second, 9, 0, user_entry("mallory"))});
  keys = {&second};
  digest = "digest-2";
  configure();
  EXPECT_FALSE(revoked("bob"));
  EXPECT_TRUE(revoked("mallory"));
  fetcher.streams.clear();
  keeper->tick();
  EXPECT_EQ(after(), "0-0");
}

TEST_F(StreamKeeperTest, AnAnswerToAnEarlierQuestionIsNobodys) {
  digest = "digest-2";
  configure();  // elsewhere: it is asked for anew
  keeper->tick();
  ASSERT_EQ(fetcher.streams.size(), 2U);
  come({item(5, 0, user_entry("alice"))});
  EXPECT_FALSE(revoked("alice"));
  entry = 0;
  come({item(5, 0, user_entry("alice"))});
  EXPECT_TRUE(revoked("alice"));
}

TEST_F(StreamKeeperTest, TriesAgainInGrowingPausesAndSaysItOnce) {
  const FetchResult down{.status = FetchResult::Status::failed, .error = "connect: refused"};
  for (const auto pause : {250ms, 500ms, 1'000ms, 2'000ms}) {
    answer(down);
    EXPECT_EQ(keeper->next_tick() - clock.steady(), pause);
    clock.advance(pause);
    keeper->tick();
  }
  EXPECT_EQ(error(), "connect: refused");
  EXPECT_EQ(journal.count("a revocation stream cannot be read"), 1U);
  come({});
  EXPECT_EQ(error(), "");
  EXPECT_EQ(journal.count("a revocation stream can be read again"), 1U);
}

TEST_F(StreamKeeperTest, ADamagedFileIsReadFromTheBeginningAndLosesNoGoodItem) {
  come({item(5, 0, user_entry("mallory"))});
  come({item(6, 5, user_entry("bob"))});
  std::fstream damage(file(), std::ios::in | std::ios::out | std::ios::ate);
  damage.seekp(-3, std::ios::end);
  damage << "x";
  damage.close();
  start();
  EXPECT_EQ(after(), "0-0");
  EXPECT_TRUE(revoked("mallory") && revoked("bob"));
}

}  // namespace
}  // namespace latchkey::latchkeyd::stream_keeper_test
