// SPDX-License-Identifier: Apache-2.0
//
// Many status lists, and servers that say nothing: no section is in another one's way.
#include "tests/unit/latchkeyd/status_keeper_host.h"

namespace latchkey::latchkeyd::status_keeper_test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(StatusKeeperTest, AServerThatSaysNothingHoldsUpItsOwnSectionAlone) {
  with_another = true;
  start();
  std::vector<std::shared_ptr<std::string>> said;
  for (int i = 0; i < 50; ++i) said.push_back(want(kOtherPlace + std::to_string(i)));
  EXPECT_THAT(asked_for(), ElementsAre(kOtherPlace + "0", kOtherPlace + "1", kOtherPlace + "2",
                                       kOtherPlace + "3"));
  fetcher.statuses.clear();
  const auto ours = want();
  EXPECT_THAT(asked_for(), ElementsAre(kUri));
  come(token(kValid));
  EXPECT_EQ(*ours, "newer");
  clock.advance(300s);
  keeper->tick();
  EXPECT_THAT(asked_for(), ElementsAre(kUri)) << "nor is it kept from being refreshed";
}

TEST_F(StatusKeeperTest, ListsTakeTurnsAndAllOfThemCome) {
  std::vector<std::shared_ptr<std::string>> said;
  for (int i = 0; i < 50; ++i) said.push_back(want(kPlace + std::to_string(i)));
  EXPECT_THAT(asked_for(), SizeIs(4));
  serve();
  for (const auto& each : said) EXPECT_EQ(*each, "newer");
  clock.advance(11s);
  keeper->hurry();
  keeper->tick();
  EXPECT_THAT(asked_for(), SizeIs(4));
  // Somebody waits for the last one, and is not behind all others.
  const auto waits = want(kPlace + "49", 1'000);
  come(token(kValid, "", fetcher.statuses[0].first.uri));
  EXPECT_EQ(asked_for().back(), kPlace + "49");
  serve();
  EXPECT_EQ(journal.count("cannot be had"), 0U);
  for (const auto& each : keeper->states()) EXPECT_EQ(each.next_fetch, clock.steady() + 300s);
}

TEST_F(StatusKeeperTest, LargeListsAreAskedForOneByOne) {
  list_bytes_most = 8'388'608;
  start();
  want(kPlace + "1");
  want(kPlace + "2");
  EXPECT_THAT(asked_for(), ElementsAre(kPlace + "1"));
  serve();
  EXPECT_THAT(*lists(), SizeIs(2));
}

// What fetchd would not ask for nobody knows anything of.
TEST_F(StatusKeeperTest, WhoeverFetchdPutsOffWaitsForItsTurn) {
  const auto said = want();
  answer({.status = FetchResult::Status::busy, .retry_after = 2s, .error = "asked too often"});
  EXPECT_EQ(*said, "");
  keeper->tick();
  EXPECT_THAT(asked_for(), IsEmpty());
  EXPECT_EQ(keeper->next_tick(), clock.steady() + 2s);
  want(kPlace + "2");
  clock.advance(1'999ms);
  keeper->tick();
  EXPECT_THAT(asked_for(), IsEmpty());
  clock.advance(1ms);
  keeper->tick();
  EXPECT_THAT(asked_for(), ElementsAre(kUri, kPlace + "2"));
  serve();
  EXPECT_EQ(*said, "newer");
  EXPECT_EQ(journal.count("cannot be had"), 0U);
}

TEST_F(StatusKeeperTest, NobodyIsWokenForAListWhoseSectionIsFull) {
  for (int i = 0; i < 5; ++i) want(kPlace + std::to_string(i));
  clock.advance(1s);
  keeper->tick();
  EXPECT_EQ(keeper->next_tick(), clock.steady() + 30s) << "the look at running logins";
  fail("HTTP status 503");
  EXPECT_THAT(asked_for(), ElementsAre(kPlace + "1", kPlace + "2", kPlace + "3", kPlace + "4"));
}

TEST_F(StatusKeeperTest, SessionsOfOneIssuerHoldTheRoomOfItsOwnSectionAlone) {
  with_another = true;
  limits = {.lists = 4, .bytes = 4};
  list_bytes_most = 1;
  start();
  for (const std::string name : {"1", "2"}) {
    want(kOtherPlace + name);
    in_use.emplace_back("https://another.example.com", kOtherPlace + name);
  }
  serve();
  EXPECT_THAT(*want(kOtherPlace + "3"), HasSubstr("no place"));
  for (const std::string name : {"1", "2", "3"}) {
    clock.advance(1s);
    const auto said = want(kPlace + name);
    serve();
    EXPECT_EQ(*said, "newer") << name;
  }
  EXPECT_EQ(held(kPlace + "1"), nullptr) << "for the third of its own";
  EXPECT_THAT(*lists(), SizeIs(4));
}

TEST_F(StatusKeeperTest, ByItsBytesASectionPushesOutItsOwnListsAlone) {
  with_another = true;
  limits.bytes = 4;
  list_bytes_most = 2;
  start();
  for (const std::string name : {"1", "2"}) want(kOtherPlace + name);
  serve();
  for (const std::string name : {"1", "2", "3"}) {
    clock.advance(1s);
    want(kPlace + name);
    serve();
  }
  EXPECT_EQ(held(kPlace + "1"), nullptr);
  EXPECT_THAT(*lists(), SizeIs(4));
}

TEST_F(StatusKeeperTest, ListsThatDoNotExistPushOutNoneThatDoes) {
  limits.lists = 2;
  start();
  have();
  for (const std::string name : {"2", "3", "4"}) {
    clock.advance(1s);
    want(kPlace + name);
    fail("HTTP status 404");
  }
  EXPECT_EQ(first(), "valid");
  EXPECT_THAT(keeper->states(), SizeIs(2));
}

TEST_F(StatusKeeperTest, StatusShowsOfEachSectionItsShareAndFirstWhatMatters) {
  with_another = true;
  limits.shown = 4;
  start();
  for (const std::string name : {"1", "2", "3"}) want(kOtherPlace + name);
  for (const std::string name : {"1", "2", "3", "4"}) want(kPlace + name);
  serve();
  in_use = {{kIssuer, kPlace + "4"}};
  clock.advance(30s);
  keeper->tick();
  want(kPlace + "3", 1'000);
  fail("HTTP status 500");
  std::vector<std::string> shown;
  for (const auto& each : keeper->states()) shown.push_back(each.uri);
  EXPECT_THAT(shown, ElementsAre(kPlace + "3", kPlace + "4", kOtherPlace + "1", kOtherPlace + "2"));
}

TEST_F(StatusKeeperTest, ASlowServerIsOneLineAndNotALineForEachMillisecond) {
  for (const std::string why :
       {"timeout: timed out after 9996 milliseconds", "timeout: timed out after 10001 milliseconds",
        "HTTP status 503", "HTTP status 404"}) {
    want();
    fail(why);
    EXPECT_EQ(error(), why);
    clock.advance(1min);
  }
  EXPECT_EQ(journal.count("a status list cannot be had"), 3U);
}

TEST_F(StatusKeeperTest, WhatAServerQuotesAnewEachTimeIsOneLine) {
  want();
  for (const char letter : {'a', 'b', 'c'}) {
    const std::string sub = std::string("https://") + letter + "/HTTP status 503";
    come(token(kValid, "", sub));
    EXPECT_THAT(error(), HasSubstr(sub));
    clock.advance(40s);
    keeper->tick();
  }
  EXPECT_EQ(journal.count("a status list cannot be had"), 1U);
  come(token(kValid, ",\"iss\":\"https://evil.example.com\""));
  EXPECT_EQ(journal.count("a status list cannot be had"), 2U) << "another cause";
}

TEST_F(StatusKeeperTest, ListsOfOneSectionHaveTheConfigurationReadAnewOnce) {
  for (int i = 0; i < 40; ++i) want(kPlace + std::to_string(i));
  const auto all = [&] {
    while (asked() > 0) answer({.status = FetchResult::Status::reload, .error = "another"});
  };
  all();
  EXPECT_EQ(reloads, 1);
  clock.advance(29s);
  keeper->tick();
  all();
  EXPECT_EQ(reloads, 1);
  clock.advance(30s);
  keeper->tick();
  all();
  EXPECT_EQ(reloads, 2) << "it may be in order by now";
  configure();
  keeper->hurry();
  keeper->tick();
  all();
  EXPECT_EQ(reloads, 3) << "that was another one";
}

TEST_F(StatusKeeperTest, NobodyWhoGaveUpStandsBeforeOneWhoWaits) {
  std::vector<std::shared_ptr<std::string>> gave_up;
  for (int i = 0; i < 100; ++i) gave_up.push_back(want(kPlace + "dead/" + std::to_string(i)));
  clock.advance(60s);
  const auto said = want(kPlace + "alive");
  EXPECT_EQ(*gave_up.back(), "not: it did not come in time");
  fail("timeout");
  ASSERT_EQ(asked_for().back(), kPlace + "alive");
  EXPECT_EQ(*said, "");
}

TEST_F(StatusKeeperTest, WhoWaitsForAListIsBounded) {
  for (int i = 0; i < 4'096; ++i) want();
  EXPECT_EQ(*want(), "not: too many wait for it already");
  clock.advance(5s);
  EXPECT_EQ(*want(), "") << "nobody of them is there any more";
}

TEST_F(StatusKeeperTest, AFetchdThatWentAwayIsNoFailureOfAList) {
  const FetchResult gone{.status = FetchResult::Status::unreachable, .error = "it went away"};
  const auto said = want();
  answer(gone);
  EXPECT_EQ(*said, "") << "it may have been restarted";
  const auto next = want();
  EXPECT_EQ(*next, "") << "nor is who comes next refused";
  EXPECT_EQ(asked(), 0U);
  clock.advance(250ms);
  keeper->tick();
  ASSERT_EQ(asked(), 1U);
  answer(gone);
  EXPECT_EQ(*said, "not: it went away");
  EXPECT_EQ(*next, "not: it went away");
  EXPECT_EQ(error(), "it went away");
  EXPECT_EQ(journal.count("a status list cannot be had"), 1U);
  const auto last = want();
  clock.advance(500ms);
  keeper->tick();
  ASSERT_EQ(asked(), 1U);
  come(token(kValid));
  EXPECT_EQ(*last, "newer");
  EXPECT_EQ(error(), "");
}

TEST_F(StatusKeeperTest, AnAnswerThatNothingChangedOfNothingIsNamed) {
  const auto said = want();
  answer({.status = FetchResult::Status::not_modified, .etag = "\"1\""});
  EXPECT_THAT(*said, HasSubstr("nothing is"));
}

}  // namespace
}  // namespace latchkey::latchkeyd::status_keeper_test
