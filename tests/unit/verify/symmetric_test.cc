// SPDX-License-Identifier: Apache-2.0
//
// Issuers with a symmetric key of their own, beside issuers with public keys and without any.
#include <functional>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "core/jose/base64url.h"
#include "core/jose/compact_jws.h"
#include "tests/support/signing.h"
#include "tests/unit/verify/provider.h"

namespace latchkey {
namespace {

using jose::Algorithm;
using jose::SymmetricAlgorithm;
using testing::jwk_set;
using testing::kNow;
using testing::mac_token;
using testing::make_issuer;
using testing::make_keys;
using testing::make_snapshot;
using testing::signing_key;

constexpr std::string_view kCorp = "https://id.example/corp";      // public keys
constexpr std::string_view kShared = "https://id.example/shared";  // a symmetric key
constexpr std::string_view kSecret =
    "a secret of 64 bytes that two sides share 0123456789 0123456789ab";
constexpr std::string_view kHeader = R"({"alg":"HS256","typ":"at+jwt"})";

std::shared_ptr<const jose::SymmetricKey> symmetric_key(
    std::string_view extra = {}, SymmetricAlgorithm algorithm = SymmetricAlgorithm::hs256) {
  return std::make_shared<const jose::SymmetricKey>(
      *jose::SymmetricKey::parse(testing::oct_jwk(kSecret, extra), algorithm));
}

Snapshot both(SymmetricAlgorithm algorithm = SymmetricAlgorithm::hs256) {
  auto shared = make_issuer("shared", std::string(kShared));
  shared.config.algorithms.clear();
  shared.config.symmetric_key_file = "/etc/latchkey/shared.jwk";
  shared.config.symmetric_algorithm = algorithm;
  Snapshot snapshot = make_snapshot({make_issuer("corp", std::string(kCorp)), shared},
                                    {make_keys(jwk_set({signing_key(Algorithm::es256).jwk(),
                                                        signing_key(Algorithm::rs256).jwk()})),
                                     nullptr},
                                    kNow);
  snapshot.keys[1].symmetric = symmetric_key({}, algorithm);
  return snapshot;
}

std::string payload(std::string_view iss) {
  return R"({"iss":")" + std::string(iss) +
         R"(","sub":"u-1","aud":"ssh-prod","exp":1900000600,"iat":1899999990,"preferred_username":"alice"})";
}

std::string hs(std::string_view iss = kShared, std::string_view header = kHeader,
               std::string_view secret = kSecret) {
  return mac_token(SymmetricAlgorithm::hs256, secret, header, payload(iss));
}

struct Case {
  std::string_view name;
  std::string token;
  Reason want;
  Check failed;
  std::optional<std::size_t> need_keys = std::nullopt;
  std::function<void(Snapshot&)> change = [](Snapshot&) {};
};

TEST(SymmetricIssuer, AcceptsItsOwnKeyAndNothingElse) {
  const Case cases[] = {
      {"another algorithm than the configured one",
       mac_token(SymmetricAlgorithm::hs512, kSecret, R"({"alg":"HS512","typ":"at+jwt"})",
                 payload(kShared)),
       Reason::algorithm_not_allowed, Check::algorithm},
      {"a good signature of the other issuer's key",
       signing_key(Algorithm::es256).token(payload(kShared)), Reason::algorithm_not_allowed,
       Check::algorithm},
      {"no signature", testing::compact(R"({"alg":"none"})", payload(kShared), ""),
       Reason::algorithm_unsupported, Check::algorithm},
      {"an algorithm that is none", hs(kShared, R"({"alg":"HS257"})"),
       Reason::algorithm_unsupported, Check::algorithm},
      {"another secret", hs(kShared, kHeader, "another secret, of more than 32 bytes"),
       Reason::signature_invalid, Check::signature},
      {"the empty secret", hs(kShared, kHeader, ""), Reason::signature_invalid, Check::signature},
      {"no HMAC", testing::compact(kHeader, payload(kShared), ""), Reason::signature_invalid,
       Check::signature},
      {"a kid that the key has not", hs(kShared, R"({"alg":"HS256","kid":"x"})"),
       Reason::key_unknown, Check::key, 1U},
      {"no key yet", hs(), Reason::keys_missing, Check::keys, 1U,
       [](Snapshot& s) { s.keys[1].symmetric = nullptr; }},
      {"a signature, of an issuer by hand that names both",
       signing_key(Algorithm::es256).token(payload(kShared)), Reason::keys_missing, Check::keys, 1U,
       [](Snapshot& s) {
         auto& config = const_cast<config::Config&>(*s.config).issuers[1].config;
         config.algorithms = testing::all_algorithms();
       }},
      {"an issuer that is not configured", hs("https://id.example/x"),
       Reason::algorithm_unsupported, Check::algorithm},
      {"no issuer", mac_token(SymmetricAlgorithm::hs256, kSecret, kHeader, "{}"),
       Reason::algorithm_unsupported, Check::algorithm},
      {"crit", hs(kShared, R"({"alg":"HS256","crit":["x"],"x":1})"), Reason::header_unsupported,
       Check::header},
      {"a payload that is no object", mac_token(SymmetricAlgorithm::hs256, kSecret, kHeader, "[]"),
       Reason::token_malformed, Check::form},
      {"a type that is not configured", hs(kShared, R"({"alg":"HS256","typ":"logout+jwt"})"),
       Reason::type_wrong, Check::type},
  };
  jose::Scratch scratch;
  for (const Case& c : cases) {
    Snapshot snapshot = both();
    c.change(snapshot);
    Trace trace;
    const auto result = verify(c.token, snapshot, kNow, scratch, trace);
    ASSERT_FALSE(result) << c.name;
    EXPECT_EQ(code(result.error().decision.reason), code(c.want))
        << c.name << ": " << result.error().decision.detail;
    EXPECT_EQ(static_cast<int>(trace[c.failed]), static_cast<int>(Outcome::failed)) << c.name;
    EXPECT_EQ(result.error().need_keys, c.need_keys) << c.name;
    for (const std::uint8_t byte : scratch.signature(jose::kSignatureBytes))
      ASSERT_EQ(byte, 0) << c.name << ": an HMAC was left behind";
  }
  EXPECT_TRUE(testing::decide_at(hs(), "alice", both(), kNow).allowed());
  EXPECT_TRUE(
      testing::decide_at(signing_key(Algorithm::es256).token(payload(kCorp)), "alice", both(), kNow)
          .allowed())
      << "the issuer with public keys stays what it was";
}

