// SPDX-License-Identifier: Apache-2.0
//
// Asking issuers about tokens: one question for all who wait, limits of each issuer and source,
// what is kept for how long, and what failures mean.
#include "daemon/latchkeyd/service/introspection_keeper.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/unit/latchkeyd/fakes.h"
#include "tests/unit/latchkeyd/key_fakes.h"

namespace latchkey::latchkeyd {
namespace {

using namespace std::chrono_literals;
using testing::issuer_config;

constexpr std::string_view kActive = R"({"active":true})";
constexpr std::string_view kInactive = R"({"active":false})";

class IntrospectionKeeperTest : public ::testing::Test {
 protected:
  IntrospectionKeeperTest() { configure({section("corp"), section("other")}); }

  static issuer::IssuerConfig section(std::string name) {
    auto config = issuer_config(std::move(name));
    config.introspection.mode = issuer::IntrospectionMode::required;
    config.introspection.client.client_id = "c";
    return config;
  }

  void configure(std::vector<issuer::IssuerConfig> issuers) {
    snapshot.config = testing::config_of(std::move(issuers));
    snapshot.keys.assign(snapshot.config->issuers.size(), {});
    keeper.configure(*snapshot.config);
  }

  // Asks about a token and gives the place where the reply will be.
  std::shared_ptr<std::optional<IntrospectionReply>> ask(const std::string& token,
                                                         const std::string& issuer = "corp",
                                                         const std::string& source = "s") {
    auto reply = std::make_shared<std::optional<IntrospectionReply>>();
    const auto& config =
        snapshot.config
            ->issuers[static_cast<std::size_t>(snapshot.config->find_issuer_by_name(issuer))]
            .config;
    IntrospectionOrder order{
        {issuer, config.digest, token, false}, source, wire::SecretBuffer(token.size())};
    EXPECT_TRUE(order.token.append(token));
    keeper.ask(std::move(order), [reply](IntrospectionReply said) { *reply = std::move(said); });
    return reply;
  }

  const IntrospectionState& state(std::string_view issuer = "corp") const {
    return *keeper.state(issuer);
  }

