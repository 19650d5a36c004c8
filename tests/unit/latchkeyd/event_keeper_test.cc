// SPDX-License-Identifier: Apache-2.0
//
// What a host makes of a provider's security events: what goes to work, what the transmitter is
// told and when, and what a restart, a disk and a new key make of it.
#include "daemon/latchkeyd/service/event_keeper.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/revocation/revocation_set.h"
#include "tests/support/signing.h"
#include "tests/unit/latchkeyd/fakes.h"
#include "tests/unit/latchkeyd/key_fakes.h"

namespace latchkey::latchkeyd {
namespace {

using namespace std::chrono_literals;
using latchkey::testing::SigningKey;
using nlohmann::json;
using revocation::EntryKind;
using revocation::FeedState;
using ::testing::ElementsAre;
using testing::FakeClock;
using testing::FakeFetcher;
using testing::FakeJournal;
using ::testing::HasSubstr;
using testing::TempDir;
using testing::TestLoop;

const std::string kIssuer = "https://id.example.com/realms/corp";
const std::string kAudience = "https://hosts.example.com/events";
const std::string kCaep = "https://schemas.openid.net/secevent/caep/event-type/";

class EventKeeperTest : public ::testing::Test {
 protected:
  EventKeeperTest() {
    section.feed = {"corp-events", {"sudo"}, {"*"}};
    section.issuer = "corp";
    section.audiences = {kAudience};
    section.endpoint = "https://id.example.com/poll";
    section.digest = "digest-1";
    issuer.name = "corp";
    issuer.issuer = kIssuer;
    issuer.algorithms = {jose::Algorithm::eddsa};
    issuer.claims.max_token_age = 1h;
    issuer.claims.leeway = 60s;
    have_keys({&first});
    start();
  }

  void have_keys(const std::vector<const SigningKey*>& signers) {
    std::string all;
    for (const SigningKey* key : signers) all += (all.empty() ? "" : ",") + key->jwk();
    keys.keys = std::make_shared<const jose::JwkSet>(
        jose::JwkSet::parse("{\"keys\":[" + all + "]}").value());
    keys.fetched_at = clock.wall();
    ++keys.generation;
  }

  void start() {
    keeper.reset();
    fetcher.polls.clear();
    store.emplace(state.path(), journal);
    keeper = std::make_unique<EventKeeper>(EventKeeper::Parts{
        .control = loop,
        .disk = *disk,
        .clock = clock,
        .journal = journal,
        .poller = fetcher,
        .store = *store,
        .secret = secret,
        .keys = {
            .at_hand = [this](std::string_view name) { return name == "corp" ? &keys : nullptr; },
            .request =
                [this](std::string_view /*issuer*/, std::uint64_t seen, auto done) {
                  ++keys_asked;
                  if (fetched) fetched();
                  done(keys.generation > seen ? KeysOutcome::newer : otherwise);
                }},
        .hooks = {.publish =
                      [this](std::function<void()> done) {
                        ++published;
                        done();
                      },
                  .reload = [] {},
                  .rescheduled = {},
                  .random = [] { return 0U; }}});
    configure();
    keeper->tick();
  }

  void configure() {
    auto config = std::make_shared<config::Config>();
    config->issuers.push_back({.config = issuer, .groups = {}});
    config->max_claims_age = 2h;
    config->revocation.events = {section};
    keeper->configure(config);
  }

  json claims(const std::string& id, const std::string& event, json payload) const {
    const auto now = std::chrono::floor<std::chrono::seconds>(clock.wall()).time_since_epoch();
    return {{"iss", kIssuer},
            {"aud", kAudience},
            {"iat", now.count()},
            {"jti", id},
            {"events", {{kCaep + event, std::move(payload)}}}};
  }
  static json user(const std::string& sub) {
    return {{"subject", {{"format", "iss_sub"}, {"iss", kIssuer}, {"sub", sub}}}};
  }
  std::string signed_by(const SigningKey& key, const json& payload,
                        const std::string& typ = "secevent+jwt") const {
    const json header{
        {"alg", jose::algorithm_name(key.algorithm())}, {"kid", key.kid()}, {"typ", typ}};
    return key.token(header.dump(), payload.dump());
  }
  std::string revokes(const std::string& id, const std::string& sub) const {
    return signed_by(first, claims(id, "session-revoked", user(sub)));
  }

