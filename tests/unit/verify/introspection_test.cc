// SPDX-License-Identifier: Apache-2.0
//
// What an issuer's word about a token is worth (RFC 7662): answers of every form, and what they do
// to the decision about an opaque token and about a signed one.
#include <functional>

#include "tests/unit/verify/asked_issuer.h"

namespace latchkey::testing {
namespace {

using namespace std::chrono_literals;
using issuer::IntrospectionMode;
using issuer::WhenDown;
using State = Introspected::State;

Reason opaque(const AskedIssuer& asked, const Members& members,
              std::string_view token = kOpaqueToken) {
  const auto answer = asked.read(object(members), asked.question(token, true));
  if (!answer) return answer.error().reason;
  return decided(asked, token, answer->get()).reason;
}

struct OpaqueCase {
  std::string_view name;
  Reason want;
  std::function<void(AskedIssuer&, Members&)> change;
};

auto set(std::string name, std::string value) {
  return [=](AskedIssuer&, Members& members) { members[name] = value; };
}
auto without(std::string name) {
  return [=](AskedIssuer&, Members& members) { members.erase(name); };
}

TEST(Introspection, OpaqueTokensMeetTheClaimsPolicyOfTheirIssuer) {
  const OpaqueCase cases[] = {
      {"accepted: a good answer", Reason::allowed, [](AskedIssuer&, Members&) {}},
      {"accepted: iss is absent, the configuration says who was asked", Reason::allowed,
       without("iss")},
      {"accepted: token_type in another case", Reason::allowed, set("token_type", "\"bearer\"")},
      {"accepted: members that nobody knows", Reason::allowed, set("x", "{\"y\":[1]}")},
      {"refused: not active", Reason::token_inactive, set("active", "false")},
      {"refused: iss of another issuer", Reason::claim_wrong,
       set("iss", "\"https://id.example.com/\"")},
      {"refused: iss is no string", Reason::claim_wrong, set("iss", "1")},
      {"refused: no aud", Reason::claim_missing, without("aud")},
      {"refused: aud of somebody else", Reason::audience_wrong, set("aud", "\"other\"")},
      {"refused: no exp, it would live for ever", Reason::claim_missing, without("exp")},
      {"refused: exp is a text", Reason::claim_invalid, set("exp", "\"1900000600\"")},
      {"refused: exp has passed, though it is called active", Reason::token_expired,
       set("exp", at(-60s))},
      {"accepted: exp passes one second later", Reason::allowed, set("exp", at(-59s))},
      {"refused: nbf ahead", Reason::token_not_yet_valid, set("nbf", at(61s))},
      {"refused: iat ahead", Reason::token_not_yet_valid, set("iat", at(61s))},
      {"refused: too old", Reason::token_too_old,
       [](AskedIssuer& asked, Members& members) {
         asked.issuer.config.claims.max_token_age = 600s;
         asked.issuer.config.claims.max_token_lifetime = 0s;
         members["iat"] = at(-660s);
       }},
      {"refused: no sub", Reason::claim_missing, without("sub")},
      {"refused: no user claim", Reason::claim_missing, without("preferred_username")},
      {"refused: another user", Reason::user_mismatch, set("preferred_username", "\"bob\"")},
      {"refused: client that is not configured", Reason::client_wrong,
       [](AskedIssuer& asked, Members&) {
         asked.issuer.config.claims.client_claims = {"azp", "client_id"};
         asked.issuer.config.claims.clients = {"other"};
       }},
      {"refused: a required claim is absent", Reason::claim_missing,
       [](AskedIssuer& asked, Members&) {
         claims::RequiredClaim required;
         required.name = "tid";
         required.match = claims::RequiredClaim::Match::present;
         asked.issuer.config.claims.require = {required};
       }},
      {"refused: a header member is required, and there is no header", Reason::claim_missing,
       [](AskedIssuer& asked, Members& members) {
         claims::RequiredClaim required;
         required.name = "env";
         required.match = claims::RequiredClaim::Match::present;
         asked.issuer.config.claims.require_header = {required};
         members["env"] = "\"prod\"";
       }},
      {"refused: an e-mail address that is not verified", Reason::email_unverified,
       [](AskedIssuer& asked, Members& members) {
         asked.issuer.config.claims.user_claims = {"email"};
         asked.issuer.config.claims.user_strip_suffix = {"@example.com"};
         members["email"] = "\"alice@example.com\"";
       }},
      {"refused: bound to a key by a certificate, RFC 8705 section 3.2", Reason::type_wrong,
       set("cnf", "{\"x5t#S256\":\"x\"}")},
      {"refused: DPoP, RFC 9449 section 6.2", Reason::type_wrong, set("token_type", "\"DPoP\"")},
      {"refused: a refresh token says so", Reason::type_wrong,
       set("token_type", "\"refresh_token\"")},
      {"refused: no token_type, it may be a refresh token", Reason::type_wrong,
       without("token_type")},
      {"refused: token_type is no string", Reason::type_wrong, set("token_type", "true")},
      {"refused: a security event", Reason::type_wrong, set("events", "{}")},
      {"refused: Keycloak's refresh token", Reason::type_wrong, set("typ", "\"Refresh\"")},
      {"refused: access tokens do not sign in", Reason::type_wrong,
       [](AskedIssuer& asked, Members&) {
         asked.issuer.config.claims.kinds = {claims::TokenKind::id};
       }},
  };
  for (const auto& c : cases) {
    AskedIssuer asked;
    Members members = good_answer();
    c.change(asked, members);
    EXPECT_EQ(code(opaque(asked, members)), code(c.want)) << c.name;
  }
}

TEST(Introspection, WhatIsNoAnswerDecidesNothing) {
  AskedIssuer asked;
  const struct {
    std::string_view name;
    std::string body;
  } cases[] = {
      {"invalid: nothing", ""},
      {"invalid: HTML", "<!DOCTYPE html><html></html>"},
      {"invalid: an array", "[{\"active\":true}]"},
      {"invalid: no active", "{}"},
      {"invalid: active is a text", R"({"active":"true"})"},
      {"invalid: active is 1", R"({"active":1})"},
      {"invalid: active is null", R"({"active":null})"},
      {"invalid: active twice", R"({"active":false,"active":true})"},
      {"invalid: active twice, once by escape", R"({"active":true,"\u0061ctive":true})"},
      {"invalid: cut", R"({"active":true)"},
      {"invalid: something behind it", R"({"active":true}{})"},
      {"invalid: longer than an answer may be",
       "{\"active\":true,\"x\":\"" + std::string(limits::kIntrospectionBytes, 'a') + "\"}"},
      {"invalid: a token in its place", signed_token()},
  };
  for (const auto& c : cases) {
    for (const bool about_opaque : {true, false}) {
      const auto answer = asked.read(c.body, asked.question(kOpaqueToken, about_opaque));
      ASSERT_FALSE(answer) << c.name;
      EXPECT_EQ(code(answer.error().reason), code(Reason::introspection_answer_invalid)) << c.name;
    }
  }
}

TEST(Introspection, AnInactiveAnswerSaysNothingElse) {
  AskedIssuer asked;
  const auto answer =
      asked.read(R"({"active":false,"sub":1,"exp":"x"})", asked.question(kOpaqueToken, true));
  ASSERT_TRUE(answer);
  EXPECT_EQ((*answer)->state(), State::inactive);
  EXPECT_EQ((*answer)->claims(), nullptr);
}

struct SignedCase {
  std::string_view name;
  Reason want;
  std::string body;
};

TEST(Introspection, ASignedTokenNeedsItsIssuersWordWhereThatIsRequired) {
  AskedIssuer asked;
  const std::string token = signed_token();
  const SignedCase cases[] = {
      {"accepted: active", Reason::allowed, R"({"active":true})"},
      {"accepted: the same sub, iss and jti", Reason::allowed,
       R"({"active":true,"sub":"subject-of-alice","iss":"https://id.example.com","jti":"token-1"})"},
      {"accepted: token_type Bearer", Reason::allowed, R"({"active":true,"token_type":"Bearer"})"},
      {"refused: inactive", Reason::token_inactive, R"({"active":false})"},
      {"invalid: another sub, RFC 7662 section 4", Reason::introspection_answer_invalid,
       R"({"active":true,"sub":"subject-of-bob"})"},
      {"invalid: another iss", Reason::introspection_answer_invalid,
       R"({"active":true,"iss":"https://other.example.com"})"},
      {"invalid: another jti", Reason::introspection_answer_invalid,
       R"({"active":true,"jti":"token-2"})"},
      {"invalid: sub is no string", Reason::introspection_answer_invalid,
       R"({"active":true,"sub":1})"},
      {"invalid: exp is no date", Reason::introspection_answer_invalid,
       R"({"active":true,"exp":"never"})"},
      {"refused: the answer's exp has passed", Reason::token_inactive,
       "{\"active\":true,\"exp\":" + at(-60s) + "}"},
      {"accepted: the answer's exp passes a second later", Reason::allowed,
       "{\"active\":true,\"exp\":" + at(-59s) + "}"},
      {"refused: bound to a key", Reason::type_wrong, R"({"active":true,"cnf":{}})"},
      {"refused: DPoP", Reason::type_wrong, R"({"active":true,"token_type":"DPoP"})"},
  };
  for (const auto& c : cases) {
    const auto answer = asked.read(c.body, asked.question(token, false));
    const Reason reason =
        answer ? decided(asked, token, answer->get()).reason : answer.error().reason;
    EXPECT_EQ(code(reason), code(c.want)) << c.name;
  }
}

TEST(Introspection, TheTokenIdIsComparedOnlyWhereItIsTheJti) {
  AskedIssuer asked;
  asked.issuer.config.claims.token_id_claim = "uti";
  const std::string token = signed_token({{"uti", "\"u\""}});
  const auto answer =
      asked.read(R"({"active":true,"jti":"token-2"})", asked.question(token, false));
  EXPECT_EQ(decided(asked, token, answer->get()).reason, Reason::allowed);
}

TEST(Introspection, WithoutAnAnswerTheNeedIsNamed) {
  AskedIssuer asked;
  jose::Scratch scratch;
  for (const bool opaque_token : {true, false}) {
    const std::string token = opaque_token ? std::string(kOpaqueToken) : signed_token();
    const auto result = decide(token, login_as("alice"), asked.snapshot(), kNow, scratch);
    const auto* need = std::get_if<NeedIntrospection>(&result);
    ASSERT_NE(need, nullptr);
    EXPECT_EQ(need->issuer, 0U);
    EXPECT_EQ(need->opaque, opaque_token);
    EXPECT_EQ(need->otherwise.reason, Reason::introspection_unavailable);
    EXPECT_EQ(need->otherwise.trace[Check::introspection], Outcome::failed);
  }
}

TEST(Introspection, ASignedTokenThatFailsByItselfIsNotAskedAbout) {
  AskedIssuer asked;
  jose::Scratch scratch;
  const std::string token = signed_token({{"aud", "\"other\""}});
  const auto result = decide(token, login_as("alice"), asked.snapshot(), kNow, scratch);
  ASSERT_TRUE(std::holds_alternative<Decision>(result));
  EXPECT_EQ(std::get<Decision>(result).reason, Reason::audience_wrong);
}

TEST(Introspection, IsNotAskedForWhereNobodyWantsIt) {
  AskedIssuer asked;
  asked.introspection().mode = IntrospectionMode::opaque_only;
  const std::string token = signed_token();
  const Decision decision = decided(asked, token, nullptr);
  EXPECT_EQ(decision.reason, Reason::allowed);
  EXPECT_EQ(decision.trace[Check::introspection], Outcome::not_reached);
}

// unix-oidc audit 2026-04, finding 1: a cache key without the issuer made one issuer's verdict
// another's.
TEST(Introspection, AnAnswerAboutAnotherTokenIssuerOrSectionIsNone) {
  AskedIssuer asked;
  const std::string token = signed_token();
  const Question right = asked.question(token, false);
  const auto reason = [&](const Question& question) {
    const auto answer = asked.read(R"({"active":true})", question);
    return code(decided(asked, token, answer->get()).reason);
  };
  EXPECT_EQ(reason(right), code(Reason::allowed));
  Question other = right;
  other.issuer = "other";
  EXPECT_EQ(reason(other), code(Reason::introspection_unavailable)) << "another issuer";
  other = right;
  other.config_digest = "digest of another section";
  EXPECT_EQ(reason(other), code(Reason::introspection_unavailable)) << "another section";
  other = right;
  other.token_digest[0] = other.token_digest[0] == '0' ? '1' : '0';
  EXPECT_EQ(reason(other), code(Reason::introspection_unavailable)) << "another token";
}

TEST(Introspection, ClaimsOfAnOpaqueTokenStandOnTheAnswerThatTheyCameFrom) {
  AskedIssuer asked;
  const auto answer = asked.read(object(good_answer()), asked.question(kOpaqueToken, true)).value();
  const Snapshot snapshot = asked.snapshot();
  const auto judged = [&](const Snapshot& now, const Introspected* word) {
    return judge(*answer->claims(), 0, login_as("alice"), now, kNow, {}, word).reason;
  };
  EXPECT_EQ(code(judged(snapshot, answer.get())), code(Reason::allowed));
  EXPECT_EQ(code(judged(snapshot, nullptr)), code(Reason::introspection_unavailable));
  const auto inactive =
      asked.read(R"({"active":false})", asked.question(kOpaqueToken, true)).value();
  EXPECT_EQ(code(judged(snapshot, inactive.get())), code(Reason::token_inactive));
  asked.introspection().mode = IntrospectionMode::off;
  EXPECT_EQ(code(judged(asked.snapshot(), answer.get())), code(Reason::introspection_unavailable));
}

TEST(Introspection, WhereNobodyAnswersTheConfigurationMayLetASignatureDoAndNothingElse) {
  AskedIssuer asked;
  const std::string token = signed_token();
  const auto silence = Introspected::unavailable(asked.question(token, false));
  EXPECT_EQ(code(decided(asked, token, silence.get()).reason),
            code(Reason::introspection_unavailable));
  asked.introspection().down = WhenDown::signature;
  const Decision decision = decided(asked, token, silence.get());
  EXPECT_EQ(code(decision.reason), code(Reason::allowed));
  EXPECT_NE(decision.detail.find("the signature decided alone"), std::string::npos);
  EXPECT_EQ(decision.trace[Check::introspection], Outcome::not_reached);
  const auto opaque_silence = Introspected::unavailable(asked.question(kOpaqueToken, true));
  EXPECT_EQ(code(decided(asked, kOpaqueToken, opaque_silence.get()).reason),
            code(Reason::introspection_unavailable));
}

TEST(Introspection, AnAnswerThatWasKeptIsHeldToTheTokensEnd) {
  AskedIssuer asked;
  const auto answer = asked.read(object(good_answer()), asked.question(kOpaqueToken, true)).value();
  const Snapshot snapshot = asked.snapshot();
  const auto accepted = [&](WallTime now) {
    Trace trace;
    return accept_opaque(*answer, 0, snapshot, now, trace);
  };
  EXPECT_TRUE(accepted(kNow + 659s));
  const auto late = accepted(kNow + 660s);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().decision.reason, Reason::token_expired);
}

TEST(Introspection, AnOpaqueTokensWordCountsOnlyUnderItsOwnSection) {
  AskedIssuer asked;
  const auto answer = asked.read(object(good_answer()), asked.question(kOpaqueToken, true)).value();
  const auto reason = [&] {
    Trace trace;
    const auto accepted = accept_opaque(*answer, 0, asked.snapshot(), kNow, trace);
    return accepted ? Reason::allowed : accepted.error().decision.reason;
  };
  EXPECT_EQ(reason(), Reason::allowed);
  asked.issuer.config.digest = "another";
  EXPECT_EQ(reason(), Reason::introspection_unavailable);
}

TEST(Introspection, ATraceOfAnOpaqueTokenShowsWhatWasChecked) {
  AskedIssuer asked;
  const auto answer = asked.read(object(good_answer()), asked.question(kOpaqueToken, true)).value();
  const Decision decision = decided(asked, kOpaqueToken, answer.get());
  for (const Check check : {Check::issuer, Check::type, Check::audience, Check::lifetime,
                            Check::claims, Check::introspection, Check::revocation})
    EXPECT_EQ(decision.trace[check], Outcome::passed) << name(check);
  for (const Check check : {Check::form, Check::keys, Check::key, Check::signature})
    EXPECT_EQ(decision.trace[check], Outcome::not_reached) << name(check);
}

// What has changed since is seen for an opaque token, too.
TEST(Introspection, RecheckOfAnOpaqueTokenNeedsNoKeyAndHoldsTheRest) {
  AskedIssuer asked;
  const auto answer = asked.read(object(good_answer()), asked.question(kOpaqueToken, true)).value();
  Snapshot snapshot = asked.snapshot();
  Trace trace;
  const auto verified = accept_opaque(*answer, 0, snapshot, kNow, trace).value();
  snapshot.keys[0] = {};
  EXPECT_TRUE(recheck(verified, snapshot, kNow, trace));
  EXPECT_FALSE(recheck(verified, snapshot, kNow + 660s, trace)) << "expired";
  asked.issuer.config.digest = "another";
  EXPECT_FALSE(recheck(verified, asked.snapshot(), kNow, trace)) << "another section";
}

}  // namespace
}  // namespace latchkey::testing
