// SPDX-License-Identifier: Apache-2.0
//
// Keys in and out: PEM and JWK, good ones and whatever somebody may hand in as one.
#include "core/jose/signing/key_material.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/jose/json.h"
#include "core/jose/jwk.h"

namespace latchkey::jose {
namespace {

KeyMaterial make(const KeyOrder& order) { return KeyMaterial::generate(order).value(); }

// One of each kind and curve, made once.
const std::vector<KeyMaterial>& keys() {
  static const std::vector<KeyMaterial> all = [] {
    std::vector<KeyMaterial> made;
    made.push_back(make({.kind = KeyKind::rsa, .bits = 2'048}));
    for (const char* curve : {"P-256", "P-384", "P-521"})
      made.push_back(make({.kind = KeyKind::ec, .curve = curve}));
    made.push_back(make({.kind = KeyKind::okp}));
    made.push_back(make({.kind = KeyKind::oct}));
    return made;
  }();
  return all;
}

const KeyMaterial& rsa() { return keys()[0]; }
const KeyMaterial& p256() { return keys()[1]; }
const KeyMaterial& ed25519() { return keys()[4]; }
const KeyMaterial& oct() { return keys()[5]; }

std::string private_text(const KeyMaterial& key) {
  return std::string(key.private_jwk({}).value().view());
}

// The JWK with one member's value replaced ("" takes the member out).
std::string with(const std::string& jwk, const std::string& name, const std::string& json) {
  JsonReader reader;
  const auto object = reader.read(jwk);
  std::string out = "{";
  for (const JsonMember member : object->members()) {
    if (member.name == name) continue;
    out += (out.size() > 1 ? ",\"" : "\"") + std::string(member.name) + "\":\"" +
           std::string(*member.value.as_string()) + "\"";
  }
  if (!json.empty()) out += ",\"" + name + "\":" + json;
  return out + "}";
}

std::string member(const std::string& jwk, std::string_view name) {
  JsonReader reader;
  const auto object = reader.read(jwk);
  const auto value = object->find(name);
  return value ? std::string(*value->as_string()) : std::string();
}

// "" where the text is a key, else why it is none.
std::string refusal(std::string_view text) {
  const auto key = KeyMaterial::parse(text);
  return key ? "" : key.error();
}

TEST(KeyMaterial, has_what_was_ordered) {
  EXPECT_EQ(rsa().bits(), 2'048U);
  EXPECT_EQ(make({.kind = KeyKind::rsa}).bits(), 3'072U);
  EXPECT_EQ(p256().curve(), "P-256");
  EXPECT_EQ(p256().bits(), 256U);
  EXPECT_EQ(keys()[3].bits(), 521U);
  EXPECT_EQ(ed25519().curve(), "Ed25519");
  EXPECT_EQ(oct().bits(), 512U);
  EXPECT_EQ(make({.kind = KeyKind::oct, .bits = 256}).bits(), 256U);
}

TEST(KeyMaterial, refuses_orders_that_nobody_should_get) {
  EXPECT_FALSE(KeyMaterial::generate({.kind = KeyKind::rsa, .bits = 1'023}));
  EXPECT_FALSE(KeyMaterial::generate({.kind = KeyKind::rsa, .bits = 8'193}));
  EXPECT_FALSE(KeyMaterial::generate({.kind = KeyKind::ec, .curve = "secp256k1"}));
  EXPECT_FALSE(KeyMaterial::generate({.kind = KeyKind::oct, .bits = 248}));
  EXPECT_FALSE(KeyMaterial::generate({.kind = KeyKind::oct, .bits = 257}));
}

TEST(KeyMaterial, is_the_same_key_after_a_trip_through_jwk_and_pem) {
  for (const KeyMaterial& key : keys()) {
    const auto name = std::string(key_kind_name(key.kind())) + " " + std::string(key.curve());
    const auto by_jwk = KeyMaterial::parse(private_text(key));
    ASSERT_TRUE(by_jwk) << name << ": " << by_jwk.error();
    EXPECT_TRUE(by_jwk->has_private());
    EXPECT_EQ(private_text(*by_jwk), private_text(key)) << name;
    EXPECT_EQ(by_jwk->thumbprint(), key.thumbprint()) << name;
    if (key.kind() == KeyKind::oct) continue;
    const auto by_pem = KeyMaterial::parse(key.private_pem().value().view());
    ASSERT_TRUE(by_pem) << name << ": " << by_pem.error();
    EXPECT_EQ(private_text(*by_pem), private_text(key)) << name;
    const auto public_half = KeyMaterial::parse(key.public_pem().value());
    ASSERT_TRUE(public_half) << name << ": " << public_half.error();
    EXPECT_FALSE(public_half->has_private());
    EXPECT_EQ(public_half->public_jwk({}), key.public_jwk({})) << name;
  }
}

TEST(KeyMaterial, has_the_thumbprint_and_the_public_half_that_the_verifier_sees) {
  for (const KeyMaterial& key : keys()) {
    if (key.kind() == KeyKind::oct) continue;
    JsonReader reader;
    const std::string text = key.public_jwk({.kid = "k\"\n", .alg = {}, .use = "sig"}).value();
    const auto json = reader.read(text);
    ASSERT_TRUE(json) << text;
    const auto jwk = Jwk::parse(*json);
    ASSERT_TRUE(jwk) << jwk.error();
    EXPECT_EQ(jwk->thumbprint(), key.thumbprint().value());
    EXPECT_EQ(jwk->kid(), "k\"\n");
  }
}

TEST(KeyMaterial, gives_no_private_member_away_with_the_public_half) {
  for (const KeyMaterial& key : keys()) {
    const auto text = key.public_jwk({});
    EXPECT_EQ(text.has_value(), key.kind() != KeyKind::oct);
    if (!text) continue;
    for (const char* name : {"d", "p", "q", "dp", "dq", "qi", "k"})
      EXPECT_EQ(text->find("\"" + std::string(name) + "\":"), std::string::npos) << name;
  }
}

TEST(KeyMaterial, takes_an_rsa_key_without_its_factors) {
  std::string jwk = private_text(rsa());
  for (const char* name : {"p", "q", "dp", "dq", "qi"}) jwk = with(jwk, name, "");
  const auto key = KeyMaterial::parse(jwk);
  ASSERT_TRUE(key) << key.error();
  EXPECT_EQ(member(private_text(*key), "d"), member(jwk, "d"));
  EXPECT_EQ(member(private_text(*key), "p"), "");
}

TEST(KeyMaterial, keeps_the_labels_of_a_jwk) {
  const auto key = KeyMaterial::parse(
      with(with(with(private_text(p256()), "kid", R"("\u00fc")"), "alg", R"("ES256")"), "use",
           R"("sig")"));
  ASSERT_TRUE(key) << key.error();
  EXPECT_EQ(key->labels().kid, "\xc3\xbc");
  EXPECT_EQ(key->labels().alg, "ES256");
  EXPECT_EQ(key->labels().use, "sig");
}

struct BadKey {
  const char* name;
  std::string text;
  std::string why;
};

TEST(KeyMaterial, refuses_what_is_no_jwk_and_says_why) {
  const std::string ec = private_text(p256());
  const std::string big = private_text(rsa());
  const std::string okp = private_text(ed25519());
  const std::string other_ec = private_text(make({.kind = KeyKind::ec}));
  const std::string other_okp = private_text(make({.kind = KeyKind::okp}));
  const std::string other_rsa = private_text(make({.kind = KeyKind::rsa, .bits = 2'048}));
  const auto in_quotes = [](const std::string& text) { return "\"" + text + "\""; };
  const BadKey cases[] = {
      {"nothing", "", "it is empty"},
      {"blanks", " \n", "it is empty"},
      {"garbage", "garbage", "it is neither PEM nor a JWK"},
      {"a NUL", std::string(1, '\0'), "it is neither PEM nor a JWK"},
      {"cut JSON", ec.substr(0, 40), "the text is not one JSON value"},
      {"a name twice", "{\"kty\":\"oct\",\"k\":\"AAAA\",\"k\":\"BBBB\"}",
       "the JSON text has an object with a duplicate name"},
      {"a set", R"({"keys":[]})", "it is a JWK set; one key is wanted"},
      {"too long", "{" + std::string(kKeyTextMost, ' ') + "}", "it is longer than 65536 bytes"},
      {"no kty", with(ec, "kty", ""), "'kty' is absent or no string"},
      {"kty of another case", with(ec, "kty", R"("ec")"),
       "the type \"ec\" is none of RSA, EC, OKP and oct"},
      {"kid is a number", with(ec, "kid", "1"), "'kid' is no string"},
      {"kid of 257 bytes", with(ec, "kid", in_quotes(std::string(257, 'k'))),
       "'kid' is over 256 bytes long"},
      {"key_ops is a string", with(ec, "key_ops", R"("sign")"), "'key_ops' is no array"},
      {"secp256k1", with(ec, "crv", R"("secp256k1")"),
       "the curve \"secp256k1\" is none of P-256, P-384 and P-521"},
      {"a curve of another size", with(ec, "crv", R"("P-384")"),
       "'x' has not the size of the curve"},
      {"x is absent", with(ec, "x", ""), "'x' is absent or no string"},
      {"x is padded", with(ec, "x", in_quotes(member(ec, "x") + "=")),
       "'x' is not canonical base64url"},
      {"a point off the curve", with(ec, "y", in_quotes(member(ec, "x"))),
       "OpenSSL does not take it: its numbers make no key"},
      {"d of another EC key", with(ec, "d", in_quotes(member(other_ec, "d"))),
       "its private half does not belong to its public half"},
      {"d of another Ed25519 key", with(okp, "d", in_quotes(member(other_okp, "d"))),
       "its private half does not belong to its public half"},
      {"X25519", with(okp, "crv", R"("X25519")"), "the curve \"X25519\" is not Ed25519"},
      {"a short Ed25519 key", with(okp, "x", R"("AAAA")"), "'x' has not the size of the curve"},
      {"d of another RSA key",
       with(with(with(with(with(with(big, "d", in_quotes(member(other_rsa, "d"))), "p", ""), "q",
                           ""),
                      "dp", ""),
                 "dq", ""),
            "qi", ""),
       "its private half does not belong to its public half"},
      {"a modulus with a leading zero", with(big, "n", in_quotes("AAAA" + member(big, "n"))),
       "'n' has a leading zero"},
      {"q without p", with(big, "p", ""), "'q' is there, and 'p' is not"},
      {"p without q", with(big, "q", ""), "'q' is absent or no string"},
      {"p without d", with(big, "d", ""), "'p' is there, and 'd' is not"},
      {"three primes", with(big, "oth", "[]"), "RSA of more than two primes is not taken"},
      {"d longer than n", with(big, "d", in_quotes("f" + std::string(399, 'A'))),
       "its private exponent is longer than its modulus"},
      {"an empty secret", R"({"kty":"oct","k":""})", "'k' is empty"},
      {"a secret that is no string", R"({"kty":"oct","k":7})", "'k' is absent or no string"},
      {"a long secret", R"({"kty":"oct","k":")" + std::string(5'464, 'A') + "\"}",
       "a symmetric key of over 4096 bytes"},
  };
  for (const BadKey& one : cases) EXPECT_EQ(refusal(one.text), one.why) << one.name;
}

TEST(KeyMaterial, refuses_what_is_no_pem_of_ours_and_says_why) {
  // openssl genpkey -algorithm X25519, and -algorithm ed25519 -aes256 -pass pass:secret
  constexpr std::string_view kX25519 =
      "-----BEGIN PRIVATE KEY-----\n"
      "MC4CAQAwBQYDK2VuBCIEILAmFlgzHF3M/uvHHXG/wSNsZHOkbwuAFbAWuAShS69Q\n"
      "-----END PRIVATE KEY-----\n";
  const std::string good(p256().private_pem().value().view());
  const BadKey cases[] = {
      {"a type that signs nothing", std::string(kX25519),
       "its type X25519 is none of RSA, EC and Ed25519"},
      {"cut", good.substr(0, good.size() / 2),
       "the PEM holds no private key that OpenSSL can read"},
      {"a certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
       "the PEM holds no public key that OpenSSL can read"},
  };
  for (const BadKey& one : cases) EXPECT_EQ(refusal(one.text), one.why) << one.name;
}

TEST(KeyMaterial, is_not_read_with_a_passphrase_and_asks_nobody_for_one) {
  constexpr std::string_view kLocked =
      "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
      "MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAj2YMGA0cH17wICCAAw\n"
      "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEJ6pvGKakukmxLCkQGVcbyQEQJFd\n"
      "rU9MzZydJUVn/Hmp2CfsiiN8zP+L3YvtDGTvnpNBSzNnXZCyP4yxSY3W7rOImR/2\n"
      "8dTD88rCHlay8lv2KRw=\n"
      "-----END ENCRYPTED PRIVATE KEY-----\n";
  EXPECT_EQ(refusal(kLocked),
            "the PEM is under a passphrase; decrypt it first (openssl pkey -in FILE)");
}

}  // namespace
}  // namespace latchkey::jose
