// SPDX-License-Identifier: Apache-2.0
#include "core/jose/jwk_set.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/signing.h"

namespace latchkey::jose {
namespace {

using testing::jwk_set;
using testing::signing_key;
using testing::SigningKey;

std::string ec(std::string_view kid) {
  return signing_key(Algorithm::es256).plain_jwk(R"(,"kid":")" + std::string(kid) + "\"");
}
std::string other_ec(std::string_view kid) {
  static const SigningKey other = SigningKey::generate(Algorithm::es256, "other");
  return other.plain_jwk(R"(,"kid":")" + std::string(kid) + "\"");
}
std::string rsa(std::string_view kid) {
  return signing_key(Algorithm::rs256).plain_jwk(R"(,"kid":")" + std::string(kid) + "\"");
}

std::string rsa_for(std::string_view kid, std::string_view alg) {
  return signing_key(Algorithm::rs256)
      .plain_jwk(R"(,"kid":")" + std::string(kid) + R"(","alg":")" + std::string(alg) + "\"");
}

struct Case {
  std::string_view name;
  std::string json;
  std::size_t kept;
  std::size_t dropped;
};

// RFC 7517 section 4.5 and the rule for one kid twice.
TEST(JwkSet, DropsWhatIsOfNoUseAndKeepsTheRest) {
  const std::string plain = signing_key(Algorithm::es256).plain_jwk();
  const std::string other_plain = SigningKey::generate(Algorithm::es256, "").plain_jwk();
  const Case cases[] = {
      {"empty set", jwk_set({}), 0, 0},
      {"one key", jwk_set({ec("a")}), 1, 0},
      {"two keys", jwk_set({ec("a"), rsa("b")}), 2, 0},
      {"one kid, the same key twice: one key", jwk_set({ec("a"), ec("a")}), 1, 1},
      {"one kid, the same key three times: one key", jwk_set({ec("a"), ec("a"), ec("a")}), 1, 2},
      {"one kid, the same key once for each algorithm: both",
       jwk_set({rsa_for("a", "RS256"), rsa_for("a", "PS256")}), 2, 0},
      {"one kid, the same key for one algorithm twice: one key",
       jwk_set({rsa_for("a", "RS256"), rsa_for("a", "RS256")}), 1, 1},
      {"one kid, different types: both", jwk_set({ec("a"), rsa("a")}), 2, 0},
      {"one kid, different keys of a type: neither", jwk_set({ec("a"), other_ec("a")}), 0, 2},
      {"one kid, three keys of which two are the same: none",
       jwk_set({ec("a"), other_ec("a"), ec("a")}), 0, 3},
      {"one kid, two of a type and one of another: the other",
       jwk_set({ec("a"), rsa("a"), other_ec("a")}), 1, 2},
      {"one key under two kids: both", jwk_set({ec("a"), ec("b")}), 2, 0},
      {"no kid, several keys: all",
       jwk_set(
           {signing_key(Algorithm::es256).plain_jwk(), signing_key(Algorithm::rs256).plain_jwk()}),
       2, 0},
      {"an unusable key with the same kid leaves the good one",
       jwk_set({ec("a"), R"({"kty":"EC","crv":"P-256","kid":"a","use":"enc"})"}), 1, 1},
      {"unknown types are passed over, RFC 7517 section 5",
       jwk_set({ec("a"), R"({"kty":"XYZ","kid":"x"})"}), 1, 1},
      {"entries that are no keys", jwk_set({ec("a"), "{}"}).insert(9, "1,null,\"x\",[],"), 1, 5},
      {"other members of the set", R"({"x":[1],"keys":[)" + ec("a") + R"(],"y":{}})", 1, 0},
      {"the same key twice without a kid", jwk_set({plain, plain}), 1, 1},
      {"the same key with a kid and without", jwk_set({plain, ec("a")}), 2, 0},
      {"two keys without a kid", jwk_set({plain, other_plain}), 2, 0},
      {"kids are bytes: case counts", jwk_set({ec("a"), other_ec("A")}), 2, 0},
  };
  for (const Case& c : cases) {
    const auto set = JwkSet::parse(c.json);
    ASSERT_TRUE(set) << c.name << ": " << set.error().detail;
    EXPECT_EQ(set->size(), c.kept) << c.name;
    EXPECT_EQ(set->dropped().size(), c.dropped) << c.name;
    EXPECT_EQ(set->empty(), c.kept == 0) << c.name;
    for (const DroppedKey& key : set->dropped()) EXPECT_FALSE(key.why.empty()) << c.name;
  }
}

TEST(JwkSet, RefusesWhatIsNoSet) {
  const std::string one = ec("a");
  const auto many = [&](std::size_t count) {
    std::string text = R"({"keys":[)";
    for (std::size_t i = 0; i < count; ++i) text += (i == 0 ? "{" : ",{") + std::string("}");
    return text + "]}";
  };
  const std::string cases[] = {"",
                               "[]",
                               "{}",
                               "null",
                               R"({"keys":{}})",
                               R"({"keys":null})",
                               one,
                               "<html></html>",
                               R"({"keys":[],"keys":[]})",
                               R"({"keys":[{"kty":"EC","kty":"RSA"}]})",
                               many(513),
                               std::string(1'048'577, ' ')};
  for (const std::string& json : cases) {
    const auto set = JwkSet::parse(json);
    ASSERT_FALSE(set) << json.substr(0, 50);
    EXPECT_EQ(set.error().reason, Reason::keys_missing);
    EXPECT_FALSE(set.error().detail.empty());
  }
  EXPECT_TRUE(JwkSet::parse(many(512)));
}

TEST(JwkSet, SaysWhichKeyWasDroppedAndWhy) {
  const auto set = JwkSet::parse(jwk_set({R"({"kty":"oct","kid":"sym","k":"QUFB"})"}));
  ASSERT_TRUE(set);
  ASSERT_EQ(set->dropped().size(), 1U);
  EXPECT_EQ(set->dropped()[0].kid, "sym");
  EXPECT_THAT(set->dropped()[0].why, ::testing::HasSubstr("symmetric"));
}

TEST(JwkSet, KeysAreFoundByTheirThumbprint) {
  const auto set = JwkSet::parse(jwk_set({ec("a"), rsa("b")}));
  ASSERT_TRUE(set);
  for (const Jwk& key : set->keys()) EXPECT_EQ(set->find_thumbprint(key.thumbprint()), &key);
  EXPECT_EQ(set->find_thumbprint(""), nullptr);
}

}  // namespace
}  // namespace latchkey::jose