  // The transmitter answers, the disk writes; the next poll is open then, where there is one.
  void answer(const json& body) {
    text = body.dump();
    fetcher.answer_poll({.status = FetchResult::Status::ok, .body = text});
    run();
  }
  void come(const std::map<std::string, std::string>& sets, bool more = false) {
    answer({{"sets", sets}, {"moreAvailable", more}});
  }
  void fail(const std::string& error, std::optional<std::chrono::seconds> retry_after = {}) {
    fetcher.answer_poll(
        {.status = FetchResult::Status::failed, .retry_after = retry_after, .error = error});
    run();
  }
  void run() {
    while (loop.run_ready() + disk->run_ready() > 0) {
    }
  }
  void pass(std::chrono::milliseconds time) {
    clock.advance(time);
    keeper->tick();
    run();
  }

  json poll() { return json::parse(fetcher.polls.at(0).first.text); }
  json acks() { return poll().value("ack", json::array()); }
  bool polls() const { return !fetcher.polls.empty(); }
  // A token of the beginning, however much later it is.
  bool revoked(const std::string& sub) { return revoked_at(sub, began); }
  bool revoked_at(const std::string& sub, WallTime issued_at) {
    RevocationFeed::Gathered gathered;
    keeper->gather(gathered);
    const auto digest = names->digest(EntryKind::subject, kIssuer, sub);
    const auto* mark = gathered.sources.at(0)->find(EntryKind::subject, *digest);
    return mark != nullptr && issued_at < mark->before;
  }
  std::string error() { return keeper->states().at(0).last_error.value_or(""); }
  FeedState freshness() {
    return revocation::feed_state(keeper->states().at(0).feed, clock.wall());
  }
  std::string folder() const { return std::string(state.path()) + "/events"; }
  std::string file() const { return folder() + '/' + event_file(kIssuer, kIssuer); }

