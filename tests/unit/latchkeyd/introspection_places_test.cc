// SPDX-License-Identifier: Apache-2.0
//
// Asking issuers about tokens: how many questions may be under way, whose they are, and who is held
// back from an issuer that does not answer.
#include "tests/unit/latchkeyd/introspection_keeper_host.h"

namespace latchkey::latchkeyd {
namespace {

using namespace std::chrono_literals;

TEST_F(IntrospectionKeeperTest, SilentIssuersNeverTakeTheLastPlaces) {
  std::vector<issuer::IssuerConfig> issuers;
  for (int i = 0; i < 6; ++i) issuers.push_back(section("i" + std::to_string(i)));
  configure(issuers);
  for (std::size_t i = 0; i < 5 * kQuestionsOfIssuer; ++i) {
    const std::string number = std::to_string(i);
    ask(number, "i" + std::to_string(i % 5), number);
  }
  const std::size_t own = questions_reserved(issuers.size());
  EXPECT_EQ(provider.asked, kQuestionsInAll - own);
  for (std::size_t i = 0; i < own; ++i)
    EXPECT_FALSE(*ask("good " + std::to_string(i), "i5", "user " + std::to_string(i)));
  EXPECT_EQ((*ask("one more", "i5", "user"))->error.reason, Reason::budget_exhausted);
}

TEST_F(IntrospectionKeeperTest, PlacesAreDividedAmongManyIssuersAndNeverMoreThanThereAre) {
  EXPECT_EQ(questions_reserved(1), 8U);
  EXPECT_EQ(questions_reserved(6), 8U);
  EXPECT_EQ(questions_reserved(48), 1U);
  EXPECT_EQ(questions_reserved(96), 1U);
  for (std::size_t issuers = 1; issuers <= 1'000; ++issuers)
    EXPECT_LE(issuers * questions_reserved(issuers), kQuestionsInAll) << issuers;
}

TEST_F(IntrospectionKeeperTest, QuestionsOfAllIssuersLeaveRoomForKeys) {
  std::vector<issuer::IssuerConfig> issuers;
  for (int i = 0; i < 5; ++i) issuers.push_back(section("i" + std::to_string(i)));
  configure(issuers);
  const std::size_t own = questions_reserved(issuers.size());
  for (std::size_t i = 0; i < kQuestionsInAll; ++i) {
    const std::string number = std::to_string(i);
    const bool last = i >= kQuestionsInAll - own;
    EXPECT_FALSE(*ask(number, "i" + std::to_string(last ? 4 : i % 4), number)) << number;
  }
  const auto one_more = ask("more", "i4", "more");
  ASSERT_TRUE(*one_more);
  EXPECT_EQ((*one_more)->error.reason, Reason::budget_exhausted);
  EXPECT_FALSE((*one_more)->down);
  provider.answer_ok(kActive);
  EXPECT_FALSE(*ask("more", "i4", "more"));
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

// Whoever guesses can draw one. Were it to bind everybody, one guess each half minute would keep
// all users of the issuer out.
TEST_F(IntrospectionKeeperTest, APauseBindsTheSourceThatDrewIt) {
  for (const int status : {429, 503}) {
    ask("guess", "corp", "guesser");
    provider.fail("corp: introspection: HTTP status", status, 1h);
    EXPECT_TRUE(*ask("guess-2", "corp", "guesser"));
    EXPECT_FALSE(*ask("token-1", "corp", "somebody else"));
    provider.answer_ok(kActive);
    clock.advance(30s - 1ms);
    EXPECT_TRUE(*ask("guess-2", "corp", "guesser")) << "somebody else's good answer frees nobody";
    clock.advance(1ms);
    EXPECT_FALSE(*ask("guess-2", "corp", "guesser")) << "30 s at most";
    provider.answer_ok(kActive);
    clock.advance(1h);
  }
}

TEST_F(IntrospectionKeeperTest, ASecondTooManyRequestsLetsOneQuestionOfASourceThroughAtATime) {
  for (const auto* source : {"a", "b"}) {
    EXPECT_FALSE(*ask(std::string("token of ") + source, "corp", source));
    provider.fail("corp: introspection: HTTP status 429", 429, 10s);
  }
  EXPECT_FALSE(*ask("token-1", "corp", "c"));
  const auto held = ask("token-2", "corp", "c");
  ASSERT_TRUE(*held) << "one at a time";
  EXPECT_FALSE((*held)->down);
  provider.answer_ok(kActive);
  EXPECT_FALSE(*ask("token-2", "corp", "c")) << "an answer ends it";
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

// Anybody can guess at opaque tokens, from as many sources as he has.
TEST_F(IntrospectionKeeperTest, GuessesLeaveHalfOfTheIssuersPlacesToSignedTokens) {
  const auto guess = [&](std::size_t i) {
    return ask("guess " + std::to_string(i), "corp", "guesser " + std::to_string(i), true);
  };
  for (std::size_t i = 0; i < kQuestionsOfIssuer / 2; ++i) EXPECT_FALSE(*guess(i)) << i;
  EXPECT_EQ((*guess(100))->error.reason, Reason::budget_exhausted);
  for (std::size_t i = 0; i < kQuestionsOfIssuer / 2; ++i) {
    const std::string number = std::to_string(i);
    EXPECT_FALSE(*ask("token " + number, "corp", "user " + number)) << i;
  }
}

TEST_F(IntrospectionKeeperTest, GuessesLeaveHalfOfTheIssuersOwnPlacesWhereTheSharedOnesAreTaken) {
  std::vector<issuer::IssuerConfig> issuers;
  for (int i = 0; i < 6; ++i) issuers.push_back(section("i" + std::to_string(i)));
  configure(issuers);
  for (std::size_t i = 0; i < 6 * kQuestionsOfIssuer; ++i) {
    const std::string number = std::to_string(i);
    ask("guess " + number, "i" + std::to_string(i % 6), number, true);
  }
  const std::size_t own = questions_reserved(issuers.size());
  EXPECT_EQ(provider.asked, kQuestionsInAll - 6 * own / 2);
  for (int issuer = 0; issuer < 6; ++issuer) {
    const std::string name = "i" + std::to_string(issuer);
    for (std::size_t i = 0; i < own / 2; ++i)
      EXPECT_FALSE(*ask("token " + std::to_string(i), name, "user " + std::to_string(i))) << name;
    EXPECT_EQ((*ask("one more", name, "user"))->error.reason, Reason::budget_exhausted);
  }
  EXPECT_EQ(provider.asked, kQuestionsInAll);
}

TEST_F(IntrospectionKeeperTest, AnIssuerThatIsAskedAboutOpaqueTokensAloneHasAllPlacesForThem) {
  auto config = section("corp");
  config.digest = "digest-2";
  config.introspection.mode = issuer::IntrospectionMode::opaque_only;
  configure({config});
  for (std::size_t i = 0; i < kQuestionsOfIssuer; ++i) {
    const std::string number = std::to_string(i);
    EXPECT_FALSE(*ask(number, "corp", number, true)) << i;
  }
}

TEST_F(IntrospectionKeeperTest, ErrorsThatOneSourceDrawsKeepNobodyElseOut) {
  for (unsigned i = 0; i < 2 * QuestionGate::kFailuresInRow; ++i) {
    ask("his " + std::to_string(i), "corp", "a");
    provider.fail("corp: introspection: HTTP status 500", 500);
    clock.advance(5s);
  }
  ask("his last", "corp", "a");
  EXPECT_FALSE(*ask("hers", "corp", "b"));
}

TEST_F(IntrospectionKeeperTest, AFetchdThatIsGoneIsNotWaitedForByEachLogin) {
  for (unsigned i = 0; i < QuestionGate::kFailuresInRow; ++i) {
    ask("token " + std::to_string(i));
    provider.answer({.status = IntrospectResult::Status::unreachable, .error = "connection"});
  }
  EXPECT_TRUE(*ask("token-1"));
}

// A token that was taken back must not get in by its signature because others were not answered.
TEST_F(IntrospectionKeeperTest, AnEndpointThatRefusesAQuestionIsThere) {
  for (unsigned i = 0; i < QuestionGate::kFailuresInRow; ++i) {
    ask("token " + std::to_string(i));
    provider.fail("corp: introspection", 500);
  }
  clock.advance(250ms);
  ask("token-1");
  provider.fail("corp: introspection: HTTP status 401", 401);
  for (const auto* token : {"token-2", "token-3"}) EXPECT_FALSE(*ask(token)) << "each is asked";
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

}  // namespace
}  // namespace latchkey::latchkeyd
