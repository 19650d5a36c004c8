// SPDX-License-Identifier: Apache-2.0
#include <functional>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/signing.h"
#include "tests/unit/verify/provider.h"

namespace latchkey {
namespace {

using jose::Algorithm;
using testing::compact;
using testing::jwk_set;
using testing::kNow;
using testing::make_issuer;
using testing::make_keys;
using testing::make_snapshot;
using testing::signing_key;

constexpr std::string_view kCorp = "https://id.example/corp";
constexpr std::string_view kOther = "https://id.example/other";

std::string payload(std::string_view iss = kCorp, std::string_view more = {}) {
  return R"({"iss":")" + std::string(iss) +
         R"(","sub":"u-1","aud":"ssh-prod","exp":1900000600,"iat":1899999990,)" +
         R"("jti":"t-1","preferred_username":"alice")" + std::string(more) + "}";
}

// Corp signs with ES256, the other issuer with EdDSA; both keys have the kid "k".
Snapshot two_issuers() {
  const std::string corp = signing_key(Algorithm::es256).plain_jwk(R"(,"kid":"k")");
  const std::string other = signing_key(Algorithm::eddsa).plain_jwk(R"(,"kid":"k")");
  return make_snapshot(
      {make_issuer("corp", std::string(kCorp)), make_issuer("other", std::string(kOther))},
      {make_keys(jwk_set({corp})), make_keys(jwk_set({other}))}, kNow);
}

std::string corp_token(std::string_view claims) {
  return signing_key(Algorithm::es256).token(R"({"alg":"ES256","kid":"k"})", claims);
}
std::string other_token(std::string_view claims) {
  return signing_key(Algorithm::eddsa).token(R"({"alg":"EdDSA","kid":"k"})", claims);
}

config::Config& config_of(Snapshot& snapshot) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): nobody else holds a test's snapshot.
  return const_cast<config::Config&>(*snapshot.config);
}

struct Case {
  std::string_view name;
  std::string token;
  Reason want;
  std::optional<Check> failed;  // and every check before it passed
  std::optional<std::size_t> need_keys = std::nullopt;
  std::function<void(Snapshot&)> change = [](Snapshot&) {};
};

constexpr Check kInOrder[] = {Check::form,     Check::header,   Check::issuer,    Check::algorithm,
                              Check::keys,     Check::key,      Check::signature, Check::type,
                              Check::audience, Check::lifetime, Check::claims};

void expect_trace(const Trace& trace, std::optional<Check> failed, std::string_view name,
                  Reason reason) {
  bool before = true;
  for (const Check check : kInOrder) {
    Outcome want = before ? Outcome::passed : Outcome::not_reached;
    if (check == failed) {
      want = Outcome::failed;
      before = false;
    }
    // An algorithm that exists nowhere is seen in the header, before the issuer is looked up.
    if (reason == Reason::algorithm_unsupported && check == Check::issuer)
      want = Outcome::not_reached;
    EXPECT_EQ(static_cast<int>(trace[check]), static_cast<int>(want))
        << name << ": " << latchkey::name(check);
  }
}

