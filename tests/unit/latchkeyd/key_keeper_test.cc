// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/key_keeper.h"

#include <fstream>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/jose/jwk_set.h"
#include "tests/unit/latchkeyd/fakes.h"
#include "tests/unit/latchkeyd/key_fakes.h"

namespace latchkey::latchkeyd {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::config_of;
using ::testing::ElementsAre;
using testing::FakeClock;
using testing::FakeFetcher;
using testing::FakeJournal;
using testing::FakeStorage;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::issuer_config;
using testing::kKeysOne;
using testing::kKeysTwo;
using testing::TempDir;
using Status = FetchResult::Status;

const std::string kUnusable =
    R"({"keys":[{"kty":"oct","kid":"secret","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMko"}]})";

// Of RFC 7515 appendix A.2.
const std::string kModulus =
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4"
    "QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdb"
    "BYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-D"
    "WNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";

class KeyKeeperTest : public ::testing::Test {
 protected:
  KeyKeeper& keeper() {
    if (keeper_) return *keeper_;
    keeper_ = std::make_unique<KeyKeeper>(
        clock, journal, fetcher, storage,
        KeyKeeper::Hooks{[this](std::vector<IssuerKeys> keys, std::function<void()> done) {
                           published.push_back(std::move(keys));
                           unconfirmed.push_back(std::move(done));
                           if (workers_answer) confirm();
                         },
                         [this] {
                           ++reloads;
                           if (on_reload) on_reload();
                         },
                         {},
                         [] { return 0U; }});
    return *keeper_;
  }
  void confirm() {
    for (auto& done : std::exchange(unconfirmed, {})) done();
  }
  // The one issuer "corp", with a good first set.
  void begin() {
    keeper().configure(config_of({issuer_config("corp")}));
    keeper().tick();
    fetcher.answer_ok(kKeysOne);
  }
  void request(std::uint64_t seen, std::string_view name = "corp") {
    keeper().request(name, seen, [this](KeysOutcome outcome) { outcomes.push_back(outcome); });
  }
  std::string kid(std::size_t issuer = 0) {
    const auto& keys = published.back().at(issuer).keys;
    return keys ? keys->keys().front().kid().value_or("") : "none";
  }
  KeyState state(std::size_t issuer = 0) { return keeper().states().at(issuer); }

  FakeClock clock;
  FakeJournal journal;
  FakeFetcher fetcher;
  FakeStorage storage;
  std::vector<std::vector<IssuerKeys>> published;
  std::vector<std::function<void()>> unconfirmed;
  std::vector<KeysOutcome> outcomes;
  bool workers_answer = true;
  int reloads = 0;
  std::function<void()> on_reload;

 private:
  std::unique_ptr<KeyKeeper> keeper_;
};

TEST_F(KeyKeeperTest, FetchesAtOnceWhereNothingIsAtHandAndPublishesWhatCame) {
  const auto first = keeper().configure(config_of({issuer_config("corp")}));
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first[0].keys, nullptr);
  EXPECT_LE(keeper().next_tick(), clock.steady());
  keeper().tick();
  ASSERT_EQ(fetcher.requests.size(), 1U);
  EXPECT_EQ(fetcher.requests[0].issuer, "corp");
  EXPECT_EQ(fetcher.requests[0].digest, "digest-1");
  fetcher.answer_ok(kKeysOne, "\"e1\"");
  ASSERT_EQ(published.size(), 1U);
  EXPECT_EQ(kid(), "one");
  EXPECT_EQ(published.back()[0].fetched_at, clock.wall());
  EXPECT_GT(published.back()[0].generation, 0U);
  EXPECT_EQ(state().origin, KeyState::Origin::fetched);
  EXPECT_EQ(storage.stored.at("corp").jwks, kKeysOne);
  EXPECT_EQ(storage.stored.at("corp").etag, "\"e1\"");
}

