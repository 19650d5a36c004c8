// SPDX-License-Identifier: Apache-2.0
//
// What a host makes of status lists: when it asks, and what it takes.
#include "tests/unit/latchkeyd/status_keeper_host.h"

namespace latchkey::latchkeyd::status_keeper_test {
namespace {

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
  EXPECT_FALSE(stands()) << "its key is gone";
}

TEST_F(StatusKeeperTest, AKeyThatWasRevokedListsNobodyAsValid) {
  issuer_keys = set_of({own.jwk(), other.jwk()});
  want();
  come(token(kRevoked, {}, kUri, &other));
  EXPECT_EQ(first(), "invalid");
  revoked_key = std::string(set_of({own.jwk()})->keys()[0].thumbprint());
  clock.advance(1h);
  want(kUri, held()->generation);
  come(token(kValid));
  EXPECT_EQ(first(), "invalid");
  EXPECT_THAT(error(), HasSubstr("key: the key that signed it is revoked"));
  start();
  EXPECT_EQ(first(), "invalid") << "nor is it what a restart finds";
}

TEST_F(StatusKeeperTest, AnIssuersListsAreHeldToTheAlgorithmsOfItsTokens) {
  algorithms = {jose::Algorithm::es256};
  configure();
  want();
  come(token(kValid));
  EXPECT_EQ(first(), "none");
  EXPECT_THAT(error(), HasSubstr("not configured with its algorithm"));
}

}  // namespace
}  // namespace latchkey::latchkeyd::status_keeper_test
