// SPDX-License-Identifier: Apache-2.0
#include "core/jose/jwk.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/jose/base64url.h"
#include "tests/support/signing.h"

namespace latchkey::jose {
namespace {

using ::testing::HasSubstr;
using testing::signing_key;
using testing::SigningKey;

// Why the key was dropped, or "taken".
std::string outcome(const std::string& json) {
  JsonReader reader;
  const auto value = reader.read(json);
  if (!value) return std::string(describe(value.error()));
  const auto jwk = Jwk::parse(*value);
  return jwk ? "taken" : jwk.error();
}

std::string rsa(const std::string& n, std::string_view e = "AQAB", std::string_view extra = {}) {
  return R"({"kty":"RSA","n":")" + n + R"(","e":")" + std::string(e) + "\"" + std::string(extra) +
         "}";
}

// An odd modulus of that many bits without small factors is not needed to be refused by its length.
std::string number_of_bits(std::size_t bits) {
  std::string bytes((bits + 7) / 8, '\x01');
  bytes.front() = static_cast<char>(1U << ((bits - 1) % 8));
  return encode_base64url(bytes);
}

struct Case {
  std::string_view name;
  std::string json;
  std::string want;
};

void expect_outcomes(std::span<const Case> cases) {
  for (const Case& c : cases) EXPECT_THAT(outcome(c.json), HasSubstr(c.want)) << c.name;
}

const std::string& n2048() {
  static const std::string n = [] {
    const std::string jwk = signing_key(Algorithm::rs256).plain_jwk();
    const std::size_t from = jwk.find(R"("n":")") + 5;
    return jwk.substr(from, jwk.find('"', from) - from);
  }();
  return n;
}

TEST(Jwk, TheKeyDecidesTheAlgorithms) {
  const auto allowed = [](const std::string& json) {
    JsonReader reader;
    std::string names;
    const auto jwk = Jwk::parse(*reader.read(json));
    for (std::size_t i = 0; jwk && i < kAlgorithms; ++i) {
      const auto algorithm = static_cast<Algorithm>(i);
      EXPECT_EQ(jwk->allows(algorithm), jwk->verifier(algorithm) != nullptr);
      if (jwk->allows(algorithm)) names += std::string(algorithm_name(algorithm)) + ' ';
    }
    return names;
  };
  EXPECT_EQ(allowed(signing_key(Algorithm::rs256).plain_jwk()),
            "RS256 RS384 RS512 PS256 PS384 PS512 ");
  EXPECT_EQ(allowed(signing_key(Algorithm::es256).plain_jwk()), "ES256 ");
  EXPECT_EQ(allowed(signing_key(Algorithm::es384).plain_jwk()), "ES384 ");
  EXPECT_EQ(allowed(signing_key(Algorithm::es512).plain_jwk()), "ES512 ");
  EXPECT_EQ(allowed(signing_key(Algorithm::eddsa).plain_jwk()), "EdDSA ");
  EXPECT_EQ(allowed(signing_key(Algorithm::ps384).jwk()), "PS384 ")
      << "alg pins one, RFC 7517 section 4.4";
  EXPECT_EQ(allowed(signing_key(Algorithm::es256).jwk()), "ES256 ");
}

TEST(Jwk, WeakAndOddRsaKeysAreDropped) {
  const Case cases[] = {
      {"taken: 2048 bits", rsa(n2048()), "taken"},
      {"taken: e = 3", rsa(n2048(), "Aw"), "taken"},
      {"dropped: 2047 bits", rsa(number_of_bits(2'047)), "RSA of 2047 bits is too short"},
      {"dropped: 1024 bits", rsa(number_of_bits(1'024)), "RSA of 1024 bits is too short"},
      {"dropped: 8193 bits", rsa(number_of_bits(8'193)), "RSA of 8193 bits is too long"},
      {"dropped: 16384 bits", rsa(number_of_bits(16'384)), "RSA of 16384 bits is too long"},
      {"dropped: e = 1", rsa(n2048(), "AQ"), "exponent is even or less than 3"},
      {"dropped: e = 2", rsa(n2048(), "Ag"), "exponent is even or less than 3"},
      {"dropped: e = 65536", rsa(n2048(), "AQAA"), "exponent is even or less than 3"},
      {"dropped: e = 0", rsa(n2048(), "AA"), "leading zero"},
      {"taken: e of 64 bits", rsa(n2048(), encode_base64url("\xff\x01\x01\x01\x01\x01\x01\x01")),
       "taken"},
      {"dropped: e of 65 bits",
       rsa(n2048(), encode_base64url("\x01\x01\x01\x01\x01\x01\x01\x01\x01")),
       "longer than 64 bits"},
      {"dropped: e empty", rsa(n2048(), ""), "'e' is empty"},
      {"dropped: no e", R"({"kty":"RSA","n":")" + n2048() + "\"}", "'e' is absent"},
      {"dropped: e with a leading zero", rsa(n2048(), "AAEAAQ"), "leading zero"},
      {"dropped: no n", R"({"kty":"RSA","e":"AQAB"})", "'n' is absent"},
      {"dropped: e is a number", R"({"kty":"RSA","n":")" + n2048() + R"(","e":65537})",
       "'e' is absent or no string"},
      {"dropped: n with a leading zero, RFC 7518 section 6.3.1.1",
       rsa(encode_base64url(std::string(1, '\0') + *decode_base64url(n2048()))), "leading zero"},
      {"dropped: n not base64url", rsa(n2048() + "="), "'n' is not canonical base64url"},
      {"dropped: n even", rsa(encode_base64url(std::string(256, '\x80'))), "modulus is even"},
      {"dropped: n divisible by 3", rsa(encode_base64url(std::string(256, '\xff'))),
       "small factor"},
  };
  expect_outcomes(cases);
}

TEST(Jwk, EcPointsAreChecked) {
  const std::string x = "VOIFqOOJauv6n3m8WDKq8-hV2_t4y1dwkmtSZ98BZLI";
  const std::string y = "S54skOhA7BmVKok-3FhmCwFcwriFK_ojlbMkqOSfeng";
  const auto ec = [](std::string_view curve, const std::string& px, const std::string& py) {
    return R"({"kty":"EC","crv":")" + std::string(curve) + R"(","x":")" + px + R"(","y":")" + py +
           "\"}";
  };
  const std::string zero = encode_base64url(std::string(32, '\0'));
  const Case cases[] = {
      {"taken: a point of P-256", ec("P-256", x, y), "taken"},
      {"dropped: off the curve", ec("P-256", x, "S54skOhA7BmVKok-3FhmCwFcwriFK_ojlbMkqOSfenk"),
       "not on the curve"},
      {"dropped: all zero", ec("P-256", zero, zero), "not on the curve"},
      {"dropped: x at the field's prime",
       ec("P-256",
          encode_base64url(*decode_base64url("_____wAAAAEAAAAAAAAAAAAAAAD_______________8")), y),
       "not on the curve"},
      {"dropped: of another curve", ec("P-384", x, y), "size of the curve"},
      {"dropped: the points of P-256 under a curve that nobody knows", ec("P-256K", x, y),
       "its curve \"P-256K\" is not accepted"},
      {"dropped: secp256k1", ec("secp256k1", x, y), "its curve \"secp256k1\" is not accepted"},
      {"dropped: no curve", R"({"kty":"EC","x":")" + x + R"(","y":")" + y + "\"}",
       "its curve \"\" is not accepted"},
      {"dropped: short x, RFC 7518 section 6.2.1.2",
       ec("P-256", encode_base64url(std::string(31, 'x')), y), "size of the curve"},
      {"dropped: long y", ec("P-256", x, encode_base64url('\0' + *decode_base64url(y))),
       "size of the curve"},
      {"dropped: no y", R"({"kty":"EC","crv":"P-256","x":")" + x + "\"}", "'y' is absent"},
      {"dropped: no x", R"({"kty":"EC","crv":"P-256","y":")" + y + "\"}", "'x' is absent"},
      {"dropped: type and members of different kinds",
       R"({"kty":"RSA","crv":"P-256","x":")" + x + R"(","y":")" + y + "\"}", "'n' is absent"},
  };
  expect_outcomes(cases);
}

TEST(Jwk, Ed25519PointsAreChecked) {
  const auto okp = [](std::string_view curve, const std::string& x) {
    return R"({"kty":"OKP","crv":")" + std::string(curve) + R"(","x":")" + encode_base64url(x) +
           "\"}";
  };
  const std::string good = *decode_base64url("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
  std::string identity(32, '\0');
  identity[0] = 1;
  const Case cases[] = {
      {"taken: RFC 8037 appendix A", okp("Ed25519", good), "taken"},
      {"dropped: 31 bytes", okp("Ed25519", good.substr(1)), "not 32 canonical bytes"},
      {"dropped: 33 bytes", okp("Ed25519", good + "x"), "not 32 canonical bytes"},
      {"dropped: the identity", okp("Ed25519", identity), "small order"},
      {"dropped: X25519", okp("X25519", good), "its curve \"X25519\" is not accepted"},
      {"dropped: Ed448", okp("Ed448", good), "its curve \"Ed448\" is not accepted"},
      {"dropped: X448", okp("X448", good), "its curve \"X448\" is not accepted"},
      {"dropped: no x, RFC 8037 section 2", R"({"kty":"OKP","crv":"Ed25519"})", "'x' is absent"},
      {"dropped: no crv", R"({"kty":"OKP","x":")" + encode_base64url(good) + "\"}",
       "its curve \"\" is not accepted"},
      {"dropped: with d, RFC 8037 section 2",
       R"({"kty":"OKP","crv":"Ed25519","d":"AAAA","x":")" + encode_base64url(good) + "\"}",
       "private or symmetric member 'd'"},
  };
  expect_outcomes(cases);
}

TEST(Jwk, WhatItIsForIsHonoured) {
  const auto with = [](std::string_view extra) {
    return signing_key(Algorithm::es256).plain_jwk(extra);
  };
  const Case cases[] = {
      {"taken: neither use nor alg (Entra)", with(""), "taken"},
      {"taken: use sig", with(R"(,"use":"sig")"), "taken"},
      {"dropped: use enc, RFC 7517 section 4.2", with(R"(,"use":"enc")"), "'use' is not 'sig'"},
      {"dropped: use of another type", with(R"(,"use":["sig"])"), "'use' is not 'sig'"},
      {"taken: key_ops verify", with(R"(,"key_ops":["sign","verify"])"), "taken"},
      {"dropped: key_ops without verify, RFC 7517 section 4.3", with(R"(,"key_ops":["encrypt"])"),
       "'verify'"},
      {"dropped: key_ops empty", with(R"(,"key_ops":[])"), "'verify'"},
      {"dropped: key_ops no array", with(R"(,"key_ops":"verify")"), "no array"},
      {"dropped: key_ops with repeats", with(R"(,"key_ops":["verify","verify"])"), "twice"},
      {"dropped: key_ops with a number", with(R"(,"key_ops":["verify",1])"), "no string"},
      {"dropped: use in upper case", with(R"(,"use":"SIG")"), "'use' is not 'sig'"},
      {"dropped: key_ops in upper case", with(R"(,"key_ops":["Verify"])"), "'verify'"},
      {"taken: use and key_ops agree", with(R"(,"use":"sig","key_ops":["verify"])"), "taken"},
      {"taken: key_ops for more than signatures, without use",
       with(R"(,"key_ops":["verify","encrypt"])"), "taken"},
      {"dropped: use and key_ops contradict each other, RFC 7517 section 4.3",
       with(R"(,"use":"sig","key_ops":["verify","encrypt"])"), "contradict"},
      {"dropped: use sig, key_ops encrypt", with(R"(,"use":"sig","key_ops":["encrypt"])"),
       "'verify'"},
      {"dropped: use enc, key_ops verify", with(R"(,"use":"enc","key_ops":["verify"])"),
       "'use' is not 'sig'"},
      {"dropped: alg in lower case", with(R"(,"alg":"es256")"), "'alg'"},
      {"dropped: alg of another family", with(R"(,"alg":"RS256")"),
       "'alg' \"RS256\" is not one for this key"},
      {"dropped: alg of another curve", with(R"(,"alg":"ES384")"), "'alg'"},
      {"dropped: alg unknown (ES521)", with(R"(,"alg":"ES521")"), "'alg'"},
      {"dropped: alg none", with(R"(,"alg":"none")"), "'alg'"},
      {"dropped: alg HS256 on a public key (libjwt CVE-2026-44699)", with(R"(,"alg":"HS256")"),
       "'alg'"},
      {"dropped: alg of another type", with(R"(,"alg":null)"), "'alg' is no string"},
      {"taken: x5c and x5t are ignored",
       with(R"(,"x5c":["not a certificate"],"x5t":7,"x5u":"http://x")"), "taken"},
      {"taken: other members", with(R"(,"exp":1,"x-other":{})"), "taken"},
      {"dropped: kid is a number", with(R"(,"kid":7)"), "'kid' is no string"},
      {"taken: kid of 256 bytes", with(R"(,"kid":")" + std::string(256, 'k') + "\""), "taken"},
      {"dropped: kid of 257 bytes", with(R"(,"kid":")" + std::string(257, 'k') + "\""),
       "longer than 256"},
      {"dropped: a private key", with(R"(,"d":"AAAA")"), "private or symmetric member 'd'"},
      {"dropped: a private prime", with(R"(,"p":"AAAA")"), "private or symmetric member 'p'"},
      {"dropped: a symmetric key", R"({"kty":"oct","k":"QUFB","alg":"HS256"})",
       "private or symmetric member 'k'"},
      {"dropped: a symmetric key without a key", R"({"kty":"oct"})",
       "its type \"oct\" is not accepted"},
      {"dropped: no kty", R"({"crv":"P-256"})", "'kty' is absent"},
      {"dropped: kty is a number", R"({"kty":7})", "'kty' is absent"},
      {"dropped: kty is an array", R"({"kty":["EC"]})", "'kty' is absent"},
      {"dropped: an unknown kty with the members of a good key",
       R"({"kty":"AKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})",
       "its type \"AKP\" is not accepted"},
      {"dropped: kty in lower case", R"({"kty":"ec"})", "its type \"ec\""},
      {"dropped: no object", "[]", "no JSON object"},
  };
  expect_outcomes(cases);
}

// RFC 7638 section 3.1.
TEST(Jwk, ThumbprintOfTheRfcsExample) {
  JsonReader reader;
  const auto jwk = Jwk::parse(
      *reader.read(rsa("0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFx"
                       "uhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3ok"
                       "njhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_"
                       "FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6"
                       "qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-"
                       "bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8aw"
                       "apJzKnqDKgw",
                       "AQAB", R"(,"alg":"RS256","kid":"2011-04-29")")));
  ASSERT_TRUE(jwk);
  EXPECT_EQ(jwk->thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
  EXPECT_EQ(jwk->kid(), "2011-04-29");
  EXPECT_EQ(jwk->bits(), 2'048U);
  EXPECT_EQ(jwk->type(), KeyType::rsa);
}

// RFC 8037 appendix A.3.
TEST(Jwk, ThumbprintOfTheEd25519Example) {
  JsonReader reader;
  const auto jwk = Jwk::parse(*reader.read(
      R"({"x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kty":"OKP","crv":"Ed25519"})"));
  ASSERT_TRUE(jwk);
  EXPECT_EQ(jwk->thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
  EXPECT_FALSE(jwk->kid());
}

TEST(Jwk, NamesOfTypes) {
  EXPECT_EQ(key_type_name(KeyType::rsa), "RSA");
  EXPECT_EQ(key_type_name(KeyType::ec), "EC");
  EXPECT_EQ(key_type_name(KeyType::okp), "OKP");
}

}  // namespace
}  // namespace latchkey::jose