// What names no issuer, or an unknown one, is not tried with the first in the row.
TEST(SymmetricIssuer, AnHmacOfNoIssuerIsTriedWithNoKey) {
  Snapshot first = both();
  auto& config = const_cast<config::Config&>(*first.config);
  std::swap(config.issuers[0], config.issuers[1]);
  std::swap(first.keys[0], first.keys[1]);
  ASSERT_TRUE(testing::decide_at(hs(), "alice", first, kNow).allowed());
  for (const std::string& token :
       {hs("https://id.example/x"), mac_token(SymmetricAlgorithm::hs256, kSecret, kHeader, "{}")}) {
    const Decision decision = testing::decide_at(token, "alice", first, kNow);
    EXPECT_EQ(code(decision.reason), "algorithm_unsupported");
    EXPECT_EQ(static_cast<int>(decision.trace[Check::keys]),
              static_cast<int>(Outcome::not_reached));
  }
}

TEST(SymmetricIssuer, EachAlgorithmIsAcceptedWhereItIsTheConfiguredOne) {
  for (const auto algorithm :
       {SymmetricAlgorithm::hs256, SymmetricAlgorithm::hs384, SymmetricAlgorithm::hs512}) {
    const std::string header =
        R"({"alg":")" + std::string(algorithm_name(algorithm)) + R"(","typ":"at+jwt"})";
    const std::string token = mac_token(algorithm, kSecret, header, payload(kShared));
    const Decision decision = testing::decide_at(token, "alice", both(algorithm), kNow);
    EXPECT_TRUE(decision.allowed()) << header << decision.detail;
    EXPECT_EQ(decision.key_id, "symmetric-" + std::string(algorithm_name(algorithm)));
  }
}

// RFC 8725 section 3.1, the oldest of them: an HMAC whose secret is what everybody knows of a public
// key. Whether an issuer with a symmetric key stands beside it makes no difference.
TEST(SymmetricIssuer, AnHmacIsRefusedOfEveryIssuerWithPublicKeys) {
  Snapshot alone = both();
  auto& config = const_cast<config::Config&>(*alone.config);
  config.issuers.pop_back();
  alone.keys.pop_back();
  const std::string jwk = signing_key(Algorithm::rs256).jwk();
  const std::size_t at = jwk.find(R"("n":")") + 5;
  const std::string modulus = jwk.substr(at, jwk.find('"', at) - at);
  for (const std::string& secret :
       {std::string(), jwk, signing_key(Algorithm::rs256).plain_jwk(), modulus,
        jose::decode_base64url(modulus).value(), std::string(kSecret), std::string(1, '\0')}) {
    for (const std::string_view kid : {"", R"(,"kid":"RS256")", R"(,"kid":"ES256")"}) {
      const std::string token =
          hs(kCorp, R"({"alg":"HS256","typ":"at+jwt")" + std::string(kid) + "}", secret);
      for (const Snapshot& snapshot : {alone, both()}) {
        const Decision decision = testing::decide_at(token, "alice", snapshot, kNow);
        EXPECT_EQ(code(decision.reason), "algorithm_unsupported");
        EXPECT_EQ(static_cast<int>(decision.trace[Check::keys]),
                  static_cast<int>(Outcome::not_reached));
      }
    }
  }
}

TEST(SymmetricIssuer, ARememberedTokenEndsWithItsKey) {
  const Snapshot before = both();
  jose::Scratch scratch;
  Trace trace;
  const auto verified = verify(hs(), before, kNow, scratch, trace);
  ASSERT_TRUE(verified);
  EXPECT_FALSE(verified->algorithm);
  EXPECT_TRUE(recheck(*verified, before, kNow, trace));
  Snapshot after = before;
  ++after.keys[1].generation;
  EXPECT_EQ(code(recheck(*verified, after, kNow, trace).error().reason), "key_unknown")
      << "the file was read anew";
  after.keys[1].symmetric = nullptr;
  EXPECT_EQ(code(recheck(*verified, after, kNow, trace).error().reason), "keys_missing");
}

// For budgets: small, but more than for what is no token.
TEST(SymmetricIssuer, AnHmacIsQuoted) {
  jose::Scratch scratch;
  EXPECT_GT(jose::quote(hs(), scratch), jose::quote("a.b.c", scratch));
  EXPECT_LT(jose::quote(hs(), scratch),
            jose::quote(signing_key(Algorithm::rs256).token("{}"), scratch));
}

}  // namespace
}  // namespace latchkey