TEST(Verify, EachCheckGivesItsReasonAndItsTrace) {
  const std::string good = corp_token(payload());
  const auto of_corp = [](std::function<void(issuer::IssuerConfig&)> change) {
    return [change](Snapshot& snapshot) { change(config_of(snapshot).issuers[0].config); };
  };
  constexpr auto kNo = std::nullopt;
  const Case cases[] = {
      {"accepted", good, Reason::allowed, kNo},
      {"empty", "", Reason::token_missing, Check::form},
      {"junk", "junk", Reason::token_malformed, Check::form},
      {"too long", std::string(65'537, 'a'), Reason::token_too_long, Check::form},
      {"five parts", "a.b.c.d.e", Reason::token_encrypted, Check::form},
      {"crit",
       corp_token(payload()).substr(0, 0) +
           compact(R"({"alg":"ES256","crit":["x"]})", payload(), "s"),
       Reason::header_unsupported, Check::header},
      {"alg none", compact(R"({"alg":"none"})", payload(), ""), Reason::algorithm_unsupported,
       Check::algorithm},
      {"HMAC", compact(R"({"alg":"HS256","kid":"k"})", payload(), "s"),
       Reason::algorithm_unsupported, Check::algorithm},
      {"no iss", corp_token(R"({"sub":"u"})"), Reason::claim_missing, Check::issuer},
      {"iss is an array", corp_token(R"({"iss":["https://id.example/corp"]})"),
       Reason::claim_missing, Check::issuer},
      {"unknown issuer", corp_token(payload("https://id.example/corp/")), Reason::issuer_unknown,
       Check::issuer},
      {"unknown issuer: case counts", corp_token(payload("https://ID.example/corp")),
       Reason::issuer_unknown, Check::issuer},
      {"unknown issuer: prefix", corp_token(payload("https://id.example/cor")),
       Reason::issuer_unknown, Check::issuer},
      {"an issuer that the snapshot has no row of keys for", other_token(payload(kOther)),
       Reason::internal_error, Check::issuer, kNo, [](Snapshot& s) { s.keys.pop_back(); }},
      {"algorithm not configured", good, Reason::algorithm_not_allowed, Check::algorithm, kNo,
       of_corp([](auto& config) { config.algorithms = {Algorithm::rs256}; })},
      {"no algorithm configured", good, Reason::algorithm_not_allowed, Check::algorithm, kNo,
       of_corp([](auto& config) { config.algorithms.clear(); })},
      {"no keys yet", good, Reason::keys_missing, Check::keys, 0U,
       [](Snapshot& s) { s.keys[0].keys = nullptr; }},
      {"no keys yet: of the other issuer", other_token(payload(kOther)), Reason::keys_missing,
       Check::keys, 1U, [](Snapshot& s) { s.keys[1].keys = nullptr; }},
      {"keys are too old", good, Reason::keys_stale, Check::keys, 0U,
       [](Snapshot& s) {
         s.keys[0].fetched_at = kNow - std::chrono::hours(24) - std::chrono::milliseconds(1);
       }},
      {"keys from a file do not age", good, Reason::allowed, kNo, kNo,
       [](Snapshot& s) {
         s.keys[0].fetched_at = kNow - std::chrono::hours(1'000);
         config_of(s).issuers[0].config.jwks_file = "/keys.json";
       }},
      {"unknown kid",
       signing_key(Algorithm::es256).token(R"({"alg":"ES256","kid":"x"})", payload()),
       Reason::key_unknown, Check::key, 0U},
      {"no kid and two keys", signing_key(Algorithm::es256).token(R"({"alg":"ES256"})", payload()),
       Reason::key_ambiguous, Check::key, kNo,
       [](Snapshot& s) {
         s.keys[0].keys =
             make_keys(jwk_set({signing_key(Algorithm::es256).plain_jwk(R"(,"kid":"a")"),
                                testing::SigningKey::generate(Algorithm::es256, "b").jwk()}));
       }},
      {"the key does not allow the algorithm",
       compact(R"({"alg":"ES384","kid":"k"})", payload(), "s"), Reason::key_unfit, Check::key},
      {"signed by another issuer that has the same kid", other_token(payload()), Reason::key_unfit,
       Check::key},
      {"signature wrong", compact(R"({"alg":"ES256","kid":"k"})", payload(), std::string(64, 's')),
       Reason::signature_invalid, Check::signature},
      {"type",
       signing_key(Algorithm::es256)
           .token(R"({"alg":"ES256","kid":"k","typ":"logout+jwt"})", payload()),
       Reason::type_wrong, Check::type},
      {"audience", good, Reason::audience_wrong, Check::audience, kNo,
       of_corp([](auto& config) { config.claims.audiences = {"ssh-test"}; })},
      {"too long a life", good, Reason::token_lives_too_long, Check::lifetime, kNo,
       of_corp([](auto& config) { config.claims.max_token_age = std::chrono::seconds(60); })},
      {"meant for Graph",
       compact(R"({"alg":"ES256","kid":"k","nonce":"n"})", payload(), std::string(64, 's')),
       Reason::token_for_microsoft_graph, Check::signature},
      {"meant for Graph, whose issuer is not configured",
       compact(R"({"alg":"ES256","kid":"k","nonce":"n"})", payload("https://sts.windows.net/t/"),
               std::string(64, 's')),
       Reason::token_for_microsoft_graph, Check::issuer},
      {"a nonce and no iss",
       signing_key(Algorithm::es256)
           .token(R"({"alg":"ES256","kid":"k","nonce":"n"})", R"({"sub":"u"})"),
       Reason::claim_missing, Check::issuer},
      {"a nonce in the header of a token that verifies",
       signing_key(Algorithm::es256).token(R"({"alg":"ES256","kid":"k","nonce":"n"})", payload()),
       Reason::allowed, kNo},
      {"a nonce, and a key that a newer set may have",
       signing_key(Algorithm::es256).token(R"({"alg":"ES256","kid":"x","nonce":"n"})", payload()),
       Reason::key_unknown, Check::key, 0U},
      {"user claim", good, Reason::claim_missing, Check::claims, kNo,
       of_corp([](auto& config) { config.claims.user_claims = {"uid"}; })},
  };
  jose::Scratch scratch;
  for (const Case& c : cases) {
    Snapshot snapshot = two_issuers();
    c.change(snapshot);
    Trace trace;
    const auto result = verify(c.token, snapshot, kNow, scratch, trace);
    const Reason reason = result ? Reason::allowed : result.error().decision.reason;
    EXPECT_EQ(code(reason), code(c.want))
        << c.name << (result ? "" : ": " + result.error().decision.detail);
    expect_trace(trace, c.failed, c.name, reason);
    if (!result) {
      EXPECT_EQ(result.error().need_keys, c.need_keys) << c.name;
      EXPECT_FALSE(result.error().decision.allowed());
      expect_trace(result.error().decision.trace, c.failed, c.name, reason);
    }
    for (const std::uint8_t byte : scratch.signature(jose::kSignatureBytes))
      ASSERT_EQ(byte, 0) << c.name << ": a signature was left behind";
  }
}

// RFC 8725 section 3.8: keys are held per issuer.
TEST(Verify, AKeyOfOneIssuerSignsForNoOther) {
  const std::string shared_kid = R"(,"kid":"k")";
  const testing::SigningKey own = testing::SigningKey::generate(Algorithm::es256, "k");
  const Snapshot snapshot = make_snapshot(
      {make_issuer("corp", std::string(kCorp)), make_issuer("other", std::string(kOther))},
      {make_keys(jwk_set({own.plain_jwk(shared_kid)})),
       make_keys(jwk_set({signing_key(Algorithm::es256).plain_jwk(shared_kid)}))},
      kNow);
  EXPECT_EQ(code(testing::decide_at(corp_token(payload(kCorp)), "alice", snapshot, kNow).reason),
            "signature_invalid");
  EXPECT_TRUE(testing::decide_at(corp_token(payload(kOther)), "alice", snapshot, kNow).allowed());
}

TEST(Verify, GivesWhatARememberedTokenNeeds) {
  Snapshot snapshot = two_issuers();
  snapshot.keys[1].generation = 7;
  jose::Scratch scratch;
  Trace trace;
  const std::string token = other_token(payload(kOther));
  const auto digest = jose::digest_token(token, scratch);
  const auto plain = verify(token, snapshot, kNow, scratch, trace);
  const auto known = verify(token, *digest, snapshot, kNow, scratch, trace);
  ASSERT_TRUE(plain && known);
  EXPECT_EQ(*plain->claims, *known->claims);
  EXPECT_EQ(plain->claims->token_digest, digest->hex());
  EXPECT_EQ(plain->claims->issuer, kOther);
  EXPECT_EQ(plain->issuer, 1U);
  EXPECT_EQ(plain->generation, 7U);
  EXPECT_EQ(plain->algorithm, Algorithm::eddsa);
  EXPECT_EQ(plain->config_digest, "digest of other");
}

TEST(Verify, NamesThePersonOnlyOnceTheSignatureHolds) {
  const Snapshot snapshot = two_issuers();
  jose::Scratch scratch;
  Trace trace;
  const auto forged =
      verify(compact(R"({"alg":"ES256","kid":"k"})", payload(), std::string(64, 's')), snapshot,
             kNow, scratch, trace);
  ASSERT_FALSE(forged);
  EXPECT_EQ(forged.error().decision.subject, "");
  EXPECT_EQ(forged.error().decision.issuer, "");
  const auto late =
      verify(corp_token(payload()), snapshot, kNow + std::chrono::hours(1), scratch, trace);
  ASSERT_FALSE(late);
  EXPECT_EQ(code(late.error().decision.reason), "token_expired");
  EXPECT_EQ(late.error().decision.subject, "u-1");
  EXPECT_EQ(late.error().decision.issuer, kCorp);
  EXPECT_EQ(late.error().decision.key_id.size(), 43U);
}

TEST(Verify, OneScratchServesTokenAfterToken) {
  const Snapshot snapshot = two_issuers();
  jose::Scratch scratch;
  const std::string good = corp_token(payload());
  const std::string tokens[] = {
      good, "junk", other_token(payload(kOther)), good + "x", std::string(65'536, '.'), good};
  const bool want[] = {true, false, true, false, false, true};
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < std::size(tokens); ++i) {
      Trace trace;
      EXPECT_EQ(verify(tokens[i], snapshot, kNow, scratch, trace).has_value(), want[i]) << i;
    }
  }
}

// Every issuer, algorithm and size in one go.
TEST(Verify, EveryAlgorithmAndSizeIsAccepted) {
  for (const Algorithm algorithm : testing::all_algorithms()) {
    const testing::SigningKey& key = signing_key(algorithm);
    const Snapshot snapshot = make_snapshot({make_issuer("corp", std::string(kCorp))},
                                            {make_keys(jwk_set({key.jwk()}))}, kNow);
    for (const std::size_t pad : {0U, 1U, 2U, 3U, 1'000U, 2'000U, 40'000U}) {
      std::string values;
      for (std::size_t used = 0; used < pad; used += 1'000)
        values += ",\"p" + std::to_string(used) + "\":\"" +
                  std::string(std::min<std::size_t>(pad, 1'000), 'x') + "\"";
      const std::string token = key.token(payload(kCorp, values));
      EXPECT_TRUE(testing::decide_at(token, "alice", snapshot, kNow).allowed())
          << jose::algorithm_name(algorithm) << ' ' << token.size();
    }
  }
}

}  // namespace
}  // namespace latchkey