  testing::FakeClock clock;
  testing::FakeJournal journal;
  testing::FakeIntrospector provider;
  IntrospectionMemory memory;
  Snapshot snapshot;
  int reloads = 0;
  IntrospectionKeeper keeper{{.clock = clock,
                              .journal = journal,
                              .introspector = provider,
                              .memory = memory,
                              .snapshot = [this]() -> const Snapshot& { return snapshot; },
                              .reload = [this] { ++reloads; },
                              .random = [] { return 0U; }}};
};

TEST_F(IntrospectionKeeperTest, EverybodyWhoWaitsForOneTokenSharesOneQuestion) {
  const auto first = ask("token-1");
  const auto second = ask("token-1", "corp", "another source");
  EXPECT_EQ(provider.tokens, std::vector<std::string>{"token-1"});
  EXPECT_EQ(state().under_way, 1U);
  provider.answer_ok(kActive);
  for (const auto& reply : {first, second}) {
    ASSERT_TRUE(*reply);
    ASSERT_NE((*reply)->answer, nullptr);
    EXPECT_EQ((*reply)->answer->state(), Introspected::State::active);
  }
  EXPECT_EQ(state().active, 1);
  EXPECT_EQ(state().under_way, 0U);
  EXPECT_EQ(state().answered_at, clock.wall());
}

TEST_F(IntrospectionKeeperTest, OneIssuersAnswerIsNeverAnothers) {
  ask("token-1");
  provider.answer_ok(kActive);
  const auto other = ask("token-1", "other");
  EXPECT_FALSE(*other) << "it is asked, though the same token is known at corp";
  EXPECT_EQ(provider.asked, 2U);
  provider.answer_ok(kInactive);
  EXPECT_EQ((*other)->answer->state(), Introspected::State::inactive);
  EXPECT_EQ((*other)->answer->question().issuer, "other");
}

TEST_F(IntrospectionKeeperTest, AnAnswerServesForItsTimeAndNotAMomentLonger) {
  ask("token-1");
  provider.answer_ok(kActive);
  clock.advance(30s - 1ms);
  EXPECT_TRUE(*ask("token-1"));
  EXPECT_EQ(provider.asked, 1U);
  clock.advance(1ms);
  EXPECT_FALSE(*ask("token-1"));
  EXPECT_EQ(provider.asked, 2U);
  provider.answer_ok(kInactive);
  clock.advance(5s - 1ms);
  EXPECT_TRUE(*ask("token-1"));
  clock.advance(1ms);
  EXPECT_FALSE(*ask("token-1"));
  EXPECT_EQ(provider.asked, 3U);
}

TEST_F(IntrospectionKeeperTest, AClockThatIsSetBackProlongsNothing) {
  ask("token-1");
  provider.answer_ok(kActive);
  clock.jump(-1h);
  clock.advance(30s);
  EXPECT_FALSE(*ask("token-1"));
}

TEST_F(IntrospectionKeeperTest, NoAnswerServesBeyondTheTokensEnd) {
  const auto end = std::chrono::floor<std::chrono::seconds>(clock.wall() + 10s);
  ask("token-1");
  provider.answer_ok(R"({"active":true,"exp":)" + std::to_string(end.time_since_epoch().count()) +
                     "}");
  clock.advance(10s - 1ms);
  EXPECT_TRUE(*ask("token-1"));
  clock.advance(1ms);
  EXPECT_FALSE(*ask("token-1"));
}

TEST_F(IntrospectionKeeperTest, WithoutALifeEachLoginAsks) {
  auto config = section("corp");
  config.introspection.positive_ttl = 0s;
  config.introspection.negative_ttl = 0s;
  configure({config});
  for (const auto body : {kActive, kInactive}) {
    const auto reply = ask("token-1");
    provider.answer_ok(body);
    EXPECT_TRUE(*reply);
  }
  EXPECT_EQ(provider.asked, 2U);
  EXPECT_EQ(memory.size(), 0U);
}

TEST_F(IntrospectionKeeperTest, AChangedConfigurationForgets) {
  ask("token-1");
  provider.answer_ok(kActive);
  EXPECT_EQ(memory.size(), 1U);
  configure({section("corp"), section("other")});
  EXPECT_EQ(memory.size(), 0U);
  EXPECT_FALSE(*ask("token-1"));
}

TEST_F(IntrospectionKeeperTest, AnAnswerToAQuestionOfTheOldSectionIsDropped) {
  const auto reply = ask("token-1");
  auto changed = section("corp");
  changed.digest = "digest-2";
  configure({changed});
  ASSERT_TRUE(*reply) << "nobody waits for what would not be believed";
  EXPECT_EQ((*reply)->error.reason, Reason::introspection_unavailable);
  EXPECT_FALSE((*reply)->down);
  provider.answer_ok(kActive);
  EXPECT_EQ(memory.size(), 0U);
}

TEST_F(IntrospectionKeeperTest, AnOrderOfAnOldSectionIsNotCarriedOut) {
  IntrospectionOrder order{{"corp", "digest-0", "token-1", false}, "s", wire::SecretBuffer(1)};
  std::optional<IntrospectionReply> reply;
  keeper.ask(std::move(order), [&](IntrospectionReply said) { reply = std::move(said); });
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->error.reason, Reason::introspection_unavailable);
  EXPECT_FALSE(reply->down);
  EXPECT_EQ(provider.asked, 0U);
}

TEST_F(IntrospectionKeeperTest, QuestionsUnderWayAreBoundedByIssuerAndBySource) {
  for (std::size_t i = 0; i < kQuestionsOfSource; ++i)
    EXPECT_FALSE(*ask("a" + std::to_string(i), "corp", "a"));
  const auto one_more = ask("a-more", "corp", "a");
  ASSERT_TRUE(*one_more);
  EXPECT_EQ((*one_more)->error.reason, Reason::budget_exhausted);
  EXPECT_FALSE((*one_more)->down);
  EXPECT_FALSE(*ask("b", "corp", "b")) << "another source has its own";
  EXPECT_FALSE(*ask("a0", "corp", "c")) << "joins what is under way";
  std::size_t i = provider.asked;
  for (; i < kQuestionsOfIssuer; ++i)
    EXPECT_FALSE(*ask("c" + std::to_string(i), "corp", "c" + std::to_string(i)));
  EXPECT_EQ((*ask("z", "corp", "z"))->error.reason, Reason::budget_exhausted);
  EXPECT_EQ(provider.asked, kQuestionsOfIssuer);
  EXPECT_FALSE(*ask("z", "other", "z")) << "another issuer has its own";
  EXPECT_EQ(state().withheld, 2);
}

TEST_F(IntrospectionKeeperTest, QuestionsOfAllIssuersLeaveRoomForKeys) {
  std::vector<issuer::IssuerConfig> issuers;
  for (int i = 0; i < 5; ++i) issuers.push_back(section("i" + std::to_string(i)));
  configure(issuers);
  for (std::size_t i = 0; i < kQuestionsInAll; ++i) {
    const std::string number = std::to_string(i);
    EXPECT_FALSE(*ask(number, "i" + std::to_string(i % 4), number));
  }
  const auto one_more = ask("more", "i4", "more");
  ASSERT_TRUE(*one_more);
  EXPECT_EQ((*one_more)->error.reason, Reason::budget_exhausted);
  EXPECT_FALSE((*one_more)->down);
  provider.answer_ok(kActive);
  EXPECT_FALSE(*ask("more", "i4", "more"));
}

TEST_F(IntrospectionKeeperTest, QuestionsASecondAreBounded) {
  auto config = section("corp");
  config.introspection.rate = 2;
  config.digest = "digest-2";
  config.introspection.positive_ttl = 0s;
  config.introspection.negative_ttl = 0s;
  configure({config});
  const auto asked = [&] {
    const auto before = provider.asked;
    const std::string number = std::to_string(before);
    ask("t" + number, "corp", "source " + number);
    if (provider.asked == before) return false;
    provider.answer_ok(kInactive);
    return true;
  };
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(asked()) << "twice as many at once";
  EXPECT_FALSE(asked());
  clock.advance(499ms);
  EXPECT_FALSE(asked());
  clock.advance(1ms);
  EXPECT_TRUE(asked());
  EXPECT_FALSE(asked());
  clock.advance(1h);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(asked()) << "and no more is saved up";
  EXPECT_FALSE(asked());
}

TEST_F(IntrospectionKeeperTest, WhoGuessesLeavesHalfOfTheQuestionsToOthers) {
  auto config = section("corp");
  config.introspection.rate = 4;
  config.digest = "digest-2";
  configure({config});
  const auto reason_of = [&](const std::string& token, const std::string& source) {
    const auto reply = ask(token, "corp", source);
    return *reply ? (*reply)->error.reason : Reason::allowed;  // it is being asked
  };
  for (int i = 0; i < 4; ++i) ask("guess " + std::to_string(i), "corp", "guesser");
  EXPECT_EQ(provider.asked, 4U);
  for (int i = 4; i < 100; ++i)
    EXPECT_EQ(reason_of("guess " + std::to_string(i), "guesser"), Reason::budget_exhausted);
  EXPECT_EQ(provider.asked, 4U);
  EXPECT_EQ(state().withheld, 96);
  ask("theirs", "corp", "somebody else");
  EXPECT_EQ(provider.asked, 5U);
}

TEST_F(IntrospectionKeeperTest, AFailureIsToldToAllKeptByNobodyAndSaidOnce) {
  for (int i = 0; i < 3; ++i) {
    const auto reply = ask("token-1");
    provider.fail("corp: introspection: connection");
    ASSERT_TRUE(*reply);
    EXPECT_EQ((*reply)->error.reason, Reason::introspection_unavailable);
    EXPECT_TRUE((*reply)->down);
  }
  EXPECT_EQ(provider.asked, 3U);
  EXPECT_EQ(state().failed, 3);
  EXPECT_EQ(state().last_error, "corp: introspection: connection");
  EXPECT_EQ(journal.count("cannot be asked about tokens"), 1U);
  ask("token-1");
  provider.answer_ok(kActive);
  EXPECT_EQ(state().last_error, std::nullopt);
  EXPECT_EQ(journal.count("answers questions about tokens again"), 1U);
}

// Where a signature alone would do while the provider is down, a flood must not bring that about.
TEST_F(IntrospectionKeeperTest, TooManyRequestsIsNotDownAndPauses) {
  const auto reply = ask("token-1");
  provider.fail("corp: introspection: HTTP status 429", 429, 10s);
  EXPECT_FALSE((*reply)->down);
  const auto paused = ask("token-2");
  ASSERT_TRUE(*paused);
  EXPECT_EQ((*paused)->error.reason, Reason::introspection_unavailable);
  EXPECT_FALSE((*paused)->down);
  EXPECT_EQ(provider.asked, 1U);
  clock.advance(10s);
  EXPECT_FALSE(*ask("token-2"));
}

// Whoever guesses can draw one. Were it to bind everybody, one guess each half minute would keep
// all users of the issuer out.
TEST_F(IntrospectionKeeperTest, TooManyRequestsBindsTheSourceThatDrewIt) {
  ask("guess", "corp", "guesser");
  provider.fail("corp: introspection: HTTP status 429", 429, 1h);
  EXPECT_TRUE(*ask("guess-2", "corp", "guesser"));
  EXPECT_FALSE(*ask("token-1", "corp", "somebody else"));
  provider.answer_ok(kActive);
  clock.advance(30s - 1ms);
  EXPECT_TRUE(*ask("guess-2", "corp", "guesser")) << "somebody else's good answer frees nobody";
  clock.advance(1ms);
  EXPECT_FALSE(*ask("guess-2", "corp", "guesser")) << "30 s at most";
}

TEST_F(IntrospectionKeeperTest, ASecondTooManyRequestsLetsOneQuestionThroughAtATime) {
  for (const auto* source : {"a", "b"}) {
    EXPECT_FALSE(*ask(std::string("token of ") + source, "corp", source));
    provider.fail("corp: introspection: HTTP status 429", 429, 10s);
  }
  const auto held = ask("token-1", "corp", "c");
  ASSERT_TRUE(*held);
  EXPECT_FALSE((*held)->down);
  clock.advance(250ms);
  EXPECT_FALSE(*ask("token-1", "corp", "c"));
  EXPECT_TRUE(*ask("token-2", "corp", "d")) << "one at a time";
  provider.answer_ok(kActive);
  EXPECT_FALSE(*ask("token-2", "corp", "d")) << "an answer ends it";
}

TEST_F(IntrospectionKeeperTest, AfterFailuresInARowOneQuestionAtATimeGoesOut) {
  const auto fail = [&] {
    const auto before = provider.asked;
    const auto reply = ask("token " + std::to_string(before));
    EXPECT_EQ(provider.asked, before + 1);
    provider.fail("corp: introspection", 503);
    return (*reply)->down;
  };
  bool down = false;
  for (unsigned i = 0; i < QuestionGate::kFailuresInRow; ++i) down = fail();
  const auto held = ask("token-1");
  ASSERT_TRUE(*held) << "at once";
  EXPECT_EQ((*held)->error.reason, Reason::introspection_unavailable);
  EXPECT_EQ((*held)->down, down) << "what the last ones heard";
  EXPECT_EQ(state().withheld, 1);
  EXPECT_FALSE(*ask("token-1", "other")) << "another issuer is asked";
  provider.answer_ok(kActive);
  clock.advance(250ms);
  EXPECT_FALSE(*ask("token-1"));
  EXPECT_FALSE(*ask("token-1", "corp", "x")) << "joins what is under way";
  EXPECT_TRUE(*ask("token-2"));
  provider.fail("corp: introspection", 503);
  EXPECT_TRUE(*ask("token-2")) << "for longer";
  clock.advance(500ms);
  EXPECT_FALSE(*ask("token-1"));
  provider.answer_ok(kActive);
  for (const auto* token : {"token-2", "token-3"}) EXPECT_FALSE(*ask(token)) << "it is over";
}

TEST_F(IntrospectionKeeperTest, AFetchdThatIsGoneIsNotWaitedForByEachLogin) {
  for (unsigned i = 0; i < QuestionGate::kFailuresInRow; ++i) {
    ask("token " + std::to_string(i));
    provider.answer({.status = IntrospectResult::Status::unreachable, .error = "connection"});
  }
  EXPECT_TRUE(*ask("token-1"));
}

// A guess can bring about any of these.
TEST_F(IntrospectionKeeperTest, AnswersToBadQuestionsHoldNobodyBack) {
  for (unsigned i = 0; i < 2 * QuestionGate::kFailuresInRow; ++i) {
    const auto before = provider.asked;
    ask("token " + std::to_string(i));
    ASSERT_EQ(provider.asked, before + 1);
    if (i % 2 == 0) provider.fail("corp: introspection: HTTP status 400", 400);
    if (i % 2 != 0) provider.answer_ok("<html></html>");
  }
}

TEST_F(IntrospectionKeeperTest, APauseThatAProviderAsksForEnds) {
  ask("token-1");
  provider.fail("corp: introspection: HTTP status 503", 503, 24h);
  clock.advance(30s);
  EXPECT_FALSE(*ask("token-2"));
}

TEST_F(IntrospectionKeeperTest, WhatIsNoAnswerIsNotDown) {
  const auto reply = ask("token-1");
  provider.answer_ok("<html></html>");
  ASSERT_TRUE(*reply);
  EXPECT_EQ((*reply)->error.reason, Reason::introspection_answer_invalid);
  EXPECT_FALSE((*reply)->down);
  EXPECT_EQ(state().invalid, 1);
  EXPECT_EQ(memory.size(), 0U);
}

TEST_F(IntrospectionKeeperTest, OtherConfigurationsAreReadAgainAndTheLoginIsNotLetIn) {
  const auto reply = ask("token-1");
  provider.answer({.status = IntrospectResult::Status::reload, .error = "reload"});
  EXPECT_EQ(reloads, 1);
  EXPECT_EQ((*reply)->error.reason, Reason::introspection_unavailable);
  EXPECT_FALSE((*reply)->down);
}

TEST_F(IntrospectionKeeperTest, IssuersThatAreNotAskedHaveNoState) {
  configure({issuer_config("quiet"), section("corp")});
  EXPECT_EQ(keeper.state("quiet"), nullptr);
  EXPECT_NE(keeper.state("corp"), nullptr);
}

}  // namespace
}  // namespace latchkey::latchkeyd