TEST_F(KeyKeeperTest, RefreshesBeforeTheEndOfTheLifetimeAndSendsTheEtag) {
  keeper().configure(config_of({issuer_config("corp")}));
  keeper().tick();
  fetcher.answer_ok(kKeysOne, "\"e1\"", seconds(1'000));
  clock.advance(seconds(749));
  keeper().tick();
  EXPECT_EQ(fetcher.requests.size(), 1U);
  clock.advance(seconds(1));
  keeper().tick();
  ASSERT_EQ(fetcher.requests.size(), 2U);
  EXPECT_EQ(fetcher.requests[1].etag, "\"e1\"");
  const auto generation = state().keys.generation;
  fetcher.answer({.status = Status::not_modified, .max_age = seconds(500)});
  EXPECT_EQ(state().keys.generation, generation);
  EXPECT_EQ(state().keys.fetched_at, clock.wall());
  EXPECT_EQ(storage.stored.at("corp").fetched_at, clock.wall());
  EXPECT_EQ(published.size(), 2U) << "the workers learn that the set is younger";
}

TEST_F(KeyKeeperTest, SameKeysAgainKeepTheirGenerationAndOthersGetANewOne) {
  begin();
  const auto generation = state().keys.generation;
  clock.advance(hours(1));
  keeper().tick();
  fetcher.answer_ok(kKeysOne);
  EXPECT_EQ(state().keys.generation, generation);
  clock.advance(hours(1));
  keeper().tick();
  fetcher.answer_ok(kKeysTwo);
  EXPECT_GT(state().keys.generation, generation);
}

// SECURITY section 1: a key gone from a good fetch stops at once; never merge.
TEST_F(KeyKeeperTest, KeyThatIsGoneFromAGoodFetchIsGone) {
  begin();
  clock.advance(hours(1));
  keeper().tick();
  fetcher.answer_ok(kKeysTwo);
  ASSERT_EQ(published.back()[0].keys->size(), 1U);
  EXPECT_EQ(kid(), "two");
}

struct BadAnswer {
  std::string name;
  FetchResult result;
  std::string want;
};

// F4 and F6: whatever is no good set leaves the last good one at work.
TEST_F(KeyKeeperTest, BadAnswersLeaveTheLastGoodSetAtWork) {
  const std::vector<BadAnswer> cases = {
      {"an error of the provider",
       {.status = Status::failed, .error = "corp: HTTP 500"},
       "HTTP 500"},
      {"HTML", {.status = Status::ok, .body = "<html></html>"}, ""},
      {"nothing", {.status = Status::ok, .body = ""}, ""},
      {"half a body",
       {.status = Status::ok, .body = std::string_view(kKeysOne).substr(0, kKeysOne.size() / 2)},
       ""},
      {"an empty set", {.status = Status::ok, .body = R"({"keys":[]})"}, "empty"},
      {"no usable key", {.status = Status::ok, .body = kUnusable}, "none of the 1 keys is usable"},
  };
  begin();
  for (const BadAnswer& test : cases) {
    clock.advance(hours(1));
    keeper().tick();
    fetcher.answer(test.result);
    EXPECT_EQ(published.size(), 1U) << test.name;
    EXPECT_EQ(state().keys.generation, published.back()[0].generation) << test.name;
    ASSERT_TRUE(state().last_error) << test.name;
    EXPECT_THAT(*state().last_error, HasSubstr(test.want)) << test.name;
  }
  EXPECT_EQ(storage.stored.at("corp").jwks, kKeysOne);
  clock.advance(hours(1));
  keeper().tick();
  fetcher.answer_ok(kKeysTwo);
  EXPECT_FALSE(state().last_error);
  EXPECT_EQ(kid(), "two");
}

TEST_F(KeyKeeperTest, NotModifiedOfASetThatNeverCameIsAFailure) {
  keeper().configure(config_of({issuer_config("corp")}));
  keeper().tick();
  fetcher.answer({.status = Status::not_modified});
  EXPECT_THAT(published, IsEmpty());
  EXPECT_TRUE(state().last_error);
}

TEST_F(KeyKeeperTest, NotModifiedWhereNoSetWasNamedConfirmsNothing) {
  begin();
  const WallTime fetched_at = state().keys.fetched_at;
  clock.advance(hours(1));
  keeper().tick();
  ASSERT_EQ(fetcher.requests.back().etag, "");
  fetcher.answer({.status = Status::not_modified});
  EXPECT_EQ(state().keys.fetched_at, fetched_at);
  EXPECT_TRUE(state().last_error);
}

TEST_F(KeyKeeperTest, BacksOffAfterFailuresAndHeedsRetryAfter) {
  keeper().configure(config_of({issuer_config("corp")}));
  std::vector<seconds> delays;
  const auto fail_after = [&](std::optional<seconds> retry_after) {
    keeper().tick();
    fetcher.fail("HTTP 503", retry_after);
    delays.push_back(std::chrono::duration_cast<seconds>(state().next_fetch - clock.steady()));
    clock.advance(std::chrono::duration_cast<milliseconds>(state().next_fetch - clock.steady()) -
                  milliseconds(1));
    const auto asked = fetcher.requests.size();
    keeper().tick();
    EXPECT_EQ(fetcher.requests.size(), asked) << "asked before its time";
    clock.advance(milliseconds(1));
  };
  for (int i = 0; i < 5; ++i) fail_after({});
  fail_after(seconds(1'000));
  EXPECT_THAT(delays, ElementsAre(seconds(60), seconds(120), seconds(240), seconds(300),
                                  seconds(300), seconds(1'000)));
}

TEST_F(KeyKeeperTest, UnknownKeyIsOneFetchForAllWhoWait) {
  begin();
  clock.advance(seconds(60));
  const auto seen = state().keys.generation;
  for (int i = 0; i < 100; ++i) request(seen);
  EXPECT_EQ(fetcher.requests.size(), 2U);
  EXPECT_THAT(outcomes, IsEmpty());
  workers_answer = false;
  fetcher.answer_ok(kKeysTwo);
  EXPECT_THAT(outcomes, IsEmpty()) << "the workers have not taken it yet";
  confirm();
  EXPECT_EQ(outcomes, std::vector<KeysOutcome>(100, KeysOutcome::newer));
}

TEST_F(KeyKeeperTest, UnknownKeyThatTheProviderDoesNotKnowEitherIsUnchanged) {
  begin();
  clock.advance(seconds(60));
  request(state().keys.generation);
  fetcher.answer_ok(kKeysOne);
  EXPECT_THAT(outcomes, ElementsAre(KeysOutcome::unchanged));
}

TEST_F(KeyKeeperTest, CallerThatHasNotSeenTheSetAtHandIsToldWithoutAFetch) {
  begin();
  request(0);
  EXPECT_THAT(outcomes, ElementsAre(KeysOutcome::newer));
  EXPECT_EQ(fetcher.requests.size(), 1U);
}

// F9: at most one fetch an interval, whatever is asked for.
TEST_F(KeyKeeperTest, FloodOfUnknownKeysIsAtMostOneFetchInAnInterval) {
  begin();
  const auto start = fetcher.requests.size();
  for (int second = 0; second < 600; ++second) {
    for (int i = 0; i < 10; ++i) request(state().keys.generation);
    keeper().tick();
    if (!fetcher.open.empty()) fetcher.answer_ok(kKeysOne);
    clock.advance(seconds(1));
  }
  EXPECT_LE(fetcher.requests.size() - start, 10U);
  EXPECT_GE(fetcher.requests.size() - start, 5U);
  EXPECT_GT(std::count(outcomes.begin(), outcomes.end(), KeysOutcome::rate_limited), 5'000);
}

TEST_F(KeyKeeperTest, RequestIsRateLimitedUntilTheIntervalIsOver) {
  begin();
  clock.advance(seconds(60) - milliseconds(1));
  request(state().keys.generation);
  EXPECT_THAT(outcomes, ElementsAre(KeysOutcome::rate_limited));
  clock.advance(milliseconds(1));
  request(state().keys.generation);
  EXPECT_EQ(fetcher.requests.size(), 2U);
}

TEST_F(KeyKeeperTest, RequestFailsAtOnceForAnIssuerThatIsGoneAndAfterAFetchThatFailed) {
  begin();
  request(0, "nobody");
  EXPECT_THAT(outcomes, ElementsAre(KeysOutcome::failed));
  clock.advance(seconds(60));
  request(state().keys.generation);
  fetcher.fail("reset");
  EXPECT_THAT(outcomes, ElementsAre(KeysOutcome::failed, KeysOutcome::failed));
}

// A fetchd that is restarted must not cost a minute, and no provider sees anything of it.
TEST_F(KeyKeeperTest, FetchdThatCannotBeReachedIsAskedAgainSoonButNotInAStorm) {
  keeper().configure(config_of({issuer_config("corp")}));
  for (int i = 0; i < 1'000; ++i) {
    keeper().tick();
    request(0);
    if (!fetcher.open.empty()) fetcher.be_unreachable();
    clock.advance(milliseconds(100));
  }
  EXPECT_LE(fetcher.requests.size(), 8U) << "1, 2, 4 … 60 seconds apart";
  EXPECT_EQ(std::count(outcomes.begin(), outcomes.end(), KeysOutcome::newer), 0);
  EXPECT_LE(journal.count("cannot be fetched"), 2U) << journal.text();
  clock.advance(seconds(60));
  keeper().tick();
  fetcher.answer_ok(kKeysOne);
  EXPECT_EQ(kid(), "one");
}

// F20: timers and rates go by the steady clock.
TEST_F(KeyKeeperTest, WallClockThatJumpsMakesNoStorm) {
  begin();
  for (const auto jump : {hours(1), hours(-1), hours(24 * 3'650), hours(-24 * 3'650)}) {
    clock.jump(jump);
    for (int i = 0; i < 100; ++i) {
      keeper().tick();
      request(state().keys.generation);
    }
  }
  EXPECT_EQ(fetcher.requests.size(), 1U);
}

// F21: after a suspend both clocks are ahead: the keys are fetched at the first tick, and a login
// may ask for them.
TEST_F(KeyKeeperTest, AfterANightOfSleepTheKeysAreFetchedAtOnce) {
  begin();
  clock.advance(hours(8));
  keeper().tick();
  EXPECT_EQ(fetcher.requests.size(), 2U);
}

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

class KeyFileTest : public KeyKeeperTest {
 protected:
  void write(const std::string& text) {
    std::ofstream(file) << text;
    std::filesystem::permissions(file, std::filesystem::perms(0644));
  }
  std::vector<IssuerKeys> configure() {
    auto corp = issuer_config("corp");
    corp.jwks_file = file;
    return keeper().configure(config_of({corp}));
  }
  TempDir folder;
  std::string file = folder / "jwks.json";
};

TEST_F(KeyFileTest, KeysFromAFileAreThereAtOnceAndNothingIsFetched) {
  write(kKeysOne);
  const auto keys = configure();
  ASSERT_NE(keys[0].keys, nullptr);
  EXPECT_EQ(state().origin, KeyState::Origin::file);
  ASSERT_NE(state().document, nullptr);
  EXPECT_EQ(*state().document, kKeysOne);
  clock.advance(hours(48));
  keeper().tick();
  EXPECT_TRUE(fetcher.requests.empty());
  EXPECT_TRUE(published.empty()) << "the file is the same";
}

TEST_F(KeyFileTest, ChangedFileIsReadAtTheNextLookAndForAnUnknownKeyAtOnce) {
  write(kKeysOne);
  configure();
  write(kKeysTwo);
  request(state().keys.generation);
  EXPECT_THAT(outcomes, ElementsAre(KeysOutcome::newer));
  EXPECT_EQ(kid(), "two");
  write(kKeysOne + " ");
  clock.advance(seconds(30));
  keeper().tick();
  EXPECT_EQ(kid(), "one");
  request(state().keys.generation);
  EXPECT_EQ(outcomes.back(), KeysOutcome::unchanged);
}

TEST_F(KeyFileTest, BadFileLeavesTheLastGoodSetAndSaysWhy) {
  write(kKeysOne);
  configure();
  write("nonsense");
  clock.advance(seconds(30));
  keeper().tick();
  EXPECT_TRUE(published.empty());
  EXPECT_NE(state().keys.keys, nullptr);
  ASSERT_TRUE(state().last_error);
  EXPECT_THAT(*state().last_error, HasSubstr(file));
  std::filesystem::remove(file);
  clock.advance(seconds(30));
  keeper().tick();
  EXPECT_THAT(*state().last_error, HasSubstr("No such file"));
  write(kKeysTwo);
  clock.advance(seconds(30));
  keeper().tick();
  EXPECT_EQ(kid(), "two");
  EXPECT_FALSE(state().last_error);
}

TEST_F(KeyFileTest, LastGoodSetOfAFileThatIsGoneServesNoLongerThanThatOfAProviderThatIsAway) {
  write(kKeysOne);
  const auto generation = configure()[0].generation;
  std::filesystem::remove(file);
  clock.advance(seconds(30));
  keeper().tick();
  clock.advance(issuer_config("corp").max_stale - seconds(1));
  keeper().tick();
  EXPECT_TRUE(published.empty());
  clock.advance(seconds(30));
  keeper().tick();
  ASSERT_EQ(published.size(), 1U);
  EXPECT_EQ(kid(), "none");
  EXPECT_GT(published.back()[0].generation, generation);
  EXPECT_EQ(state().document, nullptr);
}

TEST_F(KeyFileTest, ReloadReadsTheFileAndLeavesTheSameKeysTheirGeneration) {
  write(kKeysOne);
  const auto generation = configure()[0].generation;
  EXPECT_FALSE(keeper().read_files_again());
  EXPECT_EQ(state().keys.generation, generation);
  write(kKeysTwo);
  ASSERT_TRUE(keeper().read_files_again());
  EXPECT_EQ(kid(), "two");
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

TEST_F(KeyFileTest, FileThatOthersMayWriteToIsRefused) {
  write(kKeysOne);
  std::filesystem::permissions(file, std::filesystem::perms(0666));
  EXPECT_EQ(configure()[0].keys, nullptr);
  EXPECT_THAT(*state().last_error, HasSubstr("may be written by others"));
}

}  // namespace
}  // namespace latchkey::latchkeyd
