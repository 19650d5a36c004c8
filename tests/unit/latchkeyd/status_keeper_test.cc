// SPDX-License-Identifier: Apache-2.0
//
// What a host makes of status lists: when it asks, what it takes, how long it believes that, and
// what it forgets.
#include "daemon/latchkeyd/service/status_keeper.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/jose/base64url.h"
#include "tests/support/signing.h"
#include "tests/unit/latchkeyd/fakes.h"
#include "tests/unit/latchkeyd/key_fakes.h"
#include "tests/unit/revocation/packed.h"

namespace latchkey::latchkeyd {
namespace {

using namespace std::chrono_literals;
using latchkey::testing::SigningKey;
using revocation::TokenStatus;
using testing::FakeClock;
using testing::FakeFetcher;
using testing::FakeJournal;
using ::testing::HasSubstr;
using testing::TempDir;
using testing::TestLoop;

const std::string kIssuer = "https://corp.example.com";
const std::string kPlace = "https://status.example.com/";
const std::string kUri = kPlace + "1";
// Two bits each; 0b11100100 and 0b11100101: the first status is valid, or revoked.
const std::string kValid("\x78\xda\x7b\x02\x00\x00\xe5\x00\xe5", 9);
const std::string kRevoked("\x78\xda\x7b\x0a\x00\x00\xe6\x00\xe6", 9);

class StatusKeeperTest : public ::testing::Test {
 protected:
  StatusKeeperTest() { start(); }

  void start() {
    keeper.reset();
    fetcher.statuses.clear();
    run();
    store.emplace(state.path(), journal);
    keeper = std::make_unique<StatusKeeper>(
        StatusKeeper::Parts{.control = loop,
                            .builder = builder,
                            .clock = clock,
                            .journal = journal,
                            .fetcher = fetcher,
                            .store = *store,
                            .issuer_keys = [this](std::size_t) { return issuer_keys; },
                            .newer_keys =
                                [this](const std::string&, std::function<void()> done) {
                                  ++keys_asked;
                                  if (on_keys) on_keys();
                                  done();
                                },
                            .in_use = [this] { return in_use; },
                            .hooks = {.publish =
                                          [this](std::function<void()> done) {
                                            ++published;
                                            done();
                                          },
                                      .reload = [this] { ++reloads; },
                                      .rescheduled = {},
                                      .random = [] { return 0U; }},
                            .limits = limits});
    configure();
    keeper->take_up();
  }

  void configure() {
    config::StatusListSource section;
    section.name = "corp-status";
    section.issuers = {"corp"};
    section.uris = {kPlace};
    section.unknown_refuses = {"*"};
    section.digest = digest;
    section.keys = section_keys;
    auto config =
        std::make_shared<config::Config>(*testing::config_of({testing::issuer_config("corp")}));
    if (with_section) config->revocation.status_lists.push_back(section);
    keeper->configure(config);
  }

  std::string token(const std::string& lst, const std::string& more = {},
                    const std::string& uri = kUri, const SigningKey* by = nullptr,
                    std::chrono::seconds ago = 0s) const {
    const SigningKey& key = by != nullptr ? *by : own;
    const auto iat =
        std::chrono::floor<std::chrono::seconds>(clock.wall() - ago).time_since_epoch().count();
    return key.token("{\"alg\":\"" + std::string(jose::algorithm_name(key.algorithm())) +
                         "\",\"kid\":\"" + key.kid() + "\",\"typ\":\"statuslist+jwt\"}",
                     "{\"iss\":\"" + kIssuer + "\",\"sub\":\"" + uri + "\",\"iat\":" +
                         std::to_string(iat) + more + ",\"status_list\":{\"bits\":2,\"lst\":\"" +
                         jose::encode_base64url(lst) + "\"}}");
  }

