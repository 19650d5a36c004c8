// SPDX-License-Identifier: Apache-2.0
//
// Asking issuers about tokens: one question for all who wait, limits of each issuer and source,
// what is kept for how long, and what failures mean.
#include "tests/unit/latchkeyd/introspection_keeper_host.h"

namespace latchkey::latchkeyd {
namespace {

using namespace std::chrono_literals;
using testing::issuer_config;

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
    provider.be_down("corp: introspection: connection");
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

// Where a signature alone would do while the provider is down, nothing that answers may bring that
// about, nor a limit or a failure of our own.
TEST_F(IntrospectionKeeperTest, OnlyNobodyIsDown) {
  using Status = IntrospectResult::Status;
  const IntrospectResult cases[]{
      {.status = Status::failed, .http_status = 401, .error = "HTTP status 401"},
      {.status = Status::failed, .http_status = 500, .error = "HTTP status 500"},
      {.status = Status::failed, .http_status = 504, .error = "HTTP status 504"},
      {.status = Status::failed, .error = "the client's credential: cannot be read"},
      {.status = Status::failed, .retry_after = 1s, .error = "no provider was asked"},
      {.status = Status::unreachable, .error = "latchkey-fetchd cannot be reached"},
      {.status = Status::reload, .error = "reload"}};
  for (const IntrospectResult& result : cases) {
    const auto reply = ask("token-1");
    provider.answer(result);
    ASSERT_TRUE(*reply) << result.error;
    EXPECT_EQ((*reply)->error.reason, Reason::introspection_unavailable) << result.error;
    EXPECT_FALSE((*reply)->down) << result.error;
  }
  clock.advance(kHeardOf);
  const auto reply = ask("token-1");
  provider.be_down("connection");
  EXPECT_TRUE((*reply)->down);
}

TEST_F(IntrospectionKeeperTest, WhatSaysNothingOfTheProviderEndsThatItIsDown) {
  using Status = IntrospectResult::Status;
  const IntrospectResult cases[]{
      {.status = Status::failed, .retry_after = 1s, .error = "no provider was asked"},
      {.status = Status::failed, .http_status = 500, .error = "HTTP status 500"},
      {.status = Status::reload, .error = "reload"}};
  for (const IntrospectResult& result : cases) {
    const auto under_way = ask("under way");
    for (unsigned i = 0; i < QuestionGate::kFailuresInRow; ++i) {
      ask(std::to_string(i));
      provider.answer_last({.status = Status::down, .error = "connection"});
    }
    EXPECT_TRUE((*ask("held back"))->down);
    provider.answer(result);
    EXPECT_FALSE((*ask("held back"))->down);
    clock.advance(1h);
    ask("last");
    provider.answer_ok(kActive);
    clock.advance(1h);
  }
}

TEST_F(IntrospectionKeeperTest, AnAnswerOfEitherKindOpensBothRows) {
  for (const bool opaque : {true, false}) {
    for (unsigned i = 0; i < QuestionGate::kFailuresInRow; ++i) {
      for (const bool kind : {true, false}) {
        ask(std::to_string(i), "corp", "s", kind);
        provider.fail("HTTP status 500", 500);
      }
    }
    EXPECT_TRUE(*ask("held back", "corp", "s", opaque));
    clock.advance(1h);
    ask("probe", "corp", "t", opaque);
    provider.answer_ok(kInactive);
    for (const bool kind : {true, false}) {
      EXPECT_FALSE(*ask("more 1", "corp", "s", kind)) << opaque << kind;
      EXPECT_FALSE(*ask("more 2", "corp", "s", kind)) << opaque << kind << ": no turns";
    }
    while (!provider.open.empty()) provider.answer_ok(kInactive);
    clock.advance(1h);
  }
}

// What an answer has to say differs: all of a login, or only that it goes on.
TEST_F(IntrospectionKeeperTest, AQuestionAboutAnOpaqueTokenIsNotSharedWithOneAboutASignedOne) {
  ask("token-1", "corp", "s", false);
  const auto opaque = ask("token-1", "corp", "s", true);
  EXPECT_EQ(provider.asked, 2U);
  provider.answer_ok(R"({"active":true})");
  EXPECT_FALSE(*opaque);
}

// A provider or its firewall takes so many connections and no more; others may take them all.
TEST_F(IntrospectionKeeperTest, WhoAnswersOthersMeanwhileIsNotDown) {
  using Status = IntrospectResult::Status;
  const IntrospectResult signs_of_life[]{
      {.status = Status::ok, .body = std::string(kInactive)},
      {.status = Status::failed, .http_status = 500, .error = "HTTP status 500"},
      {.status = Status::failed, .error = "timeout: nothing came"}};
  for (const IntrospectResult& sign : signs_of_life) {
    clock.advance(1h);
    const auto begun_before = ask("token-1");
    ask("another", "corp", "t");
    provider.answer_last(sign);
    provider.be_down("connection");
    EXPECT_FALSE((*begun_before)->down);
    for (const auto& [wait, down] : {std::pair(kHeardOf - 1ms, false), std::pair(1ms, true)}) {
      clock.advance(wait);
      const auto begun_after = ask("token-1");
      provider.be_down("connection");
      EXPECT_EQ((*begun_after)->down, down);
    }
    ask("its last");
    provider.answer_ok(kActive);
  }
}

TEST_F(IntrospectionKeeperTest, APauseThatTheProviderAsksForIsNotDown) {
  clock.advance(1h);
  for (const int status : {429, 503}) {
    const auto before = provider.asked;
    const auto reply = ask("token-1");
    provider.fail("corp: introspection: HTTP status", status, 10s);
    EXPECT_FALSE((*reply)->down);
    const auto paused = ask("token-2");
    ASSERT_TRUE(*paused);
    EXPECT_EQ((*paused)->error.reason, Reason::introspection_unavailable);
    EXPECT_EQ((*paused)->error.detail, "the provider has asked for a pause");
    EXPECT_FALSE((*paused)->down);
    EXPECT_EQ(provider.asked, before + 1);
    clock.advance(10s);
    EXPECT_FALSE(*ask("token-2"));
    provider.answer_ok(kActive);
    clock.advance(1h);
  }
}

TEST_F(IntrospectionKeeperTest, FetchdsOwnBoundIsNoPauseOfTheProvider) {
  ask("token-1");
  provider.fail("corp: it was asked for too often; no provider was asked", {}, 10s);
  EXPECT_FALSE(*ask("token-2")) << "nobody has asked for a pause";
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

// It is the token that is wrong, and its bearer who could have the issuer called broken.
TEST_F(IntrospectionKeeperTest, ATokenThatIsRefusedByItsClaimsIsNoFailureOfItsIssuer) {
  for (const auto* body : {R"({"active":true,"token_type":"refresh_token"})",
                           R"({"active":true,"cnf":{}})", R"({"active":true,"aud":"other"})"}) {
    const auto reply = ask(body);
    provider.answer_ok(body);
    ASSERT_NE((*reply)->answer, nullptr);
    EXPECT_EQ((*reply)->answer->state(), Introspected::State::refused);
    EXPECT_EQ(state().last_error, std::nullopt);
  }
  EXPECT_EQ(state().invalid, 0);
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
