// SPDX-License-Identifier: Apache-2.0
//
// Stored sets, reloads, and key sets in files.
#include "daemon/latchkeyd/service/key_keeper.h"

#include <chrono>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/latchkeyd/fakes.h"
#include "tests/unit/latchkeyd/key_fakes.h"
#include "tests/unit/latchkeyd/key_keeper_host.h"

namespace latchkey::latchkeyd {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::config_of;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::issuer_config;
using testing::kKeysOne;
using testing::kKeysTwo;
using Status = FetchResult::Status;
using key_keeper_test::KeyKeeperTest;

// Of RFC 7515 appendix A.2.
const std::string kModulus =
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4"
    "QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdb"
    "BYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-D"
    "WNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";

// F1: starts from the set on disk while the provider is down.
TEST_F(KeyKeeperTest, StartsFromTheStoredSetWithItsAge) {
  const auto fetched_at = clock.wall() - hours(2);
  storage.stored["corp"] = {key_source(issuer_config("corp")),
                            key_place(issuer_config("corp")),
                            fetched_at,
                            {},
                            "\"e1\"",
                            kKeysOne};
  const auto keys = keeper().configure(config_of({issuer_config("corp")}));
  ASSERT_NE(keys[0].keys, nullptr);
  EXPECT_EQ(keys[0].fetched_at, fetched_at);
  EXPECT_GT(keys[0].generation, 0U);
  EXPECT_EQ(state().origin, KeyState::Origin::cache);
  ASSERT_NE(state().document, nullptr);
  EXPECT_EQ(*state().document, kKeysOne);
  clock.advance(seconds(5));
  keeper().tick();
  ASSERT_EQ(fetcher.requests.size(), 1U) << "it is past its lifetime";
  EXPECT_EQ(fetcher.requests[0].etag, "\"e1\"");
  fetcher.fail("no route");
  EXPECT_EQ(state().keys.fetched_at, fetched_at);
}

TEST_F(KeyKeeperTest, FreshStoredSetIsNotFetchedBeforeItsTime) {
  storage.stored["corp"] = {key_source(issuer_config("corp")),
                            key_place(issuer_config("corp")),
                            clock.wall() - seconds(100),
                            {},
                            "",
                            kKeysOne};
  keeper().configure(config_of({issuer_config("corp")}));
  EXPECT_EQ(state().next_fetch - clock.steady(), seconds(125)) << "75 % of 300 s, less its age";
}

TEST_F(KeyKeeperTest, StoredSetOfAnotherSourceOrWithoutAGoodSetIsNotUsed) {
  auto moved = issuer_config("corp");
  moved.origins = {"https://elsewhere.example.com"};
  storage.stored["corp"] = {key_source(moved), key_place(moved), clock.wall(), {}, "", kKeysOne};
  storage.stored["empty"] = {key_source(issuer_config("empty")),
                             key_place(issuer_config("empty")),
                             clock.wall(),
                             {},
                             "",
                             R"({"keys":[]})"};
  const auto keys = keeper().configure(config_of({issuer_config("corp"), issuer_config("empty")}));
  EXPECT_EQ(keys[0].keys, nullptr);
  EXPECT_EQ(keys[1].keys, nullptr);
}

// As after a reload: a place or an authority that was given up vouches for nothing, and its ETag
// means nothing elsewhere.
TEST_F(KeyKeeperTest, StoredSetThatCameFromElsewhereServesOnlyUntilItIsAskedForAnew) {
  struct Case {
    std::string_view name;
    std::string issuer::IssuerConfig::*key;
  };
  for (const Case& test : {Case{"ca_file", &issuer::IssuerConfig::ca_file},
                           Case{"jwks_uri", &issuer::IssuerConfig::jwks_uri},
                           Case{"discovery_url", &issuer::IssuerConfig::discovery_url}}) {
    SCOPED_TRACE(test.name);
    auto corp = issuer_config("corp");
    corp.*test.key = "elsewhere";
    storage.stored["corp"] = {key_source(corp), key_place(corp), clock.wall(), {},
                              "\"e1\"",         kKeysOne};
    fetcher.requests.clear();
    keeper().configure(config_of({}));
    const auto keys = keeper().configure(config_of({issuer_config("corp")}));
    EXPECT_NE(keys[0].keys, nullptr);
    keeper().tick();
    ASSERT_EQ(fetcher.requests.size(), 1U);
    EXPECT_EQ(fetcher.requests[0].etag, "");
  }
}

struct OtherPlace {
  std::string_view name;
  std::function<void(issuer::IssuerConfig&)> change;
};

const std::vector<OtherPlace>& other_places() {
  static const std::vector<OtherPlace> all{
      {"tls_pins", [](auto& config) { config.tls_pins = {"sha256//nobody"}; }},
      {"ca_file", [](auto& config) { config.ca_file = "/etc/other.pem"; }},
      {"jwks_uri", [](auto& config) { config.jwks_uri = "https://corp.example.com/other"; }},
      {"discovery_url", [](auto& config) { config.discovery_url = config.issuer + "/other"; }},
      {"proxy", [](auto& config) { config.proxy = "http://proxy:3128"; }},
  };
  return all;
}

// Found as: a pin of nobody was configured, and the keys at hand went on to max_stale.
TEST_F(KeyKeeperTest, KeysOfOtherSettingsAreWithdrawnWhereWhoAnswersNowIsNotTrusted) {
  for (const OtherPlace& test : other_places()) {
    SCOPED_TRACE(test.name);
    keeper().configure(config_of({}));
    storage.stored.clear();
    begin();
    ASSERT_EQ(kid(), "one");
    auto moved = issuer_config("corp");
    test.change(moved);
    EXPECT_NE(keeper().configure(config_of({moved}))[0].keys, nullptr) << "until it was asked for";
    keeper().tick();
    fetcher.fail("corp: jwks: connection: refused");
    EXPECT_EQ(kid(), "one") << "who cannot be reached says nothing";
    const std::uint64_t before = state().keys.generation;
    clock.advance(moved.min_fetch_interval);
    keeper().refresh("corp", [](const Refreshed&) {});
    fetcher.be_untrusted("corp: jwks: TLS pin: does not match");
    EXPECT_EQ(kid(), "none");
    EXPECT_GT(state().keys.generation, before);
    EXPECT_EQ(state().origin, KeyState::Origin::none);
    EXPECT_EQ(state().last_error, "corp: jwks: TLS pin: does not match");
    EXPECT_FALSE(storage.stored.contains("corp")) << "nor do they serve after the next start";
    EXPECT_EQ(state().document, nullptr);
  }
  EXPECT_EQ(journal.count("fetched under other settings"), other_places().size());
}

TEST_F(KeyKeeperTest, StoredKeysOfOtherSettingsAreWithdrawnWhereWhoAnswersIsNotTrusted) {
  auto corp = issuer_config("corp");
  storage.stored["corp"] = {key_source(corp), key_place(corp), clock.wall(), {}, "", kKeysOne};
  corp.tls_pins = {"sha256//nobody"};
  EXPECT_NE(keeper().configure(config_of({corp}))[0].keys, nullptr);
  keeper().tick();
  fetcher.be_untrusted("corp: jwks: TLS pin: does not match");
  ASSERT_EQ(published.size(), 1U);
  EXPECT_EQ(kid(), "none");
  EXPECT_FALSE(storage.stored.contains("corp"));
}

TEST_F(KeyKeeperTest, KeysOfTheSettingsAtWorkAreNotTakenAwayByWhoeverSitsInBetween) {
  auto pinned = issuer_config("corp");
  pinned.tls_pins = {"sha256//good"};
  begin();
  keeper().configure(config_of({pinned}));
  keeper().tick();
  fetcher.answer_ok(kKeysOne);
  keeper().configure(config_of({pinned}));
  clock.advance(pinned.min_fetch_interval);
  keeper().refresh("corp", [](const Refreshed&) {});
  fetcher.be_untrusted("corp: jwks: TLS pin: does not match");
  EXPECT_EQ(kid(), "one");
  EXPECT_TRUE(storage.stored.contains("corp"));
  EXPECT_EQ(journal.count("withdrawn"), 0U);
}

TEST_F(KeyKeeperTest, ReloadKeepsTheKeysOfIssuersThatStayAndDropsTheOthers) {
  keeper().configure(config_of({issuer_config("corp"), issuer_config("lab")}));
  keeper().tick();
  fetcher.answer_ok(kKeysOne);
  fetcher.answer_ok(kKeysTwo);
  auto corp = issuer_config("corp");
  corp.digest = "digest-2";
  auto lab = issuer_config("lab");
  lab.issuer = "https://other.example.com";
  const auto keys = keeper().configure(config_of({issuer_config("new"), corp, lab}));
  ASSERT_EQ(keys.size(), 3U);
  EXPECT_EQ(keys[0].keys, nullptr);
  ASSERT_NE(keys[1].keys, nullptr);
  EXPECT_EQ(keys[1].keys->keys().front().kid(), "one");
  EXPECT_EQ(keys[2].keys, nullptr) << "the same short name, but another issuer's keys";
}

TEST_F(KeyKeeperTest, KeysServeOnWhileTheyAreAskedForElsewhereAfterAReload) {
  begin();
  auto corp = issuer_config("corp");
  corp.ca_file = "/etc/ca.pem";
  const auto keys = keeper().configure(config_of({corp}));
  EXPECT_NE(keys[0].keys, nullptr);
  keeper().tick();
  ASSERT_EQ(fetcher.requests.size(), 2U);
  EXPECT_EQ(fetcher.requests[1].etag, "");
}

TEST_F(KeyKeeperTest, KeysAreAskedForAtOnceWhereAnotherKindOfDiscoveryNamesThem) {
  auto config = issuer_config("corp");
  config.discovery_url.clear();
  EXPECT_EQ(key_place(config), [&] {
    auto oidc = config;
    oidc.discovery = "oidc";
    return key_place(oidc);
  }()) << "that is what it is by default";
  auto oauth = config;
  oauth.discovery = "oauth";
  EXPECT_NE(key_place(config), key_place(oauth));
  oauth.jwks_uri = config.jwks_uri = "https://corp.example.com/keys";
  EXPECT_EQ(key_place(config), key_place(oauth)) << "no discovery is made";
}

TEST_F(KeyKeeperTest, AnswerThatWasOnItsWayWhenAReloadMovedTheKeysIsDroppedAndAskedForAnew) {
  begin();
  clock.advance(hours(1));
  keeper().tick();
  request(state().keys.generation);
  auto corp = issuer_config("corp");
  corp.ca_file = "/etc/ca.pem";
  corp.digest = "digest-2";
  keeper().configure(config_of({corp}));
  fetcher.answer_ok(kKeysTwo, "\"2\"");
  EXPECT_EQ(kid(), "one") << "that answer was believed under the former CA";
  EXPECT_THAT(outcomes, IsEmpty()) << "who waits for keys waits on";
  ASSERT_EQ(fetcher.requests.size(), 3U);
  EXPECT_EQ(fetcher.requests[2].digest, "digest-2");
  EXPECT_EQ(fetcher.requests[2].etag, "");
  fetcher.answer_ok(kKeysTwo);
  EXPECT_EQ(kid(), "two");
  EXPECT_THAT(outcomes, ElementsAre(KeysOutcome::newer));
}

TEST_F(KeyKeeperTest, AnswerForAnIssuerThatIsGoneIsDropped) {
  keeper().configure(config_of({issuer_config("corp")}));
  keeper().tick();
  request(0);
  keeper().configure(config_of({issuer_config("lab")}));
  EXPECT_THAT(outcomes, ElementsAre(KeysOutcome::failed));
  fetcher.answer_ok(kKeysOne);
  EXPECT_THAT(published, IsEmpty());
  EXPECT_TRUE(storage.stored.empty());
}

TEST_F(KeyKeeperTest, FetchdWithANewerConfigurationMakesUsReadOursAndAskAgain) {
  on_reload = [&] {
    auto corp = issuer_config("corp");
    corp.digest = "digest-2";
    keeper().configure(config_of({corp}));
  };
  keeper().configure(config_of({issuer_config("corp")}));
  keeper().tick();
  fetcher.answer({.status = Status::reload, .error = "another configuration"});
  EXPECT_EQ(reloads, 1);
  ASSERT_EQ(fetcher.requests.size(), 2U);
  EXPECT_EQ(fetcher.requests[1].digest, "digest-2");
  fetcher.answer_ok(kKeysOne);
  EXPECT_EQ(kid(), "one");
}

TEST_F(KeyKeeperTest, FetchdThatGoesOnAboutAnotherConfigurationIsAFailureAndNoLoop) {
  keeper().configure(config_of({issuer_config("corp")}));
  keeper().tick();
  request(0);
  fetcher.answer({.status = Status::reload, .error = "another configuration"});
  EXPECT_EQ(fetcher.requests.size(), 1U);
  EXPECT_EQ(state().last_error, "another configuration");
  EXPECT_THAT(outcomes, ElementsAre(KeysOutcome::failed));
}

// F30: two issuers, one down.
TEST_F(KeyKeeperTest, TroubleOfOneIssuerIsNoneOfTheOthers) {
  keeper().configure(config_of({issuer_config("down"), issuer_config("up")}));
  keeper().tick();
  ASSERT_EQ(fetcher.open.size(), 2U);
  std::swap(fetcher.open[0], fetcher.open[1]);  // "down" never answers
  fetcher.answer_ok(kKeysOne);
  EXPECT_EQ(kid(1), "one");
  clock.advance(hours(1));
  keeper().tick();
  ASSERT_EQ(fetcher.open.size(), 2U);
  EXPECT_EQ(fetcher.open[1].first.issuer, "up");
}

// A set whose key may do less than before is another one: remembered tokens are looked at anew.
TEST_F(KeyKeeperTest, SameKeyWithOtherAlgorithmsIsAnotherGeneration) {
  begin();
  const auto generation = state().keys.generation;
  std::string narrowed = kKeysOne;
  narrowed.replace(narrowed.find("\"kty\""), 0, R"("alg":"ES256",)");
  const std::string rsa =
      R"({"keys":[{"kty":"RSA","kid":"r","n":")" + kModulus + R"(","e":"AQAB"}]})";
  std::string rsa_narrowed = rsa;
  rsa_narrowed.replace(rsa.find("\"kty\""), 0, R"("alg":"PS256",)");
  clock.advance(hours(1));
  keeper().tick();
  fetcher.answer_ok(narrowed);
  EXPECT_EQ(state().keys.generation, generation) << "of this key nothing else was possible";
  std::uint64_t last = generation;
  for (const std::string& set : {rsa, rsa_narrowed}) {
    clock.advance(hours(1));
    keeper().tick();
    fetcher.answer_ok(set);
    EXPECT_GT(state().keys.generation, last);
    last = state().keys.generation;
  }
}

// An ETag is the old place's word, and a 304 of the new place would confirm that one's keys.
TEST_F(KeyKeeperTest, PlaceThatChangedIsNotAskedWithTheEtagOfTheOldOne) {
  keeper().configure(config_of({issuer_config("corp")}));
  keeper().tick();
  fetcher.answer_ok(kKeysOne, "\"e1\"");
  auto moved = issuer_config("corp");
  moved.jwks_uri = "https://corp.example.com/elsewhere";
  keeper().configure(config_of({moved}));
  keeper().tick();
  ASSERT_EQ(fetcher.requests.size(), 2U);
  EXPECT_EQ(fetcher.requests.back().etag, "");
  const WallTime fetched_at = state().keys.fetched_at;
  clock.advance(seconds(1));
  fetcher.answer({.status = Status::not_modified});
  EXPECT_EQ(state().keys.fetched_at, fetched_at);
  EXPECT_TRUE(state().last_error);
}

}  // namespace
}  // namespace latchkey::latchkeyd
