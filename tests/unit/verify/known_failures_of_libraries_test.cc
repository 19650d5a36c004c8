// SPDX-License-Identifier: Apache-2.0
//
// What went wrong for other token libraries, each as a test named after its advisory. A token here
// is one that the library in question accepted, or worked on for too long; the way is the whole
// one, from bytes to verdict.
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/base/limits.h"
#include "core/jose/base64url.h"
#include "core/jose/compact_jws.h"
#include "tests/support/signing.h"
#include "tests/unit/verify/provider.h"

namespace latchkey {
namespace {

using jose::Algorithm;
using jose::SymmetricAlgorithm;
using testing::compact;
using testing::jwk_set;
using testing::kNow;
using testing::mac_token;
using testing::make_issuer;
using testing::signing_key;

constexpr std::string_view kIssuer = "https://id.example";

std::string payload(std::string_view more = {}, std::string_view aud = R"("ssh-prod")") {
  return R"({"iss":"https://id.example","sub":"u","aud":)" + std::string(aud) +
         R"(,"exp":1900000600,"iat":1899999990,"preferred_username":"alice")" + std::string(more) +
         "}";
}

std::string header(std::string_view alg, std::string_view more = {}) {
  return R"({"alg":")" + std::string(alg) + R"(","typ":"at+jwt")" + std::string(more) + "}";
}

// The issuer's verdict; beside it stands one with a symmetric key, which must make no difference.
Reason verdict(
    const std::string& token, const std::string& keys,
    const std::function<void(config::Issuer&)>& change = [](config::Issuer&) {}) {
  auto issuer = make_issuer("corp", std::string(kIssuer));
  change(issuer);
  auto set = testing::make_keys(keys);
  if (set == nullptr) return Reason::keys_missing;
  const Snapshot alone = testing::make_snapshot({issuer}, {set}, kNow);
  auto shared = make_issuer("shared", "https://shared.example");
  shared.config.algorithms.clear();
  shared.config.symmetric_key_file = "/k";
  shared.config.symmetric_algorithm = SymmetricAlgorithm::hs256;
  Snapshot both = testing::make_snapshot({issuer, shared}, {set, nullptr}, kNow);
  both.keys[1].symmetric = std::make_shared<const jose::SymmetricKey>(*jose::SymmetricKey::parse(
      testing::oct_jwk(std::string(32, 's')), SymmetricAlgorithm::hs256));
  const Reason reason = testing::decide_at(token, "alice", alone, kNow).reason;
  EXPECT_EQ(code(testing::decide_at(token, "alice", both, kNow).reason), code(reason));
  return reason;
}

// NOLINTNEXTLINE(cppcoreguidelines-macro-usage): a failure names the line of its case
#define EXPECT_REASON(want, ...) EXPECT_EQ(code(verdict(__VA_ARGS__)), want)

std::string all_keys() {
  return jwk_set({signing_key(Algorithm::rs256).jwk(), signing_key(Algorithm::es256).jwk(),
                  signing_key(Algorithm::es384).jwk(), signing_key(Algorithm::es512).jwk(),
                  signing_key(Algorithm::eddsa).jwk()});
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return at == std::string::npos ? text : text.replace(at, what.size(), with);
}

TEST(KnownFailures, GoodTokensOfTheseKeysAreAccepted) {
  for (const auto algorithm : {Algorithm::rs256, Algorithm::es256, Algorithm::eddsa})
    EXPECT_REASON("allowed", signing_key(algorithm).token(payload()), all_keys());
}

// libjwt CVE-2026-44699: an RSA key without `alg` was taken for an HMAC key, and was an empty one.
TEST(KnownFailures, Libjwt_CVE_2026_44699) {
  const std::string keys = jwk_set({signing_key(Algorithm::rs256).plain_jwk(R"(,"kid":"r")")});
  for (const std::string& secret : {std::string(), std::string(1, '\0'), std::string(32, '\0')}) {
    EXPECT_REASON(
        "algorithm_unsupported",
        mac_token(SymmetricAlgorithm::hs256, secret, header("HS256", R"(,"kid":"r")"), payload()),
        keys);
  }
}

// libjwt 2024 (jwt_decode_2): the key was never asked for where the header said none.
TEST(KnownFailures, Libjwt_2024_alg_none) {
  for (const std::string_view none :
       {"none", "None", "NONE", "nOnE", "none ", "", R"(n\u006fne)"}) {
    for (const std::string_view signature : {"", "x"}) {
      EXPECT_REASON("algorithm_unsupported", compact(header(none), payload(), signature),
                    all_keys());
      EXPECT_REASON("algorithm_unsupported",
                    compact(header(none, R"(,"kid":"RS256")"), payload(), signature), jwk_set({}));
    }
  }
}

// libjwt 2026-03 batch: lengths computed wrongly, a path in `kid`, a body without a bound.
TEST(KnownFailures, Libjwt_2026_03_batch) {
  for (std::size_t size = 0; size <= jose::kSignatureBytes + 1; size += size < 70 ? 1 : 31) {
    const Reason want =
        size <= jose::kSignatureBytes ? Reason::signature_invalid : Reason::token_malformed;
    EXPECT_REASON(code(want),
                  compact(header("ES256", R"(,"kid":"ES256")"), payload(), std::string(size, 's')),
                  all_keys());
  }
  for (const std::string_view kid :
       {"../../etc/passwd", "/etc/latchkey/key", "..\\\\ES256", "ES256/.."}) {
    EXPECT_REASON("key_unknown",
                  compact(header("ES256", R"(,"kid":")" + std::string(kid) + '"'), payload(), "s"),
                  all_keys());
  }
  EXPECT_FALSE(jose::JwkSet::parse(jwk_set({}) + std::string(limits::kJwkSetBytes, ' ')));
}

// cpp-jwt issue 102: one list of allowed algorithms for all families. Here a key serves its own.
TEST(KnownFailures, CppJwt_issue_102) {
  const testing::SigningKey& key = signing_key(Algorithm::rs256);  // its JWK says RS256
  const std::string head = header("PS256", R"(,"kid":"RS256")");
  const std::string input = jose::encode_base64url(head) + '.' + jose::encode_base64url(payload());
  EXPECT_REASON("key_unfit",
                input + '.' + jose::encode_base64url(key.sign(input, Algorithm::ps256)),
                all_keys());
  EXPECT_REASON(
      "key_unfit",
      signing_key(Algorithm::es256).token(header("ES256", R"(,"kid":"RS256")"), payload()),
      all_keys());
  EXPECT_REASON("algorithm_not_allowed", key.token(payload()), all_keys(),
                [](config::Issuer& issuer) { issuer.config.algorithms = {Algorithm::es256}; });
}

// PyJWT CVE-2022-29217: the forms of a public key that may not be a secret were a list, which
// lacked one.
TEST(KnownFailures, PyJwt_CVE_2022_29217) {
  const std::string jwk = signing_key(Algorithm::eddsa).plain_jwk();
  const std::size_t at = jwk.find(R"("x":")") + 5;
  const std::string point = *jose::decode_base64url(jwk.substr(at, 43));
  for (const std::string& secret :
       {jwk, point, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + jwk.substr(at, 43),
        "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA" + jwk.substr(at, 43) +
            "=\n-----END PUBLIC KEY-----\n"}) {
    EXPECT_REASON("algorithm_unsupported",
                  mac_token(SymmetricAlgorithm::hs256, secret, header("HS256"), payload()),
                  all_keys());
  }
}

// PyJWT CVE-2026-32597, Authlib CVE-2025-59420: `crit` was passed over.
TEST(KnownFailures, PyJwt_CVE_2026_32597_Authlib_CVE_2025_59420) {
  for (const std::string_view crit :
       {R"(["x"],"x":1)", R"(["exp"],"exp":1)", R"(["b64"],"b64":true)", "[]", R"(["x"])", R"("x")",
        "null", R"(["alg"])"}) {
    EXPECT_REASON(
        "header_unsupported",
        signing_key(Algorithm::es256)
            .token(header("ES256", R"(,"kid":"ES256","crit":)" + std::string(crit)), payload()),
        all_keys());
  }
}

// Authlib CVE-2026-28498: a check that did not know the algorithm said yes.
TEST(KnownFailures, Authlib_CVE_2026_28498) {
  for (const std::string_view alg : {"RS257", "ES256K", "Ed25519", "Ed448", "SHA256", "rs256",
                                     "RS256 ", "x", "A256GCM", "dir"}) {
    for (const std::string_view signature : {"", "x"})
      EXPECT_REASON("algorithm_unsupported", compact(header(alg), payload(), signature),
                    all_keys());
  }
}

// Java CVE-2022-21449 ("psychic signatures"): r and s were not checked for zero.
TEST(KnownFailures, Java_CVE_2022_21449) {
  const std::pair<std::string_view, std::size_t> kinds[] = {
      {"ES256", 64}, {"ES384", 96}, {"ES512", 132}, {"EdDSA", 64}};
  for (const auto& [alg, size] : kinds) {
    const std::string zero(size / 2, '\0');
    std::string one = zero;
    one.back() = 1;
    for (const std::string& signature : {zero + zero, zero + one, one + zero, one + one})
      EXPECT_REASON(
          "signature_invalid",
          compact(header(alg, R"(,"kid":")" + std::string(alg) + '"'), payload(), signature),
          all_keys());
  }
}

// cjose CVE-2023-37464: the length of the tag was the attacker's. Nothing encrypted is opened.
TEST(KnownFailures, Cjose_CVE_2023_37464) {
  const std::string head =
      jose::encode_base64url(std::string_view(R"({"alg":"dir","enc":"A256GCM"})"));
  for (const std::string_view tag : {"", "AA", "AAAAAAAAAAAAAAAAAAAAAA"})
    EXPECT_REASON("token_encrypted", head + "..AAAAAAAAAAAAAAAA.AAAA." + std::string(tag),
                  all_keys());
}

// pac4j CVE-2026-29000: an unsigned token inside an encrypted one skipped the check.
TEST(KnownFailures, Pac4j_CVE_2026_29000) {
  const std::string unsigned_token = compact(header("none"), payload(), "");
  const std::string head = jose::encode_base64url(
      std::string_view(R"({"alg":"RSA-OAEP-256","enc":"A128GCM","cty":"JWT"})"));
  EXPECT_REASON("token_encrypted",
                head + ".AAAA.AAAA." + jose::encode_base64url(unsigned_token) + ".AAAA",
                all_keys());
  EXPECT_REASON("header_unsupported",
                signing_key(Algorithm::es256)
                    .token(header("ES256", R"(,"kid":"ES256","cty":"JWT")"), unsigned_token),
                all_keys());
}

// jose `p2c`, nimbus `zip`: the header said how much work there is.
TEST(KnownFailures, Jose_p2c_and_Nimbus_zip) {
  const std::string_view pbes2 =
      R"({"alg":"PBES2-HS512+A256KW","enc":"A256GCM","p2s":"AAAA","p2c":2147483647})";
  const std::string encrypted = jose::encode_base64url(pbes2) + ".AAAA.AAAA.AAAA.AAAA";
  EXPECT_REASON("token_encrypted", encrypted, all_keys());
  EXPECT_REASON("algorithm_unsupported", compact(pbes2, payload(), "x"), all_keys());
  EXPECT_REASON("header_unsupported",
                signing_key(Algorithm::es256)
                    .token(header("ES256", R"(,"kid":"ES256","zip":"DEF")"), payload()),
                all_keys());
  jose::Scratch scratch;
  EXPECT_LT(jose::quote(encrypted, scratch), std::chrono::microseconds(21)) << "its size alone";
}

// fast-jwt GHSA-ww5h: the kind of key was read off the beginning of its text, and a blank before it
// made a secret of a public key. CVE-2026-35041: a pattern among the allowed values backtracked.
TEST(KnownFailures, FastJwt_GHSA_ww5h_and_CVE_2026_35041) {
  for (const std::string_view text :
       {" -----BEGIN PUBLIC KEY-----\n", "\n-----BEGIN RSA PUBLIC KEY-----\n", " ssh-rsa AAAA",
        "a secret as long as the hash, or longer."})
    EXPECT_FALSE(jose::SymmetricKey::parse(text, SymmetricAlgorithm::hs256)) << text;
  const std::string many = '"' + std::string(2'000, 'a') + "!\"";
  const auto pattern = [](config::Issuer& issuer) {
    issuer.config.claims.audiences = {"^(a+)+$", ".*"};
  };
  EXPECT_REASON("audience_wrong", signing_key(Algorithm::es256).token(payload({}, many)),
                all_keys(), pattern);
  EXPECT_REASON("audience_wrong", signing_key(Algorithm::es256).token(payload({}, R"("aaa")")),
                all_keys(), pattern);
}

// scitokens-cpp CVE-2026-32725, CVE-2026-32726: paths were compared by their beginning, and `..`
// was taken out of them first.
TEST(KnownFailures, Scitokens_CVE_2026_32725_and_CVE_2026_32726) {
  for (const std::string_view aud :
       {R"("ssh-production")", R"("ssh-pro")", R"("ssh-prod/")", R"("ssh-prod/../ssh-prod")",
        R"("x/../ssh-prod")", R"("./ssh-prod")"})
    EXPECT_REASON("audience_wrong", signing_key(Algorithm::es256).token(payload({}, aud)),
                  all_keys());
  const auto scoped = [](config::Issuer& issuer) {
    issuer.config.claims.require = {{.name = "scope",
                                     .match = claims::RequiredClaim::Match::contains,
                                     .values = {{.text = "/home/alice"}}}};
  };
  for (const std::string_view scope :
       {"/home/alice2", "/home", "/home/bob/../alice", "/home/alice/"})
    EXPECT_REASON("claim_wrong",
                  signing_key(Algorithm::es256)
                      .token(payload(R"(,"scope":[")" + std::string(scope) + R"("])")),
                  all_keys(), scoped);
}

// OpenPubkey CVE-2025-4658: a fourth part let a token skip the check. 2025: an RSA exponent that is
// unsound for the proof. 2026: nothing bound the token to who shows it.
TEST(KnownFailures, OpenPubkey_CVE_2025_4658_and_GQ_2025_and_GQ_2026) {
  const std::string good = signing_key(Algorithm::rs256).token(payload());
  for (const std::string_view more : {".", ".AAAA", "...", ".AAAA.AAAA.AAAA"})
    EXPECT_REASON("token_malformed", good + std::string(more), all_keys());
  EXPECT_REASON("token_encrypted", good + ".AAAA.AAAA", all_keys());
  EXPECT_REASON("token_malformed", "AAAA." + good, all_keys());
  for (const std::string_view exponent :
       {"AQ", "Ag", "BA", "AQAA", "AAAAAQAB", "AQABAAABAAABAAAB"}) {
    EXPECT_REASON("key_unfit", good,
                  jwk_set({replaced(signing_key(Algorithm::rs256).jwk(), R"("e":"AQAB")",
                                    R"("e":")" + std::string(exponent) + '"')}))
        << exponent;
  }
  EXPECT_REASON("type_wrong", signing_key(Algorithm::rs256).token(payload(R"(,"cnf":{"jkt":"x"})")),
                all_keys());
}

// RFC 8725 section 3.10, in every library at some time: a header that brings or names its own key.
// It is never looked at, so a token is what it is without; and it makes nobody ask for keys.
TEST(KnownFailures, HeadersThatBringTheirOwnKey) {
  const testing::SigningKey own = testing::SigningKey::generate(Algorithm::es256, "own");
  const std::string url = R"("http://127.0.0.1:1/keys")";
  const std::string members[] = {R"(,"jku":)" + url, R"(,"x5u":)" + url, R"(,"jwk":)" + own.jwk(),
                                 R"(,"x5c":["MIIB"])", R"(,"jku":"file:///etc/passwd")"};
  jose::Scratch scratch;
  for (const std::string& member : members) {
    const std::string head = header("ES256", R"(,"kid":"ES256")" + member);
    EXPECT_REASON("allowed", signing_key(Algorithm::es256).token(head, payload()), all_keys())
        << member;
    EXPECT_REASON("signature_invalid", own.token(head, payload()), all_keys()) << member;
    Trace trace;
    const Snapshot snapshot = testing::make_snapshot({make_issuer("corp", std::string(kIssuer))},
                                                     {testing::make_keys(all_keys())}, kNow);
    const auto result = verify(own.token(head, payload()), snapshot, kNow, scratch, trace);
    ASSERT_FALSE(result);
    EXPECT_FALSE(result.error().need_keys) << member << " made somebody ask for keys";
  }
}

}  // namespace
}  // namespace latchkey
