// SPDX-License-Identifier: Apache-2.0
//
// The appendices of RFC 7515, 7517 and 7638: what they sign with asymmetric keys in the compact
// form verifies; everything else is refused. The other serialisations are refused as they are, and
// their signatures are good ones: a compact form of the same parts verifies.
#include <iterator>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/vectors.h"
#include "tests/unit/jose/opaque_verdict.h"
#include "tests/unit/jose/published_jwk.h"

namespace latchkey::jose {
namespace {

using testing::text;
using testing::to_json;
using testing::VectorFile;

constexpr std::string_view kAppendix = "rfc-appendix/rfc7515-7517-7638.json";

// A value of the appendix file is the text of a file, JSON or a token; or it is the name of another
// value.
std::string appendix(const VectorFile& file, std::string_view name) {
  const auto member = file.root().find(name);
  if (!member) return {};
  std::string value = member->is_string() ? std::string(*member->as_string()) : to_json(*member);
  while (!value.empty() && value.back() == '\n') value.pop_back();
  return file.root().find(value) ? appendix(file, value) : value;
}

std::string published(const VectorFile& file, std::string_view name) {
  JsonReader reader;
  const auto jwk = reader.read(appendix(file, name));
  return jwk ? published_jwk(*jwk) : std::string();
}

std::string set_of(const std::string& jwk) { return R"({"keys":[)" + jwk + "]}"; }

struct TokenCase {
  std::string_view token;
  std::string_view key;
  Reason want;
  std::string_view what;
};

constexpr TokenCase kTokens[] = {
    {"rfc7515_A.1.jwsc", "rfc7515_A.1.jwk", Reason::algorithm_unsupported, "HS256"},
    {"rfc7515_A.2.jwsc", "rfc7515_A.2.jwk", Reason::allowed, "RS256"},
    {"rfc7515_A.3.jwsc", "rfc7515_A.3.jwk", Reason::allowed, "ES256"},
    {"rfc7515_A.4.jwsc", "rfc7515_A.4.jwk", Reason::allowed, "ES512"},
    {"rfc7515_A.5.jwsc", "rfc7515_A.2.jwk", Reason::algorithm_unsupported, "unsecured"},
    {"rfc7515_A.6.jwsg", "rfc7515_A.6.1.jwk", Reason::token_malformed, "general serialisation"},
    {"rfc7515_A.6.jwsg", "rfc7515_A.6.2.jwk", Reason::token_malformed, "general serialisation"},
    {"rfc7515_A.7.jwsf", "rfc7515_A.7.jwk", Reason::token_malformed, "flattened serialisation"},
};

TEST(RfcVectors, SignaturesOfRfc7515) {
  LATCHKEY_SKIP_WITHOUT_VECTORS(kAppendix);
  const VectorFile file(*testing::vector_path(kAppendix));
  std::size_t ran = 0;
  for (const auto& c : kTokens) {
    if (!file.root().find(c.token) || !file.root().find(c.key)) continue;
    const Reason reason = opaque_verdict(appendix(file, c.token), set_of(published(file, c.key)));
    EXPECT_EQ(code(reason), code(c.want)) << c.token << ' ' << c.what;
    ++ran;
  }
  testing::report_cases("RFC 7515 appendix A, tokens", ran, std::size(kTokens));
}

// The compact form of one signature of a JSON serialisation.
std::string compact_of(const JsonValue& whole, const JsonValue& signature) {
  return text(signature, "protected") + '.' + text(whole, "payload") + '.' +
         text(signature, "signature");
}

TEST(RfcVectors, SignaturesOfTheJsonSerialisationsOfRfc7515) {
  LATCHKEY_SKIP_WITHOUT_VECTORS(kAppendix);
  const VectorFile file(*testing::vector_path(kAppendix));
  std::size_t ran = 0;
  if (const auto general = file.root().find("rfc7515_A.6.jwsg")) {
    for (const JsonValue signature : general->find("signatures")->elements()) {
      const std::string name = "rfc7515_A.6." + std::to_string(++ran) + ".jwk";
      const std::string token = compact_of(*general, signature);
      EXPECT_EQ(opaque_verdict(token, set_of(published(file, name))), Reason::allowed) << name;
    }
  }
  if (const auto flat = file.root().find("rfc7515_A.7.jwsf")) {
    EXPECT_EQ(opaque_verdict(compact_of(*flat, *flat), set_of(published(file, "rfc7515_A.7.jwk"))),
              Reason::allowed);
    ++ran;
  }
  testing::report_cases("RFC 7515 appendix A, JSON signatures", ran, 3);
}

struct SetCase {
  std::string_view set;
  std::size_t taken;
  std::size_t dropped;
  std::string_view what;
};

constexpr SetCase kSets[] = {
    {"rfc7515_A.6.jwkset", 0, 2, "private keys"},
    {"rfc7517_A.1.jwkset", 1, 1, "an EC key for encryption and an RSA key"},
    {"rfc7517_A.2.jwkset", 0, 2, "private keys"},
    {"rfc7517_A.3.jwkset", 0, 2, "symmetric keys"},
};

struct KeyCase {
  std::string_view key;
  bool taken;      // the public half of it
  bool published;  // it is public as it stands
  std::string_view what;
};

constexpr KeyCase kKeys[] = {
    {"rfc7515_A.1.jwk", false, false, "symmetric"},
    {"rfc7515_A.2.jwk", true, false, "RSA, private"},
    {"rfc7515_A.3.jwk", true, false, "P-256, private"},
    {"rfc7515_A.4.jwk", true, false, "P-521, private"},
    {"rfc7515_A.6.1.jwk", true, false, "RSA, private"},
    {"rfc7515_A.6.2.jwk", true, false, "P-256, private"},
    {"rfc7515_A.7.jwk", true, false, "the key of A.3"},
    {"rfc7517_B.jwk", true, true, "x5c is ignored"},
    {"rfc7638_3.1.jwk", true, true, "RSA"},
};

constexpr std::string_view kThumbprint = "rfc7638_3.1.thp";

bool taken(const std::string& jwk) {
  const auto set = JwkSet::parse(set_of(jwk));
  return set && set->size() == 1;
}

// RFC 7515 appendix A, RFC 7517 appendices A and B, RFC 7638 section 3.1.
TEST(RfcVectors, KeysOfRfc7517And7638) {
  LATCHKEY_SKIP_WITHOUT_VECTORS(kAppendix);
  const VectorFile file(*testing::vector_path(kAppendix));
  std::size_t ran = 0;
  for (const auto& c : kSets) {
    if (!file.root().find(c.set)) continue;
    const auto set = JwkSet::parse(appendix(file, c.set));
    ASSERT_TRUE(set) << c.set;
    EXPECT_EQ(set->size(), c.taken) << c.set << ' ' << c.what;
    EXPECT_EQ(set->dropped().size(), c.dropped) << c.set << ' ' << c.what;
    ++ran;
  }
  for (const auto& c : kKeys) {
    if (!file.root().find(c.key)) continue;
    EXPECT_EQ(taken(published(file, c.key)), c.taken) << c.key << ' ' << c.what;
    EXPECT_EQ(taken(appendix(file, c.key)), c.published) << c.key << ' ' << c.what;
    ++ran;
  }
  if (file.root().find(kThumbprint)) {
    JsonReader reader;
    const auto example = Jwk::parse(*reader.read(appendix(file, "rfc7638_3.1.jwk")));
    ASSERT_TRUE(example);
    EXPECT_EQ(example->thumbprint(), appendix(file, kThumbprint));
    ++ran;
  }
  testing::report_cases("RFC 7515, 7517, 7638 appendices, keys", ran,
                        std::size(kSets) + std::size(kKeys) + 1);
}

TEST(RfcVectors, EachValueOfTheAppendicesIsInACase) {
  LATCHKEY_SKIP_WITHOUT_VECTORS(kAppendix);
  std::set<std::string_view> named{kThumbprint};
  for (const auto& c : kTokens) named.insert({c.token, c.key});
  for (const auto& c : kSets) named.insert(c.set);
  for (const auto& c : kKeys) named.insert(c.key);
  const VectorFile file(*testing::vector_path(kAppendix));
  std::size_t found = 0;
  for (const JsonMember member : file.root().members()) {
    // Another folder may have more than these tests know.
    EXPECT_TRUE(named.contains(member.name) || !testing::default_vectors())
        << "no case reads " << member.name;
    found += named.count(member.name);
  }
  testing::report_cases("RFC 7515, 7517, 7638 appendices, values", found, 21);
}

}  // namespace
}  // namespace latchkey::jose
