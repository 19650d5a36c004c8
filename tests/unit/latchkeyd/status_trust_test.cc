// SPDX-License-Identifier: Apache-2.0
//
// A list whose key is gone: it lists nobody as valid, and takes back nothing, over restarts too.
#include "daemon/latchkeyd/io/checksum.h"
#include "tests/unit/latchkeyd/status_keeper_host.h"

namespace latchkey::latchkeyd::status_keeper_test {
namespace {

TEST_F(StatusKeeperTest, AStoredListWhoseKeyIsGoneRevokesStillAndListsNobodyAsValid) {
  have(kRevoked);
  issuer_keys = set_of({other.jwk()});
  start();
  EXPECT_EQ(first(), "invalid");
  EXPECT_FALSE(stands());
  EXPECT_EQ(error(), "the key that signed it is gone");
  EXPECT_EQ(freshness(), "stale");
  EXPECT_EQ(journal.count("the key of a stored status list is gone"), 1U);
  start();
  EXPECT_EQ(first(), "invalid") << "as often as it is restarted";
  keeper->tick();
  ASSERT_EQ(asked(), 1U);
  EXPECT_EQ(fetcher.statuses[0].first.etag, "") << "it would be confirmed, and by which key?";
  clock.advance(1s);
  come(token(kValid, "", kUri, &other));
  EXPECT_EQ(first(), "valid");
  EXPECT_TRUE(stands());
  EXPECT_EQ(error(), "");
  start();
  EXPECT_EQ(first(), "valid");
  EXPECT_TRUE(stands());
}

TEST_F(StatusKeeperTest, AStoredListRevokesAlsoWhereNoKeysAreAtHandAtTheStart) {
  have(kRevoked);
  const auto keys = std::exchange(issuer_keys, nullptr);
  start();
  EXPECT_EQ(first(), "invalid");
  EXPECT_EQ(error(), "the key that signed it is gone");
  issuer_keys = keys;
  EXPECT_EQ(error(), "") << "they came, and it is one of them";
  EXPECT_TRUE(stands()) << "of an issuer's keys each decision asks";
}

TEST_F(StatusKeeperTest, AStoredListStillRevokesWhereItsAlgorithmIsNotTakenAnyMore) {
  have(kRevoked);
  algorithms = {jose::Algorithm::es256};
  start();
  EXPECT_EQ(first(), "invalid");
  EXPECT_FALSE(stands());
}

TEST_F(StatusKeeperTest, WhatAStrangerSignedIsNoStoredListWhateverKeyLiesBesideIt) {
  have(kRevoked);
  for (const auto& file : std::filesystem::directory_iterator(state / "status"))
    if (file.path().extension() == ".jwt")
      std::ofstream(file.path()) << token(kValid, "", kUri, &other);
  start();
  EXPECT_EQ(first(), "none");
}

// Of the version before keys were stored.
TEST_F(StatusKeeperTest, ARecordWithoutAKeyIsReadAndHasOneFromThenOn) {
  have(kRevoked);
  for (const auto& file : std::filesystem::directory_iterator(state / "status")) {
    if (file.path().extension() != ".json") continue;
    const auto iat = held()->token->issued_at.time_since_epoch().count();
    const auto now = clock.wall().time_since_epoch().count();
    char sum[17];
    std::snprintf(
        sum, sizeof(sum), "%016llx",
        static_cast<unsigned long long>(checksum({kIssuer, kUri, "", ""}, {1, iat, now})));
    std::ofstream(file.path()) << "{\"format\":1,\"issuer\":\"" << kIssuer << "\",\"uri\":\""
                               << kUri << "\",\"iat_ms\":" << iat << ",\"fetched_at_ms\":" << now
                               << ",\"etag\":\"\",\"last_modified\":\"\",\"sum\":\"" << sum
                               << "\"}";
  }
  start();
  EXPECT_EQ(first(), "invalid");
  EXPECT_TRUE(stands());
  issuer_keys = set_of({other.jwk()});
  start();
  EXPECT_EQ(first(), "invalid");
}

TEST_F(StatusKeeperTest, ASectionsKeyThatIsReplacedTakesNothingBack) {
  section_keys.document = latchkey::testing::jwk_set({own.jwk()});
  start();
  have(kRevoked);
  section_keys.document = latchkey::testing::jwk_set({other.jwk()});
  digest = "d2";
  configure();
  EXPECT_EQ(first(), "invalid");
  EXPECT_FALSE(stands());
  EXPECT_EQ(journal.count("the key of a status list is gone"), 1U);
  EXPECT_FALSE(keeper->look_again()) << "it is the same as before";
  keeper->tick();
  fail("HTTP status 503");
  EXPECT_EQ(error(), "the key that signed it is gone; HTTP status 503");
  start();
  EXPECT_EQ(first(), "invalid") << "nor does a restart";
  EXPECT_FALSE(stands());
  keeper->tick();
  clock.advance(1s);
  come(token(kValid, "", kUri, &other));
  EXPECT_EQ(first(), "valid");
  EXPECT_TRUE(stands());
}

TEST_F(StatusKeeperTest, AFileOfKeysThatChangesIsHeededWhereTheConfigurationIsTheSame) {
  const std::string path = state / "keys.json";
  const auto write = [&](const std::string& keys) { std::ofstream(path) << keys; };
  write(latchkey::testing::jwk_set({own.jwk(), other.jwk()}));
  keys_file = path;
  start();
  have(kRevoked);
  write(latchkey::testing::jwk_set({other.jwk()}));
  EXPECT_TRUE(keeper->look_again());
  EXPECT_EQ(first(), "invalid");
  EXPECT_FALSE(stands());
  EXPECT_EQ(keeper->next_tick(), clock.steady());
  write(latchkey::testing::jwk_set({own.jwk(), other.jwk()}));
  EXPECT_TRUE(keeper->look_again());
  EXPECT_TRUE(stands()) << "a slip was mended";
}

TEST_F(StatusKeeperTest, StatusTellsWhyAListAtHandListsNobodyAsValid) {
  have();
  EXPECT_EQ(freshness(), "fresh");
  EXPECT_EQ(error(), "");
  revoked_key = std::string(issuer_keys->keys()[0].thumbprint());
  EXPECT_EQ(freshness(), "stale");
  EXPECT_EQ(error(), "the key that signed it is revoked");
  issuer_keys = set_of({other.jwk()});
  EXPECT_EQ(freshness(), "stale");
  EXPECT_EQ(error(), "the key that signed it is gone");
  issuer_keys = set_of({own.jwk()});
  revoked_key.clear();
  signed_most = 1h;
  configure();
  EXPECT_EQ(freshness(), "fresh");
  clock.advance(59min);
  want(kUri, held()->generation);
  answer({.status = FetchResult::Status::not_modified, .etag = "\"1\""});
  EXPECT_EQ(freshness(), "fresh");
  clock.advance(1min + 1s);
  EXPECT_EQ(freshness(), "stale");
  EXPECT_EQ(error(), "it was signed longer ago than 'max_signed_age'");
}

TEST_F(StatusKeeperTest, AListWhoseEndHasPassedIsToldSo) {
  const auto end = std::chrono::floor<std::chrono::seconds>(clock.wall() + 1min);
  have(kValid, ",\"exp\":" + std::to_string(end.time_since_epoch().count()));
  clock.advance(2min + 1s);
  EXPECT_EQ(freshness(), "stale");
  EXPECT_EQ(error(), "its 'exp' has passed");
}

// A thief dates ahead; what the issuer signs once his key is gone need not wait for that date.
TEST_F(StatusKeeperTest, WhatAThiefSignedAheadKeepsOutNoneThatIsSignedAfterItCame) {
  issuer_keys = set_of({own.jwk(), other.jwk()});
  have(kRevoked);
  clock.advance(5min);
  keeper->tick();
  const std::string before = token(kRevoked, "", kUri, nullptr, 2min);
  come(token(kValid, "", kUri, &other, -290s));
  ASSERT_EQ(first(), "valid");
  clock.advance(10s);
  const auto again = [&](const std::string& text) {
    clock.advance(31s);
    keeper->hurry();
    keeper->tick();
    come(text);
  };
  again(token(kRevoked));
  EXPECT_THAT(error(), HasSubstr("old: ")) << "nobody knows yet";
  revoked_key = std::string(issuer_keys->keys()[1].thumbprint());
  again(before);
  EXPECT_THAT(error(), HasSubstr("old: ")) << "signed before the thief's";
  again(token(kRevoked));
  EXPECT_EQ(first(), "invalid");
}

}  // namespace
}  // namespace latchkey::latchkeyd::status_keeper_test
