// SPDX-License-Identifier: Apache-2.0
//
// What a host makes of a provider's security events: what goes to work, what the transmitter is
// told and when, and what a restart, a disk and a new key make of it.
#include "tests/unit/latchkeyd/event_keeper_host.h"

namespace latchkey::latchkeyd::event_keeper_test {
namespace {

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
  pass(1s);
  EXPECT_EQ(acks(), json::array());
  // The disk takes nothing; the next event is in force all the same.
  EXPECT_EQ(poll()["maxEvents"], 33) << "beside what comes again";
  come({{"one", revokes("one", "mallory")}, {"two", revokes("two", "bob")}});
  EXPECT_TRUE(revoked("bob"));
  EXPECT_FALSE(polls());
  std::filesystem::remove(folder());
  pass(2s);
  EXPECT_EQ(acks(), json::array()) << "served again first, for its id has gone by";
  come({{"one", revokes("one", "mallory")}, {"two", revokes("two", "bob")}});
  EXPECT_EQ(journal.count("a security event is in force"), 2U);
  pass(60s);
  EXPECT_EQ(acks(), json({"one", "two"}));
  start();
  EXPECT_TRUE(revoked("mallory") && revoked("bob"));
}

TEST_F(EventKeeperTest, IsDatedByNoAnswerWhileTheDiskTakesNothing) {
  come({});
  std::filesystem::remove_all(folder());
  std::ofstream(folder()) << "a file in its place";
  pass(60s);
  come({{"one", revokes("one", "mallory")}});
  for (int i = 0; i < 61; ++i) {
    pass(60s);
    ASSERT_TRUE(polls());
    come({{"one", revokes("one", "mallory")}});
  }
  EXPECT_EQ(freshness(), FeedState::stale);
  EXPECT_EQ(journal.count("a security event is in force"), 1U);
}

TEST_F(EventKeeperTest, WhatIsForgedIsRefusedByItsCodeAndChangesNothing) {
  const SigningKey stranger = SigningKey::generate(jose::Algorithm::eddsa, "first");
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
      {"signed by a stranger under our kid", signed_by(stranger, good), "authentication_failed"},
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
  // What was lost is not made good by it.
  EXPECT_THAT(error(), HasSubstr("(and 7 before it since the start)"));
  pass(24h);
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

TEST_F(EventKeeperTest, AKeyThatWasRevokedSignsNoEvent) {
  const auto set = jose::JwkSet::parse(latchkey::testing::jwk_set({first.jwk()})).value();
  revoked_key = std::string(set.keys()[0].thumbprint());
  come({{"x", revokes("x", "alice")}});
  EXPECT_FALSE(revoked("alice"));
  EXPECT_THAT(error(), HasSubstr("the key that signed it is revoked"));
  pass(60s);
  EXPECT_EQ(poll()["setErrs"]["x"]["err"], "invalid_key");
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

TEST_F(EventKeeperTest, AnEventByAKeyThatTheSetDoesNotShowYetWaitsForHalfOfMaxAgeAndIsRefusedThen) {
  const SigningKey second = SigningKey::generate(jose::Algorithm::eddsa, "second");
  const std::string early = signed_by(second, claims("one", "session-revoked", user("mallory")));
  come({});
  pass(60s);
  come({{"one", early}});
  EXPECT_THAT(error(), HasSubstr("1 events wait: no key of issuer corp has signed them so far"));
  EXPECT_FALSE(revoked("mallory"));
  pass(29min);
  EXPECT_EQ(poll()["maxEvents"], 33);
  EXPECT_FALSE(poll().contains("setErrs"));
  // The set shows the key: nothing was lost.
  fetched = [&] { have_keys({&first, &second}); };
  come({{"one", early}});
  EXPECT_TRUE(revoked("mallory"));
  EXPECT_EQ(acks(), json({"one"}));
  fetched = nullptr;
  come({});
  EXPECT_EQ(error(), "");

  const SigningKey third = SigningKey::generate(jose::Algorithm::eddsa, "third");
  const std::string never = signed_by(third, claims("two", "session-revoked", user("bob")));
  pass(60s);
  come({{"two", never}});
  pass(29min - 1s);
  come({{"two", never}});
  EXPECT_THAT(error(), HasSubstr("1 events wait"));
  pass(60s);
  EXPECT_FALSE(poll().contains("setErrs"));
  come({{"two", never}});
  EXPECT_EQ(freshness(), FeedState::fresh) << "one such event makes nothing stale";
  EXPECT_THAT(error(), HasSubstr("key: no key of the issuer has signed it"));
  pass(60s);
  EXPECT_EQ(poll()["setErrs"]["two"]["err"], "invalid_key");
}

TEST_F(EventKeeperTest, NoMoreEventsWaitForAKeyThanAnAnswerHas) {
  const SigningKey other = SigningKey::generate(jose::Algorithm::eddsa, "other");
  section.max_events = 256;
  section.digest = "digest-2";
  configure();
  fetcher.polls.clear();
  keeper->tick();
  const std::string token = signed_by(other, claims("x", "session-revoked", user("mallory")));
  const auto some = [&](const std::string& prefix, int count) {
    std::map<std::string, std::string> sets;
    for (int i = 0; i < count; ++i) sets[prefix + std::to_string(i)] = token;
    return sets;
  };
  come(some("a", 256));
  pass(60s);
  EXPECT_FALSE(poll().contains("setErrs"));
  come(some("b", 2));
  pass(60s);
  EXPECT_EQ(poll()["setErrs"].size(), 2U);
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
}  // namespace latchkey::latchkeyd::event_keeper_test
