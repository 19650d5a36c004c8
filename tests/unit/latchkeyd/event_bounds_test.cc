// SPDX-License-Identifier: Apache-2.0
//
// How much of a host a stream of security events can take, and what a clock, a full store and a
// transmitter without measure make of it: what was revoked stays so, and nothing grows for ever.
#include <fmt/format.h>

#include "tests/unit/latchkeyd/event_keeper_host.h"

namespace latchkey::latchkeyd::event_keeper_test {
namespace {

constexpr int kMost = 262'144;  // events that a source holds

class EventBoundsTest : public EventKeeperTest {
 protected:
  // A file with so many events, each with an entry that ends then, or with none.
  void fill(int count, std::optional<WallTime> end) {
    keeper.reset();
    EventRecord record;
    for (int i = 0; i < count; ++i) {
      StoredEvent event{.id = fmt::format("{:032x}", i), .issued_at = began, .entries = {}};
      if (end) {
        revocation::Entry entry{.kind = EntryKind::session, .end = end};
        entry.digest[0] = static_cast<std::uint8_t>(i);
        entry.digest[1] = static_cast<std::uint8_t>(i >> 8);
        entry.digest[2] = static_cast<std::uint8_t>(i >> 16);
        event.entries.push_back(entry);
      }
      record.events.push_back(std::move(event));
    }
    record.said_at = began;
    ASSERT_TRUE(store->rewrite(event_file(kIssuer, kIssuer), record));
    start();
  }
  // Nothing can be added to it as it is.
  void cut_off_the_last_byte() {
    std::filesystem::resize_file(file(), std::filesystem::file_size(file()) - 1);
  }
  std::size_t lines() const {
    std::ifstream in(file());
    std::string line;
    std::size_t count = 0;
    while (std::getline(in, line)) ++count;
    return count;
  }
  static std::map<std::string, std::string> junk(int round, int count, std::size_t pad = 0) {
    std::map<std::string, std::string> sets;
    for (int i = 0; i < count; ++i)
      sets[fmt::format("{}-{}-{}", round, i, std::string(pad, 'x'))] = "junk";
    return sets;
  }
};

TEST_F(EventBoundsTest, AClockThatIsAheadAtTheStartTakesNothingBack) {
  come({{"one", revokes("one", "mallory")}});
  come({});
  clock.jump(3h);
  have_keys({&first});
  start();
  EXPECT_TRUE(revoked("mallory"));
  clock.jump(-3h);
  have_keys({&first});
  start();
  EXPECT_TRUE(revoked("mallory"));
}

TEST_F(EventBoundsTest, AClockThatIsAheadHasNothingForgottenOnDisk) {
  fill(6'000, began + 2h);
  cut_off_the_last_byte();
  clock.jump(3h);
  have_keys({&first});
  start();
  // The transmitter's clock says the same, and the file is written anew.
  come({{"one", revokes("one", "mallory")}});
  EXPECT_EQ(lines(), 1U + 4'096U + 1U + 1U) << "the ids that came last, the new one, its date";
  fill(6'000, began + 2h);
  cut_off_the_last_byte();
  start();
  come({});
  EXPECT_EQ(lines(), 1U + 6'000U + 1U) << "by the host's clock alone nothing has";
}

TEST_F(EventBoundsTest, AClockThatIsAheadWhileItRunsTakesNothingBack) {
  come({{"one", revokes("one", "mallory")}});
  clock.jump(3h);
  have_keys({&first});
  const auto signed_at = began.time_since_epoch() / 1s;
  for (int i = 0; i < 300; ++i) {
    pass(60s);
    const std::string id = fmt::format("x{}", i);
    json aliases = json::array();
    for (int k = 0; k < 16; ++k)
      aliases.push_back(
          {{"format", "iss_sub"}, {"iss", kIssuer}, {"sub", fmt::format("{}-{}", i, k)}});
    json event = claims(id, "token-claims-change",
                        {{"subject", {{"format", "aliases"}, {"identifiers", aliases}}}});
    event["iat"] = signed_at;
    if (!polls()) pass(60s);
    come({{id, signed_by(first, event)}});
  }
  EXPECT_TRUE(revoked("mallory"));
  EXPECT_EQ(keeper->states().at(0).base_entries > 0, true) << "it was merged";
}

TEST_F(EventBoundsTest, EventsOfWhichNothingCountsAnyMoreDoNotFillIt) {
  fill(kMost, std::nullopt);
  EXPECT_LT(keeper->states().at(0).bytes, 4'000'000U) << "forgotten at the start";
  come({{"one", revokes("one", "mallory")}});
  EXPECT_TRUE(revoked("mallory"));
  EXPECT_EQ(acks(), json({"one"}));
  come({});
  EXPECT_EQ(error(), "");
  EXPECT_LT(lines(), 10'000U);
}

TEST_F(EventBoundsTest, WhatItHoldsIsForgottenWhileItRuns) {
  section.max_events = 256;
  section.digest = "digest-2";
  configure();
  fetcher.polls.clear();
  keeper->tick();
  for (int round = 0; round < 60; ++round) {
    std::map<std::string, std::string> sets;
    for (int i = 0; i < 256; ++i) {
      const std::string id = fmt::format("{}-{}", round, i);
      sets[id] = signed_by(first, claims(id, "nothing", json::object()));
    }
    come(sets, true);
  }
  EXPECT_LT(keeper->states().at(0).bytes, 8'500U * 240U);
  EXPECT_FALSE(acks().empty());
}

TEST_F(EventBoundsTest, WhatThereIsNoRoomForIsInForceAndNotAcknowledgedAndTheSourceIsStaleAtOnce) {
  fill(kMost, began + 2h);
  EXPECT_GT(keeper->states().at(0).bytes, 40'000'000U) << "status says what it costs";
  come({{"one", revokes("one", "mallory")}});
  EXPECT_TRUE(revoked("mallory"));
  EXPECT_EQ(freshness(), FeedState::stale);
  EXPECT_THAT(error(), HasSubstr("are in force, cannot be kept, and are not acknowledged"));
  EXPECT_EQ(journal.count("security events are stale: there are more than can be kept"), 1U);
  EXPECT_FALSE(polls()) << "nobody spins";
  pass(60s);
  EXPECT_EQ(acks(), json::array());
  // When the others have ended it is kept.
  clock.advance(3h);
  have_keys({&first});
  const json both{{"one", revokes("one", "mallory")}, {"two", revokes("two", "bob")}};
  answer({{"sets", both}});
  pass(60s);
  answer({{"sets", both}});
  EXPECT_EQ(acks(), json({"one", "two"}));
  come({});
  EXPECT_EQ(freshness(), FeedState::fresh) << error();
}

TEST_F(EventBoundsTest, WhatTheDiskDoesNotTakeIsHeldWithinABound) {
  section.max_events = 256;
  section.digest = "digest-2";
  configure();
  fetcher.polls.clear();
  keeper->tick();
  come({});
  pass(60s);
  std::filesystem::remove_all(folder());
  std::ofstream(folder()) << "a file in its place";
  for (int round = 0; round < 17; ++round) {
    std::map<std::string, std::string> sets;
    for (int i = 0; i < 256; ++i) {
      const std::string id = fmt::format("{}-{}", round, i);
      sets[id] = signed_by(first, claims(id, "nothing", json::object()));
    }
    if (round == 16) sets["zz"] = revokes("zz", "mallory"), sets.erase("16-0");
    come(sets);
    pass(75s);
  }
  EXPECT_TRUE(revoked("mallory"));
  EXPECT_EQ(freshness(), FeedState::stale);
  EXPECT_LT(keeper->states().at(0).bytes, 4'200U * 240U);
}

// A transmitter serves what came first, and what is not acknowledged stays before the rest.
TEST_F(EventBoundsTest, WhatStandsBehindWhatTheDiskDoesNotTakeMakesTheSourceStaleAtOnce) {
  come({});
  pass(60s);
  std::filesystem::remove_all(folder());
  std::ofstream(folder()) << "a file in its place";
  come({{"one", revokes("one", "bob")}}, true);
  EXPECT_EQ(freshness(), FeedState::stale) << "who stands behind it is not heard";
  std::filesystem::remove(folder());
  pass(60s);
  come({{"one", revokes("one", "bob")}}, true);
  EXPECT_EQ(freshness(), FeedState::stale);
  pass(60s);
  come({{"one", revokes("one", "bob")}}, true);
  pass(60s);
  EXPECT_EQ(acks(), json({"one"}));
  come({{"two", revokes("two", "mallory")}});
  pass(60s);
  come({});
  EXPECT_TRUE(revoked("mallory"));
  EXPECT_EQ(freshness(), FeedState::fresh) << error();
}

TEST_F(EventBoundsTest, WhatHasEndedKeepsItsIdAndNoRoom) {
  json many = claims("many", "session-revoked", json::object());
  for (const char* event : {"session-revoked", "token-claims-change", "credential-change"}) {
    json people = json::array();
    for (int i = 0; i < 16; ++i)
      people.push_back({{"format", "iss_sub"}, {"iss", kIssuer}, {"sub", fmt::format("u{}", i)}});
    many["events"][kCaep + event] = {{"subject", {{"format", "aliases"}, {"identifiers", people}}},
                                     {"event_timestamp", began.time_since_epoch().count() / 1'000}};
  }
  come({{"many", signed_by(first, many)}});
  cut_off_the_last_byte();
  clock.advance(5h);
  have_keys({&first});
  start();
  come({{"one", revokes("one", "mallory")}});
  cut_off_the_last_byte();
  start();
  come({{"two", revokes("two", "bob")}});
  std::ifstream in(file());
  const std::string stored{std::istreambuf_iterator<char>(in), {}};
  std::size_t entries = 0;
  for (const StoredEvent& event : decode_events(stored.substr(stored.find('\n') + 1)).events)
    entries += event.entries.size();
  EXPECT_EQ(entries, 2U) << "those of the first are gone";
  pass(60s);
  come({{"many", signed_by(first, many)}});
  EXPECT_EQ(journal.count("a security event is in force for more names"), 1U) << "it is known";
}

TEST_F(EventBoundsTest, WhatThereIsNoRoomForIsToldOnceAndMissedUntilItIsKept) {
  fill(kMost, began + 2h);
  for (int i = 0; i < 3; ++i) {
    come({{"one", revokes("one", "mallory")}});
    pass(60s);
  }
  EXPECT_EQ(journal.count("a security event is in force"), 1U);
  come({});
  EXPECT_EQ(freshness(), FeedState::stale) << "a restart would let mallory in";
  EXPECT_THAT(error(), HasSubstr("cannot be kept")) << "though the transmitter has no more";
  clock.advance(3h);
  have_keys({&first});
  const std::map<std::string, std::string> both{{"one", revokes("one", "mallory")},
                                                {"two", revokes("two", "bob")}};
  for (int i = 0; i < 2; ++i) {
    keeper->tick();
    come(both);
    pass(60s);
  }
  come({});
  EXPECT_EQ(freshness(), FeedState::fresh) << error();
}

TEST_F(EventBoundsTest, WhatThereWasNoRoomForIsKeptWhenThereIsWhetherItComesAgainOrNot) {
  fill(kMost, began + 1h);
  json logout = claims("one", "x", json::object());
  logout["sub"] = "mallory";
  logout["exp"] = logout["iat"].get<std::int64_t>() + 120;
  logout["events"] = {{"http://schemas.openid.net/event/backchannel-logout", json::object()}};
  come({{"one", signed_by(first, logout, "logout+jwt")}});
  EXPECT_EQ(freshness(), FeedState::stale);
  clock.advance(90min);
  have_keys({});  // it was verified when it came first
  keeper->tick();
  come({{"one", signed_by(first, logout, "logout+jwt")}});
  pass(60s);
  EXPECT_FALSE(poll().contains("setErrs"));
  have_keys({&first});
  come({{"two", revokes("two", "bob")}});  // by the transmitter's clock too the others have ended
  for (int i = 0; i < 2; ++i) {
    pass(60s);
    come({});
  }
  EXPECT_EQ(freshness(), FeedState::fresh) << error();
  start();
  EXPECT_TRUE(revoked("mallory"));
}

TEST_F(EventBoundsTest, RefusalsThatDoNotFitIntoAPollAreToldBeforeMoreIsAskedFor) {
  section.max_events = 256;
  section.digest = "digest-2";
  configure();
  fetcher.polls.clear();
  keeper->tick();
  come(junk(0, 256, 1'960), true);
  std::size_t told = 0;
  int told_only = 0;
  pass(60s);
  while (poll()["maxEvents"] == 0) {
    told += poll()["setErrs"].size();
    EXPECT_EQ(poll()["returnImmediately"], true);
    ++told_only;
    come(junk(told_only, 256, 1'960), true);  // was not asked for: not looked at
    ASSERT_TRUE(polls());
  }
  told += poll()["setErrs"].size();
  EXPECT_EQ(told, 256U);
  EXPECT_GT(told_only, 10);
  EXPECT_EQ(freshness(), FeedState::absent) << "an answer to such a poll says nothing";
}

TEST_F(EventBoundsTest, NoMoreTokensAreLookedAtThanWereAskedFor) {
  section.max_events = 4;
  section.digest = "digest-2";
  configure();
  fetcher.polls.clear();
  keeper->tick();
  come(junk(0, 256));
  EXPECT_EQ(freshness(), FeedState::absent) << "the rest comes again";
  pass(60s);
  EXPECT_EQ(poll()["setErrs"].size(), 4U);
}

TEST_F(EventBoundsTest, WhoSaysThatThereIsMoreAndBringsNothingNewIsAskedInGrowingPauses) {
  for (const auto pause : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s}) {
    come({}, true);
    ASSERT_FALSE(polls());
    EXPECT_EQ(keeper->next_tick() - clock.steady(), pause);
    pass(pause);
  }
  // The same with junk.
  come(junk(0, 32), true);
  EXPECT_EQ(keeper->next_tick() - clock.steady(), 60s);
  pass(60s);
  come({{"one", revokes("one", "mallory")}}, true);
  EXPECT_TRUE(polls()) << "something new has it asked at once";
}

TEST_F(EventBoundsTest, RefusalsOfOneAnswerAreFiveLinesOfTheJournal) {
  come(junk(0, 32));
  EXPECT_EQ(journal.count("a security event is refused"), 4U);
  EXPECT_EQ(
      journal.count("more security events of one answer are not taken source=corp-events more=28"),
      1U);
}

TEST_F(EventBoundsTest, AnEventAboutManyIsFiveLinesOfTheJournal) {
  json aliases = json::array();
  for (int k = 0; k < 16; ++k)
    aliases.push_back({{"format", "iss_sub"}, {"iss", kIssuer}, {"sub", fmt::format("{}", k)}});
  come({{"one", signed_by(first, claims("one", "session-revoked",
                                        {{"subject",
                                          {{"format", "aliases"}, {"identifiers", aliases}}}}))}});
  EXPECT_TRUE(revoked("0") && revoked("15"));
  EXPECT_EQ(journal.count("a security event is in force source"), 4U);
  EXPECT_EQ(journal.count("a security event is in force for more names"), 1U);
  EXPECT_EQ(journal.count("more=12"), 1U);
}

TEST_F(EventBoundsTest, AnEventWithoutAnIdThatCanBeToldHoldsUpNoOther) {
  come({{std::string(3'000, 'i'), "x"}, {"one", revokes("one", "mallory")}});
  EXPECT_TRUE(revoked("mallory"));
  EXPECT_EQ(acks(), json({"one"}));
  EXPECT_THAT(error(), HasSubstr("1 events have an id that is empty or too long"));
  EXPECT_EQ(freshness(), FeedState::absent);
}

TEST_F(EventBoundsTest, APartThatIsPassedOverIsSaidBesideTheGoodOne) {
  json both = claims("one", "session-revoked", user("mallory"));
  both["events"][kCaep + "credential-change"] = {{"subject", {{"format", "opaque"}}}};
  come({{"one", signed_by(first, both)}});
  EXPECT_TRUE(revoked("mallory"));
  EXPECT_EQ(acks(), json({"one"}));
  EXPECT_THAT(error(), HasSubstr("a part of it is passed over: claim: 'id' is absent"));
  EXPECT_EQ(journal.count("a part of a security event is passed over"), 1U);
}

}  // namespace
}  // namespace latchkey::latchkeyd::event_keeper_test