  TempDir state;
  FakeClock clock;
  const WallTime began = clock.wall();
  FakeJournal journal;
  FakeFetcher fetcher;
  TestLoop loop;
  std::unique_ptr<TestLoop> disk = std::make_unique<TestLoop>();
  revocation::HashSecret secret{7};
  std::shared_ptr<const revocation::Names> names = std::make_shared<const revocation::Names>();
  SigningKey first = SigningKey::of_the_rfc("first");
  config::EventSource section;
  issuer::IssuerConfig issuer;
  IssuerKeys keys;
  KeysOutcome otherwise = KeysOutcome::unchanged;
  std::function<void()> fetched;
  int keys_asked = 0;
  std::string text;
  std::optional<EventStore> store;
  std::unique_ptr<EventKeeper> keeper;
  int published = 0;
};

TEST_F(EventKeeperTest, AnEventIsInForceInTheCallThatBringsItAndAcknowledgedOnceItIsDurable) {
  EXPECT_EQ(freshness(), FeedState::absent);
  EXPECT_EQ(poll(), json({{"maxEvents", 32}, {"returnImmediately", true}}));
  text = json{{"sets", {{"one", revokes("one", "mallory")}}}}.dump();
  published = 0;
  fetcher.answer_poll({.status = FetchResult::Status::ok, .body = text});
  EXPECT_TRUE(revoked("mallory")) << error();
  EXPECT_EQ(published, 1);
  EXPECT_FALSE(polls()) << "nothing is acknowledged before it is durable";
  run();
  EXPECT_EQ(acks(), json({"one"}));
  EXPECT_FALSE(revoked("alice"));
  EXPECT_FALSE(revoked_at("mallory", clock.wall() + 2s));
  EXPECT_EQ(journal.count("a security event is in force source=corp-events event=session-revoked"),
            1U);
  // Told once.
  come({});
  EXPECT_EQ(freshness(), FeedState::fresh);
  pass(60s);
  EXPECT_EQ(acks(), json::array());
}

TEST_F(EventKeeperTest, ARestartForgetsNeitherWhatWasRevokedNorTheIds) {
  come({{"one", revokes("one", "mallory")}});
  start();
  EXPECT_TRUE(revoked("mallory"));
  EXPECT_EQ(freshness(), FeedState::fresh);
  come({{"one", revokes("one", "mallory")}});
  EXPECT_EQ(journal.count("a security event is in force"), 1U);
  pass(60s);
  EXPECT_EQ(acks(), json({"one"}));
  come({});
  // The key that signed it is gone, and it is in force all the same.
  const SigningKey other = SigningKey::generate(jose::Algorithm::es256, "other");
  have_keys({&other});
  start();
  EXPECT_TRUE(revoked("mallory"));
}

TEST_F(EventKeeperTest, ADaemonThatDiesBeforeTheDiskWroteHasItServedAgain) {
  text = json{{"sets", {{"one", revokes("one", "mallory")}}}}.dump();
  fetcher.answer_poll({.status = FetchResult::Status::ok, .body = text});
  keeper.reset();
  disk = std::make_unique<TestLoop>();  // what it had to do is never done
  start();
  EXPECT_FALSE(revoked("mallory"));
  EXPECT_EQ(acks(), json::array());
  come({{"one", revokes("one", "mallory")}});
  EXPECT_TRUE(revoked("mallory"));
  EXPECT_EQ(acks(), json({"one"}));
}

TEST_F(EventKeeperTest, AnIdThatIsKnownIsAcknowledgedAgainAndDoesNothingMore) {
  come({{"one", revokes("one", "mallory")}});
  come({{"one", revokes("one", "mallory")}});
  EXPECT_FALSE(polls()) << "a transmitter that heeds no acknowledgement has nobody spin";
  EXPECT_EQ(journal.count("a security event is in force"), 1U);
  pass(60s);
  EXPECT_EQ(acks(), json({"one"}));
}

TEST_F(EventKeeperTest, WhatTheDiskDoesNotTakeIsInForceAndNotAcknowledgedAndTriedAgain) {
  come({});
  std::filesystem::remove_all(folder());
  std::ofstream(folder()) << "a file in its place";
  pass(60s);
  come({{"one", revokes("one", "mallory")}});
  EXPECT_TRUE(revoked("mallory"));
  EXPECT_THAT(error(), HasSubstr("storage: "));
  EXPECT_FALSE(polls());
  pass(1s);  // still none
  EXPECT_FALSE(polls());
  std::filesystem::remove(folder());
  pass(2s);
  EXPECT_EQ(acks(), json::array()) << "served again first, for its id has gone by";
  come({{"one", revokes("one", "mallory")}});
  EXPECT_EQ(journal.count("a security event is in force"), 1U);
  pass(60s);
  EXPECT_EQ(acks(), json({"one"}));
  start();
  EXPECT_TRUE(revoked("mallory"));
}

TEST_F(EventKeeperTest, WhatIsForgedIsRefusedByItsCodeAndChangesNothing) {
  const SigningKey stranger = SigningKey::generate(jose::Algorithm::es256, "first");
  const SigningKey other = SigningKey::generate(jose::Algorithm::es256, "other");
  const json good = claims("x", "session-revoked", user("alice"));
  const auto with = [&](const char* name, const json& value) {
    json changed = good;
    changed[name] = value;
    return changed;
  };
  const json unsecured{{"alg", "none"}, {"typ", "secevent+jwt"}};
  const std::string none = first.token(unsecured.dump(), good.dump());
  struct Case {
    const char* name;
    std::string token;
    const char* code;
  };
  const std::vector<Case> cases = {
      {"signed by nobody we know", signed_by(other, good), "invalid_key"},
      {"signed by a stranger under our kid", signed_by(stranger, good), "invalid_key"},
      {"wrong aud", signed_by(first, with("aud", "https://elsewhere")), "invalid_audience"},
      {"wrong iss", signed_by(first, with("iss", "https://elsewhere")), "invalid_issuer"},
      {"wrong typ", signed_by(first, good, "JWT"), "invalid_request"},
      {"no typ of a token's", signed_by(first, good, "at+jwt"), "invalid_request"},
      {"alg none", none.substr(0, none.rfind('.') + 1), "invalid_request"},
      {"another's jti", signed_by(first, with("jti", "y")), "invalid_request"},
      {"a foreign subject",
       signed_by(
           first,
           claims("x", "session-revoked",
                  {{"subject", {{"format", "iss_sub"}, {"iss", "https://b"}, {"sub", "alice"}}}})),
       "access_denied"},
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(each.name);
    come({{"x", each.token}});
    EXPECT_FALSE(revoked("alice"));
    EXPECT_THAT(error(), HasSubstr("event "));
    pass(60s);
    EXPECT_EQ(poll()["setErrs"]["x"]["err"], each.code) << poll();
    EXPECT_EQ(acks(), json::array());
  }
  // The good one is good.
  come({{"x", signed_by(first, good)}});
  EXPECT_TRUE(revoked("alice"));
  EXPECT_EQ(error(), "");
}

TEST_F(EventKeeperTest, AnAlgorithmThatTheIssuerIsNotConfiguredWithSignsNoEvent) {
  const SigningKey other = SigningKey::generate(jose::Algorithm::es256, "other");
  have_keys({&first, &other});
  come({{"x", signed_by(other, claims("x", "session-revoked", user("alice")))}});
  EXPECT_FALSE(revoked("alice"));
  pass(60s);
  EXPECT_EQ(poll()["setErrs"]["x"]["err"], "authentication_failed");
}

TEST_F(EventKeeperTest, AnUnknownKeyIsAskedForOnceAndTheNewOneCounts) {
  const SigningKey second = SigningKey::generate(jose::Algorithm::eddsa, "second");
  fetched = [&] { have_keys({&first, &second}); };
  come({{"one", signed_by(second, claims("one", "session-revoked", user("mallory")))},
        {"two", revokes("two", "bob")}});
  EXPECT_TRUE(revoked("mallory") && revoked("bob")) << error();
  EXPECT_EQ(keys_asked, 1);
  EXPECT_EQ(acks(), json({"two", "one"}));
}

TEST_F(EventKeeperTest, AnEventWaitsWhileItsIssuerCannotBeAskedForItsKey) {
  const SigningKey second = SigningKey::generate(jose::Algorithm::eddsa, "second");
  const std::string token = signed_by(second, claims("one", "session-revoked", user("mallory")));
  otherwise = KeysOutcome::rate_limited;
  come({{"one", token}});
  EXPECT_THAT(error(), HasSubstr("1 events wait"));
  EXPECT_EQ(freshness(), FeedState::absent) << "what may still lie there is not known";
  pass(60s);
  EXPECT_EQ(acks(), json::array());
  EXPECT_FALSE(poll().contains("setErrs"));
  have_keys({&first, &second});
  come({{"one", token}});
  EXPECT_TRUE(revoked("mallory"));
  EXPECT_EQ(error(), "");
}

TEST_F(EventKeeperTest, KeysThatAreTooOldVerifyNoEvent) {
  issuer.max_stale = 1h;
  configure();
  clock.advance(2h);
  otherwise = KeysOutcome::failed;
  come({{"one", revokes("one", "mallory")}});
  EXPECT_FALSE(revoked("mallory"));
  EXPECT_THAT(error(), HasSubstr("1 events wait"));
}

TEST_F(EventKeeperTest, WhatIsSignedAheadOfOurClockIsAskedForAgain) {
  json ahead = claims("one", "session-revoked", user("mallory"));
  ahead["iat"] = ahead["iat"].get<std::int64_t>() + 600;
  come({{"one", signed_by(first, ahead)}});
  EXPECT_EQ(freshness(), FeedState::absent);
  pass(60s);
  EXPECT_EQ(acks(), json::array());
  EXPECT_FALSE(poll().contains("setErrs"));
  pass(600s);
  come({{"one", signed_by(first, ahead)}});
  EXPECT_TRUE(revoked("mallory"));
}

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
  // Then a restart leaves it out.
  clock.advance(3h);
  have_keys({&first});
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

TEST_F(EventKeeperTest, ADamagedFileLosesNoGoodLineAndIsStale) {
  come({{"one", revokes("one", "mallory")}});
  come({{"two", revokes("two", "bob")}});
  come({});
  std::fstream damage(file(), std::ios::in | std::ios::out);
  std::string line;
  std::getline(damage, line);
  const auto place = damage.tellg();
  damage.seekp(place);
  damage << "x";
  damage.close();
  start();
  EXPECT_TRUE(revoked("bob"));
  EXPECT_FALSE(revoked("mallory"));
  come({});
  EXPECT_EQ(freshness(), FeedState::stale);
  EXPECT_THAT(error(), HasSubstr("incomplete"));
  start();
  come({});
  EXPECT_EQ(freshness(), FeedState::stale) << "a restart makes nothing whole";
  // Until whatever it was can count no more.
  pass(2h + 121s);
  have_keys({&first});
  come({});
  EXPECT_EQ(freshness(), FeedState::fresh) << error();
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

TEST(EventStore, HasNothingButWholeLines) {
  revocation::Entry subject{.kind = EntryKind::subject, .before = WallTime(100s)};
  subject.digest[3] = 0xab;
  const revocation::Entry session{.kind = EntryKind::session, .end = WallTime(200s)};
  EventRecord record;
  record.events = {{std::string(32, 'a'), WallTime(50s), {subject, session}},
                   {std::string(32, 'b'), WallTime(51s), {}}};
  record.said_at = WallTime(60s);
  record.lost_at = WallTime(70s);
  const std::string text = encode_events(record);
  EventRecord read = decode_events(text);
  EXPECT_EQ(read.events, record.events);
  EXPECT_EQ(read.said_at, record.said_at);
  EXPECT_EQ(read.lost_at, record.lost_at);
  EXPECT_FALSE(read.damaged);
  // Half of the last line was never said to be there.
  for (std::size_t cut = 1; cut < 20; ++cut)
    EXPECT_FALSE(decode_events(std::string_view(text).substr(0, text.size() - cut)).damaged);
  for (std::size_t place = 0; place + 1 < text.size(); ++place) {
    std::string changed = text;
    changed[place] = changed[place] == 'x' ? 'y' : 'x';
    EXPECT_TRUE(decode_events(changed).damaged) << place;
  }
}

}  // namespace
}  // namespace latchkey::latchkeyd