  void run() {
    while (loop.run_ready() + builder.run_ready() > 0) {
    }
  }
  void answer(const FetchResult& result) {
    fetcher.answer_status(result);
    run();
  }
  void come(const std::string& text, std::string etag = "\"1\"") {
    answer({.status = FetchResult::Status::ok, .body = text, .etag = std::move(etag)});
  }
  void fail(std::string why, std::optional<std::chrono::seconds> retry_after = {}) {
    answer({.status = FetchResult::Status::failed,
            .retry_after = retry_after,
            .error = std::move(why)});
  }
  // A login wants it: "newer", why not, or "" while it waits.
  std::shared_ptr<std::string> want(const std::string& uri = kUri, std::uint64_t seen = 0) {
    auto said = std::make_shared<std::string>();
    keeper->request({"corp", uri, seen}, [said](const StatusReply& reply) {
      *said = reply.newer ? "newer" : "not: " + reply.error;
    });
    return said;
  }
  void have(const std::string& lst = kValid, const std::string& more = {}) {
    want();
    come(token(lst, more));
  }
  std::shared_ptr<const revocation::StatusLists> lists() {
    RevocationFeed::Gathered gathered;
    keeper->gather(gathered);
    return gathered.statuses;
  }
  const revocation::HeldStatusList* held(const std::string& uri = kUri) {
    kept = lists();
    return kept->find(kIssuer, uri);
  }
  std::string first() {
    return held() == nullptr ? "none" : std::string(token_status_name(held()->token->list.at(0)));
  }
  bool usable() { return held() != nullptr && clock.wall() < held()->usable_until; }
  std::string error() { return keeper->states().at(0).last_error.value_or(""); }
  std::size_t asked() const { return fetcher.statuses.size(); }

  TempDir state;
  FakeClock clock;
  FakeJournal journal;
  FakeFetcher fetcher;
  TestLoop loop;
  TestLoop builder;
  SigningKey own = SigningKey::of_the_rfc("own");
  SigningKey other = SigningKey::generate(jose::Algorithm::es256, "other");
  std::shared_ptr<const jose::JwkSet> issuer_keys = set_of({own.jwk()});
  issuer::InlineKeys section_keys;
  std::function<void()> on_keys;
  std::vector<std::pair<std::string, std::string>> in_use;
  StatusKeeper::Limits limits;
  std::string digest = "d1";
  bool with_section = true;
  int published = 0;
  int reloads = 0;
  int keys_asked = 0;
  std::optional<StatusStore> store;
  std::unique_ptr<StatusKeeper> keeper;
  std::shared_ptr<const revocation::StatusLists> kept;

