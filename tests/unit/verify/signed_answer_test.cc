// SPDX-License-Identifier: Apache-2.0
//
// Answers that are signed (RFC 9701): whose, for whom, when, and that nothing else that the issuer
// signs passes for one.
#include <functional>

#include "tests/unit/verify/asked_issuer.h"

namespace latchkey::testing {
namespace {

using namespace std::chrono_literals;
using issuer::AnswerForm;

struct SignedAnswer {
  std::string header = R"({"alg":"ES256","kid":"ES256","typ":"token-introspection+jwt"})";
  Members claims = {{"iss", "\"https://id.example.com\""},
                    {"aud", "\"latchkey\""},
                    {"iat", at(0s)},
                    {"token_introspection", object(good_answer())}};
  jose::Algorithm algorithm = jose::Algorithm::es256;
  AnswerForm form = AnswerForm::jwt;
  AskedIssuer asked;
  bool have_keys = true;
  WallTime fetched_at = kNow;
  bool tampered = false;

  SignedAnswer() { asked.introspection().answers = AnswerForm::jwt; }

  std::string body() const {
    std::string text = signing_key(algorithm).token(header, object(claims));
    if (tampered) text.back() = text.back() == 'A' ? 'Q' : 'A';
    return text;
  }

  Expected<std::shared_ptr<const Introspected>> read() const {
    jose::Scratch scratch;
    IssuerKeys keys = asked.snapshot().keys[0];
    keys.fetched_at = fetched_at;
    keys.generation = 7;
    if (!have_keys) keys = {};
    return read_introspection({body(), form}, asked.question(kOpaqueToken, true),
                              asked.issuer.config, keys, kNow, scratch);
  }
};

TEST(SignedAnswer, IsReadAsThePlainOneAndRemembersItsKeys) {
  const auto answer = SignedAnswer().read();
  ASSERT_TRUE(answer) << answer.error().detail;
  EXPECT_EQ((*answer)->state(), Introspected::State::active);
  EXPECT_EQ((*(*answer)->claims())->subject, "subject-of-alice");
  EXPECT_EQ((*answer)->generation(), 7U);
}

TEST(SignedAnswer, IsTheIssuersForUsAndOfNow) {
  constexpr auto kInvalid = Reason::introspection_answer_invalid;
  const struct {
    std::string_view name;
    Reason want;
    std::function<void(SignedAnswer&)> change;
  } cases[] = {
      {"accepted: typ with application/", Reason::allowed,
       [](SignedAnswer& a) {
         a.header = R"({"alg":"ES256","kid":"ES256","typ":"application/token-introspection+jwt"})";
       }},
      {"accepted: aud is an array with us", Reason::allowed,
       [](SignedAnswer& a) { a.claims["aud"] = R"(["other","latchkey"])"; }},
      {"accepted: aud is what tokens for this host have in aud", Reason::allowed,
       [](SignedAnswer& a) { a.claims["aud"] = "\"ssh-prod\""; }},
      {"accepted: not active", Reason::allowed,
       [](SignedAnswer& a) { a.claims["token_introspection"] = R"({"active":false})"; }},
      {"invalid: plain JSON where a JWT is wanted", kInvalid,
       [](SignedAnswer& a) { a.form = AnswerForm::json; }},
      {"invalid: a JWT where plain JSON is wanted", kInvalid,
       [](SignedAnswer& a) { a.asked.introspection().answers = AnswerForm::json; }},
      {"invalid: the signature", kInvalid, [](SignedAnswer& a) { a.tampered = true; }},
      {"invalid: another key's kid", kInvalid,
       [](SignedAnswer& a) {
         a.header = R"({"alg":"ES256","kid":"x","typ":"token-introspection+jwt"})";
       }},
      {"invalid: an algorithm that is not configured", kInvalid,
       [](SignedAnswer& a) { a.asked.issuer.config.algorithms = {jose::Algorithm::rs256}; }},
      {"invalid: no typ, RFC 9701 section 8.1", kInvalid,
       [](SignedAnswer& a) { a.header = R"({"alg":"ES256","kid":"ES256"})"; }},
      {"invalid: an access token's typ", kInvalid,
       [](SignedAnswer& a) { a.header = R"({"alg":"ES256","kid":"ES256","typ":"at+jwt"})"; }},
      {"invalid: typ JWT", kInvalid,
       [](SignedAnswer& a) { a.header = R"({"alg":"ES256","kid":"ES256","typ":"JWT"})"; }},
      {"invalid: another issuer's", kInvalid,
       [](SignedAnswer& a) { a.claims["iss"] = "\"https://other.example.com\""; }},
      {"invalid: no iss", kInvalid, [](SignedAnswer& a) { a.claims.erase("iss"); }},
      {"invalid: for another client", kInvalid,
       [](SignedAnswer& a) { a.claims["aud"] = "\"other\""; }},
      {"invalid: aud is an array without us", kInvalid,
       [](SignedAnswer& a) { a.claims["aud"] = R"(["other",1])"; }},
      {"invalid: no aud", kInvalid, [](SignedAnswer& a) { a.claims.erase("aud"); }},
      {"invalid: no iat", kInvalid, [](SignedAnswer& a) { a.claims.erase("iat"); }},
      {"invalid: iat is a text", kInvalid, [](SignedAnswer& a) { a.claims["iat"] = "\"x\""; }},
      {"invalid: iat ahead", kInvalid, [](SignedAnswer& a) { a.claims["iat"] = at(61s); }},
      {"accepted: iat a leeway ahead", Reason::allowed,
       [](SignedAnswer& a) { a.claims["iat"] = at(60s); }},
      {"invalid: an old answer shown again", kInvalid,
       [](SignedAnswer& a) { a.claims["iat"] = at(-120s); }},
      {"accepted: a second younger", Reason::allowed,
       [](SignedAnswer& a) { a.claims["iat"] = at(-119s); }},
      {"invalid: nbf ahead", kInvalid, [](SignedAnswer& a) { a.claims["nbf"] = at(61s); }},
      {"accepted: nbf a leeway ahead", Reason::allowed,
       [](SignedAnswer& a) { a.claims["nbf"] = at(60s); }},
      {"invalid: nbf is no date", kInvalid, [](SignedAnswer& a) { a.claims["nbf"] = "\"x\""; }},
      {"invalid: expired", kInvalid, [](SignedAnswer& a) { a.claims["exp"] = at(-60s); }},
      {"accepted: expires a second later", Reason::allowed,
       [](SignedAnswer& a) { a.claims["exp"] = at(-59s); }},
      {"invalid: exp is no date", kInvalid, [](SignedAnswer& a) { a.claims["exp"] = "\"x\""; }},
      {"invalid: no token_introspection, the claims beside it do not count", kInvalid,
       [](SignedAnswer& a) {
         a.claims.erase("token_introspection");
         a.claims["active"] = "true";
       }},
      {"invalid: token_introspection is a text", kInvalid,
       [](SignedAnswer& a) { a.claims["token_introspection"] = "\"x\""; }},
      {"unavailable: no keys", Reason::introspection_unavailable,
       [](SignedAnswer& a) { a.have_keys = false; }},
      {"unavailable: keys that are too old", Reason::introspection_unavailable,
       [](SignedAnswer& a) { a.fetched_at = kNow - 24h - 1ms; }},
  };
  for (const auto& c : cases) {
    SignedAnswer answer;
    c.change(answer);
    const auto read = answer.read();
    EXPECT_EQ(code(read ? Reason::allowed : read.error().reason), code(c.want)) << c.name;
  }
}

TEST(SignedAnswer, NeverSignsIn) {
  const SignedAnswer answer;
  AskedIssuer asked;
  asked.introspection().mode = issuer::IntrospectionMode::opaque_only;
  Members claims = good_answer();
  claims["token_introspection"] = object(good_answer());
  const std::string token =
      signing_key(jose::Algorithm::es256).token(answer.header, object(claims));
  EXPECT_EQ(decide_at(token, "alice", asked.snapshot(), kNow).reason, Reason::type_wrong);
}

}  // namespace
}  // namespace latchkey::testing
