// SPDX-License-Identifier: Apache-2.0
//
// How long a host believes a status list, over restarts and clocks, and what it forgets.
#include "tests/unit/latchkeyd/status_keeper_host.h"

namespace latchkey::latchkeyd::status_keeper_test {
namespace {

TEST_F(StatusKeeperTest, AListIsAskedForAnewBeforeItsTimeIsOver) {
  have(kValid, ",\"ttl\":60");
  clock.advance(44s);
  keeper->tick();
  EXPECT_EQ(asked(), 0U);
  clock.advance(1s);
  keeper->tick();
  ASSERT_EQ(asked(), 1U);
  EXPECT_EQ(fetcher.statuses[0].first.etag, "\"1\"");
  const auto before = held()->generation;
  answer({.status = FetchResult::Status::not_modified, .etag = "\"1\""});
  EXPECT_GT(held()->generation, before);
  clock.advance(44s);
  EXPECT_TRUE(usable()) << "it was confirmed";
}

TEST_F(StatusKeeperTest, AListWhoseTtlRanOutCountsNoMoreAndStillRevokes) {
  have(kRevoked, ",\"ttl\":60");
  clock.advance(45s);
  keeper->tick();
  fail("HTTP status 500");
  clock.advance(15s);
  EXPECT_FALSE(usable());
  EXPECT_EQ(first(), "invalid");
  const auto said = want(kUri, held()->generation);
  ASSERT_EQ(asked(), 1U);
  fail("HTTP status 502");
  EXPECT_EQ(*said, "not: HTTP status 502");
}

TEST_F(StatusKeeperTest, ATtlIsBoundedFromBothSides) {
  have(kValid, ",\"ttl\":0.5");
  clock.advance(9'999ms);
  EXPECT_TRUE(usable());
  clock.advance(1ms);
  EXPECT_FALSE(usable());
  keeper->tick();
  come(token(kValid, ",\"ttl\":100000000"));
  clock.advance(1h - 1ms);
  EXPECT_TRUE(usable());
  clock.advance(1ms);
  EXPECT_FALSE(usable()) << "max_age";
}

TEST_F(StatusKeeperTest, ExpAndTtlGoBeforeTheHeadersOfHttp) {
  const auto end = std::chrono::floor<std::chrono::seconds>(clock.wall() + 1h).time_since_epoch();
  const std::string times = ",\"ttl\":600,\"exp\":" + std::to_string(end.count());
  want();
  for (const std::chrono::seconds said : {0s, 1s, 1'000'000s}) {
    answer({.status = FetchResult::Status::ok, .body = token(kValid, times), .max_age = said});
    EXPECT_EQ(keeper->states().at(0).next_fetch, clock.steady() + 300s) << "'refresh'";
    EXPECT_EQ(held()->usable_until, clock.wall() + 600s);
    EXPECT_EQ(held()->token->expires_at, WallTime(end));
    clock.advance(300s);
    keeper->tick();
  }
}

TEST_F(StatusKeeperTest, AClockThatIsSetBackProlongsNothing) {
  have();
  clock.advance(59min);
  clock.jump(-2h);
  keeper->tick();
  clock.advance(1min);
  EXPECT_FALSE(usable());
}

TEST_F(StatusKeeperTest, WhoNeedsANewerListThanTheOneOfAMomentAgoHasNone) {
  have();
  const auto generation = held()->generation;
  EXPECT_EQ(*want(kUri, generation), "not: it was fetched a moment ago");
  EXPECT_EQ(asked(), 0U);
  clock.advance(10s);
  const auto said = want(kUri, generation);
  ASSERT_EQ(asked(), 1U);
  come(token(kRevoked));
  EXPECT_EQ(*said, "newer");
  EXPECT_EQ(first(), "invalid");
}

TEST_F(StatusKeeperTest, ARestartWithoutANetworkStillKnows) {
  have(kRevoked);
  clock.advance(10min);
  start();
  EXPECT_EQ(first(), "invalid");
  EXPECT_TRUE(usable());
  clock.advance(50min);
  EXPECT_FALSE(usable()) << "its age counts on";
}

TEST_F(StatusKeeperTest, AfterARestartAClockThatIsBehindMakesNothingYounger) {
  have(kValid);
  clock.jump(-1h);
  start();
  EXPECT_FALSE(usable());
}

TEST_F(StatusKeeperTest, AClockThatIsSetBackProlongsNothingOverARestartEither) {
  have(kValid);
  clock.advance(59min);
  clock.jump(-50min);
  keeper->tick();
  start();
  EXPECT_TRUE(usable());
  clock.advance(1min);
  EXPECT_FALSE(usable());
}

TEST_F(StatusKeeperTest, DamageOnDiskIsNoList) {
  have();
  for (const auto& file : std::filesystem::directory_iterator(state / "status")) {
    if (file.path().extension() == ".jwt") std::ofstream(file.path(), std::ios::app) << "x";
  }
  start();
  EXPECT_EQ(first(), "none");
  keeper->tick();
  ASSERT_EQ(asked(), 1U);
  EXPECT_EQ(fetcher.statuses[0].first.etag, "") << "nothing is at hand";
}

TEST_F(StatusKeeperTest, WhatARunningLoginRefersToIsAskedForThoughNobodySignsIn) {
  in_use = {{kIssuer, kUri}};
  keeper->tick();
  ASSERT_EQ(asked(), 1U) << "also where a restart lost it";
  come(token(kValid));
  for (int hours = 0; hours < 30; ++hours) {
    clock.advance(1h);
    keeper->tick();
    ASSERT_EQ(asked(), 1U) << hours;
    come(token(kValid));
  }
  in_use.clear();
  clock.advance(30s);
  keeper->tick();
  clock.advance(1h);
  keeper->tick();
  EXPECT_EQ(asked(), 0U) << "nobody uses it any more";
  EXPECT_NE(held(), nullptr);
  clock.advance(24h);
  keeper->tick();
  EXPECT_EQ(held(), nullptr);
  run();
  EXPECT_TRUE(std::filesystem::is_empty(state / "status"));
}

TEST_F(StatusKeeperTest, TheListThatWasUsedLongestAgoLeavesForANewOne) {
  limits.lists = 2;
  start();
  for (const std::string name : {"1", "2"}) {
    want(kPlace + name);
    come(token(kValid, "", kPlace + name));
    clock.advance(1s);
  }
  want(kPlace + "1");
  want(kPlace + "3");
  come(token(kValid, "", kPlace + "3"));
  EXPECT_NE(held(kPlace + "1"), nullptr);
  EXPECT_EQ(held(kPlace + "2"), nullptr);
  EXPECT_NE(held(kPlace + "3"), nullptr);
}

TEST_F(StatusKeeperTest, AListOfARunningLoginLeavesForNobody) {
  limits.lists = 1;
  start();
  have();
  in_use = {{kIssuer, kUri}};
  EXPECT_THAT(*want(kPlace + "2"), HasSubstr("no place"));
  EXPECT_NE(held(), nullptr);
}

TEST_F(StatusKeeperTest, BytesAreBoundedOverAll) {
  limits.bytes = list_bytes_most = 1;
  start();
  have();
  in_use = {{kIssuer, kUri}};
  const auto said = want(kPlace + "2");
  come(token(kValid, "", kPlace + "2"));
  EXPECT_THAT(*said, HasSubstr("no room"));
  EXPECT_EQ(held(kPlace + "2"), nullptr);
  in_use.clear();
  clock.advance(30s);
  keeper->tick();
  const auto again = want(kPlace + "2");
  ASSERT_FALSE(fetcher.statuses.empty());
  come(token(kValid, "", fetcher.statuses[0].first.uri));
  while (!fetcher.statuses.empty()) come(token(kValid, "", fetcher.statuses[0].first.uri));
  EXPECT_EQ(lists()->size(), 1U);
}

TEST_F(StatusKeeperTest, WhatTheConfigurationTakesNoMoreIsForgotten) {
  have();
  with_section = false;
  digest = "d2";
  configure();
  EXPECT_EQ(lists()->size(), 0U);
}

TEST_F(StatusKeeperTest, AnotherConfigurationOfFetchdIsReadAnew) {
  const auto said = want();
  answer({.status = FetchResult::Status::reload, .error = "another configuration"});
  EXPECT_EQ(reloads, 1);
  EXPECT_EQ(*said, "not: another configuration");
}

TEST_F(StatusKeeperTest, AnAnswerThatComesTooLateIsNobodys) {
  want();
  digest = "d2";
  configure();
  come(token(kValid));
  EXPECT_EQ(first(), "none");
  keeper->tick();
  ASSERT_EQ(asked(), 1U);
  EXPECT_EQ(fetcher.statuses[0].first.digest, "d2");
}

TEST_F(StatusKeeperTest, AnAdministratorsReloadAsksAtOnce) {
  have();
  keeper->hurry();
  keeper->tick();
  EXPECT_EQ(asked(), 1U);
}

TEST_F(StatusKeeperTest, StatusTellsOfEachList) {
  have();
  const auto states = keeper->states();
  ASSERT_EQ(states.size(), 1U);
  EXPECT_EQ(states[0].kind, "status_list");
  EXPECT_EQ(states[0].uri, kUri);
  EXPECT_EQ(states[0].issuer, "corp");
  EXPECT_EQ(states[0].bits, 2U);
  EXPECT_EQ(states[0].base_entries, 4U);
  EXPECT_EQ(states[0].bytes, 1U);
  EXPECT_EQ(states[0].feed.policy.name, "corp-status");
  EXPECT_EQ(revocation::feed_state(states[0].feed, clock.wall()), revocation::FeedState::fresh);
  EXPECT_TRUE(states[0].next_fetch);
  clock.advance(1h + 1ms);
  EXPECT_EQ(revocation::feed_state(keeper->states()[0].feed, clock.wall()),
            revocation::FeedState::stale);
}

TEST(StatusStore, GivesBackWhatItWasGiven) {
  TempDir state;
  FakeJournal journal;
  const StatusRecord record{kIssuer,         kUri,    WallTime(1s),
                            WallTime(2s),    "\"e\"", "Sun, 06 Nov 1994 08:49:37 GMT",
                            R"({"keys":[]})"};
  EXPECT_EQ(decode_status_record(encode_status_record(record)).value(), record);
  std::string damaged = encode_status_record(record);
  damaged.replace(damaged.find("1000"), 4, "1001");
  EXPECT_THAT(decode_status_record(damaged).error(), HasSubstr("checksum"));
  EXPECT_FALSE(decode_status_record("{}"));
  EXPECT_FALSE(decode_status_record("[]"));
  StatusStore store(state.path(), journal);
  ASSERT_TRUE(store.put(record, "token"));
  StatusRecord later = record;
  later.fetched_at = WallTime(3s);
  ASSERT_TRUE(store.confirm(later));
  auto all = StatusStore(state.path(), journal).load(10, 1'000);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].record, later);
  EXPECT_EQ(all[0].token, "token");
  EXPECT_EQ(store.load(10, 3)[0].token, "") << "beyond its bound";
  store.remove(kIssuer, kUri);
  EXPECT_TRUE(store.load(10, 1'000).empty());
}

TEST(StatusStore, AFolderThatIsNotOursAloneIsNotUsed) {
  TempDir state;
  FakeJournal journal;
  std::filesystem::create_directory(state / "status");
  std::filesystem::permissions(state / "status", std::filesystem::perms(0777));
  StatusStore store(state.path(), journal);
  EXPECT_FALSE(store.put({kIssuer, kUri, {}, {}, "", ""}, "token"));
  EXPECT_EQ(journal.count("status lists are not stored"), 1U);
}

TEST_F(StatusKeeperTest, ARestartTakesNothingBackWhereTheListsTimeIsOverOrTheClockIsBehind) {
  const auto end = std::chrono::floor<std::chrono::seconds>(clock.wall() + 2h).time_since_epoch();
  have(kRevoked, ",\"exp\":" + std::to_string(end.count()));
  clock.advance(3h);
  start();
  EXPECT_EQ(first(), "invalid");
  EXPECT_FALSE(held()->token->in_force(clock.wall()));
  clock.jump(-48h);
  start();
  EXPECT_EQ(first(), "invalid");
}

// Whoever died between the two has a record that is older than the list beside it.
TEST_F(StatusKeeperTest, AnOlderListIsARollbackAlsoWhereTheRecordMissedTheLastOne) {
  have(kValid);
  const std::string between = token(kValid);
  const std::string folder = std::string(state.path()) + "/status";
  std::string record;
  for (const auto& each : std::filesystem::directory_iterator(folder))
    if (each.path().extension() == ".json") record = each.path();
  std::filesystem::copy_file(record, record + ".old");
  clock.advance(1h);
  want(kUri, held()->generation);
  come(token(kRevoked));
  EXPECT_EQ(first(), "invalid");
  std::filesystem::rename(record + ".old", record);
  start();
  EXPECT_EQ(first(), "invalid");
  keeper->tick();
  come(between);
  EXPECT_EQ(first(), "invalid");
  EXPECT_THAT(error(), HasSubstr("old: "));
}

}  // namespace
}  // namespace latchkey::latchkeyd::status_keeper_test