  static std::shared_ptr<const jose::JwkSet> set_of(std::initializer_list<std::string> jwks) {
    return std::make_shared<const jose::JwkSet>(
        jose::JwkSet::parse(latchkey::testing::jwk_set(jwks)).value());
  }
};

TEST_F(StatusKeeperTest, NobodyIsAskedBeforeATokenRefersToAList) {
  keeper->tick();
  clock.advance(2h);
  keeper->tick();
  EXPECT_EQ(asked(), 0U);
  EXPECT_EQ(lists()->size(), 0U);
}

TEST_F(StatusKeeperTest, AllWhoWaitForAListShareOneQuestion) {
  const auto one = want();
  const auto two = want();
  ASSERT_EQ(asked(), 1U);
  EXPECT_EQ(fetcher.statuses[0].first.uri, kUri);
  EXPECT_EQ(fetcher.statuses[0].first.section, "corp-status");
  EXPECT_EQ(fetcher.statuses[0].first.digest, "d1");
  EXPECT_EQ(*one, "");
  come(token(kValid));
  EXPECT_EQ(*one, "newer");
  EXPECT_EQ(*two, "newer");
  EXPECT_EQ(first(), "valid");
  EXPECT_TRUE(usable());
  EXPECT_EQ(*want(), "newer") << "and who comes later has it already";
  EXPECT_EQ(asked(), 0U);
  EXPECT_EQ(journal.count("a status list is in force"), 1U);
}

TEST_F(StatusKeeperTest, WhatNoSectionTakesIsNotAskedFor) {
  EXPECT_THAT(*want("https://evil.example.com/1"), HasSubstr("no section"));
  EXPECT_EQ(asked(), 0U);
}

TEST_F(StatusKeeperTest, AfterAFailureNobodyAsksUntilAPauseIsOver) {
  const auto one = want();
  fail("HTTP status 503");
  EXPECT_EQ(*one, "not: HTTP status 503");
  EXPECT_EQ(*want(), "not: HTTP status 503");
  EXPECT_EQ(asked(), 0U);
  clock.advance(1s);
  keeper->tick();
  EXPECT_EQ(asked(), 1U);
  fail("HTTP status 503");
  clock.advance(1'999ms);
  keeper->tick();
  EXPECT_EQ(asked(), 0U) << "the pause is doubled";
  clock.advance(1ms);
  keeper->tick();
  ASSERT_EQ(asked(), 1U);
  come(token(kValid));
  EXPECT_EQ(error(), "");
  EXPECT_EQ(journal.count("a status list cannot be had"), 1U) << "the same is said once";
  EXPECT_EQ(journal.count("can be had again"), 1U);
}

TEST_F(StatusKeeperTest, AServerMayAskForPatienceWithinBounds) {
  want();
  fail("HTTP status 429", 1'000s);
  clock.advance(299s);
  keeper->tick();
  EXPECT_EQ(asked(), 0U);
  clock.advance(1s);
  keeper->tick();
  EXPECT_EQ(asked(), 1U);
}

TEST_F(StatusKeeperTest, WhatIsNotTheIssuersListOfThatNameIsRefused) {
  const auto stranger = SigningKey::generate(jose::Algorithm::eddsa, "own");
  struct Case {
    std::string name;
    std::string text;
    std::string want;
  };
  const std::vector<Case> cases = {
      {"wrong key", token(kValid, "", kUri, &other), "key: "},
      {"a stranger's signature", token(kValid, "", kUri, &stranger), "signature: "},
      {"another list", token(kValid, "", kPlace + "2"), "subject: "},
      {"its end has passed", token(kValid, ",\"exp\":1799999000"), "expired: "},
      {"no list", "<html>", "form: "},
      {"no ZLIB", token("nonsense"), "form: "},
  };
  for (const Case& c : cases) {
    start();
    const auto said = want();
    come(c.text);
    EXPECT_THAT(*said, HasSubstr("not: " + c.want)) << c.name;
    EXPECT_EQ(first(), "none") << c.name;
  }
}

TEST_F(StatusKeeperTest, ABombIsRefusedAndWhatIsAtHandStays) {
  have();
  clock.advance(5min);
  keeper->tick();
  // 4 MiB of nothing in a few kB, where the section takes two.
  come(token(latchkey::testing::packed(std::string(4'194'304, '\0'))));
  EXPECT_THAT(error(), HasSubstr("bounds: the list has more than 2097152 bytes"));
  EXPECT_EQ(first(), "valid");
}

TEST_F(StatusKeeperTest, AnOlderListIsARollbackAlsoAfterARestart) {
  have();
  clock.advance(5min);
  keeper->tick();
  come(token(kRevoked, "", kUri, nullptr, 6min));
  EXPECT_THAT(error(), HasSubstr("old: "));
  EXPECT_EQ(first(), "valid");
  start();
  clock.advance(5min);
  keeper->tick();
  come(token(kRevoked, "", kUri, nullptr, 20min));
  EXPECT_THAT(error(), HasSubstr("old: "));
  EXPECT_EQ(first(), "valid");
}

TEST_F(StatusKeeperTest, AKeyThatTheIssuerMadeSinceIsAskedForOnce) {
  on_keys = [this] { issuer_keys = set_of({own.jwk(), other.jwk()}); };
  const auto said = want();
  come(token(kValid, "", kUri, &other));
  EXPECT_EQ(*said, "newer");
  EXPECT_EQ(keys_asked, 1);
  EXPECT_EQ(first(), "valid");
}

TEST_F(StatusKeeperTest, WithoutKeysNothingIsTaken) {
  issuer_keys = nullptr;
  const auto said = want();
  come(token(kValid));
  EXPECT_EQ(*said, "not: there are no keys to verify it with");
}

TEST_F(StatusKeeperTest, KeysOfTheSectionVerifyItsListsAndTheIssuersDoNot) {
  section_keys.document = latchkey::testing::jwk_set({other.jwk()});
  start();
  EXPECT_EQ(keeper->keys().size(), 1U);
  const auto said = want();
  come(token(kValid));
  EXPECT_THAT(*said, HasSubstr("key: "));
  EXPECT_EQ(keys_asked, 0);
  clock.advance(1s);
  keeper->tick();
  come(token(kValid, "", kUri, &other));
  EXPECT_EQ(first(), "valid");
  section_keys.document = latchkey::testing::jwk_set({own.jwk()});
  digest = "d2";
  configure();
  EXPECT_EQ(first(), "none") << "its key is gone";
}

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

TEST_F(StatusKeeperTest, AStoredListWhoseKeyIsGoneIsNotUsed) {
  have();
  issuer_keys = set_of({other.jwk()});
  start();
  EXPECT_EQ(first(), "none");
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
  limits.bytes = 1;
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
  const StatusRecord record{kIssuer,      kUri,    WallTime(1s),
                            WallTime(2s), "\"e\"", "Sun, 06 Nov 1994 08:49:37 GMT"};
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

}  // namespace
}  // namespace latchkey::latchkeyd
