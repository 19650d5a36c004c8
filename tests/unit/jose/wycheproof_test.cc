// SPDX-License-Identifier: Apache-2.0
//
// Wycheproof's JOSE files and raw signatures (C2SP/wycheproof). Every label must be met, except
// where overrides.json says why a strict verifier differs. HMAC cases that are labelled valid are
// refused: symmetric keys exist nowhere here.
#include <iostream>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "core/jose/base64url.h"
#include "core/jose/compact_jws.h"
#include "core/jose/jwk_set.h"
#include "core/jose/select_key.h"
#include "core/jose/signature.h"
#include "tests/support/vectors.h"

namespace latchkey::jose {
namespace {

using testing::text;
using testing::to_json;
using testing::VectorFile;

// What becomes of a token with any payload under a key set.
Reason verdict(const std::string& token, const std::string& set_json) {
  static Scratch scratch;
  const auto set = JwkSet::parse(set_json);
  if (!set) return set.error().reason;
  const auto jws = parse_compact(token, scratch, Payload::opaque);
  if (!jws) return jws.error().reason;
  const auto key = select_key(*jws, *set);
  if (!key) return key.error().reason;
  const auto verified = verify_signature(*jws, **key, scratch);
  return verified ? Reason::allowed : verified.error().reason;
}

std::map<std::int64_t, std::string> overrides() {
  std::map<std::int64_t, std::string> ours;
  const auto path = testing::vector_path("wycheproof/overrides.json");
  if (!path) return ours;
  const VectorFile file(*path);
  for (const JsonValue entry : file.root().find("overrides")->elements()) {
    ours[*entry.find("tcId")->as_integer()] = text(entry, "ours");
  }
  return ours;
}

bool is_symmetric(const JsonValue& key) {
  if (text(key, "kty") == "oct") return true;
  if (const auto keys = key.find("keys")) {
    for (const JsonValue member : keys->elements()) {
      if (text(member, "kty") == "oct") return true;
    }
  }
  return false;
}

struct Tally {
  std::size_t ran = 0;
  std::size_t symmetric = 0;  // labelled valid, refused because they are HMAC
};

// One case: the label of the file, or that of the overrides, or a refusal where the key is
// symmetric.
void check(const JsonValue& test, const JsonValue& key, const std::string& set,
           const std::map<std::int64_t, std::string>& ours, Tally& tally) {
  const std::int64_t id = *test.find("tcId")->as_integer();
  const auto override = ours.find(id);
  std::string want = override == ours.end() ? text(test, "result") : override->second;
  ASSERT_TRUE(want == "valid" || want == "invalid") << id << ' ' << want;
  if (is_symmetric(key) && want == "valid") {
    want = "invalid";
    ++tally.symmetric;
  }
  const Reason reason = verdict(text(test, "jws"), set);
  EXPECT_EQ(reason == Reason::allowed, want == "valid")
      << id << ' ' << text(test, "comment") << ": " << code(reason);
  ++tally.ran;
}

TEST(Wycheproof, JsonWebSignature) {
  LATCHKEY_SKIP_WITHOUT_VECTORS("wycheproof/json_web_signature_test.json");
  const VectorFile file(*testing::vector_path("wycheproof/json_web_signature_test.json"));
  const auto ours = overrides();
  Tally tally;
  for (const JsonValue group : file.root().find("testGroups")->elements()) {
    const auto published = group.find("public");
    const JsonValue key = published ? *published : *group.find("private");
    for (const JsonValue test : group.find("tests")->elements()) {
      check(test, key, R"({"keys":[)" + to_json(key) + "]}", ours, tally);
    }
  }
  std::cout << "vectors: wycheproof JWS: " << tally.symmetric << " valid HMAC tokens refused\n";
  testing::report_cases("wycheproof JWS", tally.ran, 321);
  if (testing::default_vectors()) {
    EXPECT_GT(tally.symmetric, 0U);
  }
}

TEST(Wycheproof, JsonWebKey) {
  LATCHKEY_SKIP_WITHOUT_VECTORS("wycheproof/json_web_key_test.json");
  const VectorFile file(*testing::vector_path("wycheproof/json_web_key_test.json"));
  Tally tally;
  for (const JsonValue group : file.root().find("testGroups")->elements()) {
    const auto published = group.find("public");
    const JsonValue set = published ? *published : *group.find("private");
    for (const JsonValue test : group.find("tests")->elements())
      check(test, set, to_json(set), {}, tally);
  }
  testing::report_cases("wycheproof JWK", tally.ran, 21);
}

TEST(Wycheproof, JsonWebEncryptionIsRefused) {
  LATCHKEY_SKIP_WITHOUT_VECTORS("wycheproof/json_web_encryption_test.json");
  const VectorFile file(*testing::vector_path("wycheproof/json_web_encryption_test.json"));
  std::size_t ran = 0;
  for (const JsonValue group : file.root().find("testGroups")->elements()) {
    const auto published = group.find("public");
    const JsonValue key = published ? *published : *group.find("private");
    for (const JsonValue test : group.find("tests")->elements()) {
      const Reason reason = verdict(text(test, "jwe"), R"({"keys":[)" + to_json(key) + "]}");
      EXPECT_TRUE(reason == Reason::token_encrypted || reason == Reason::token_malformed ||
                  reason == Reason::token_missing)
          << *test.find("tcId")->as_integer() << ": " << code(reason);
      ++ran;
    }
  }
  testing::report_cases("wycheproof JWE (refused)", ran, 120);
}

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

// The group's key as a JWK; some groups have it only as an uncompressed point.
std::string jwk_of(const JsonValue& group) {
  for (const std::string_view name : {"publicKeyJwk", "keyJwk"}) {
    if (const auto jwk = group.find(name)) return to_json(*jwk);
  }
  const JsonValue key = *group.find("publicKey");
  const std::string point = from_hex(text(key, "uncompressed"));
  const std::size_t size = point.size() / 2;
  return R"({"kty":"EC","crv":"P-)" + std::to_string(*key.find("keySize")->as_integer()) +
         R"(","x":")" + encode_base64url(std::string_view(point).substr(1, size)) + R"(","y":")" +
         encode_base64url(std::string_view(point).substr(1 + size)) + "\"}";
}

struct Primitive {
  std::string_view file;
  Algorithm algorithm;
};

TEST(Wycheproof, RawSignatures) {
  LATCHKEY_SKIP_WITHOUT_VECTORS("wycheproof/primitives");
  const Primitive primitives[] = {
      {"ecdsa_secp256r1_sha256_p1363_test.json", Algorithm::es256},
      {"ecdsa_secp384r1_sha384_p1363_test.json", Algorithm::es384},
      {"ed25519_test.json", Algorithm::eddsa},
      {"rsa_pss_2048_sha256_mgf1_32_test.json", Algorithm::ps256},
      {"rsa_pss_4096_sha512_mgf1_64_test.json", Algorithm::ps512},
      {"rsa_signature_2048_sha256_test.json", Algorithm::rs256},
      {"rsa_signature_4096_sha384_test.json", Algorithm::rs384},
  };
  Scratch scratch;
  std::size_t ran = 0;
  for (const Primitive& primitive : primitives) {
    const auto path = testing::vector_path("wycheproof/primitives/" + std::string(primitive.file));
    if (!path) continue;
    const VectorFile file(*path);
    for (const JsonValue group : file.root().find("testGroups")->elements()) {
      ran += group.find("tests")->size();
      JsonReader reader;
      const auto json = reader.read(jwk_of(group));
      ASSERT_TRUE(json) << primitive.file;
      const auto key = Jwk::parse(*json);
      for (const JsonValue test : group.find("tests")->elements()) {
        const std::string signature = from_hex(text(test, "sig"));
        const bool accepted =
            key && check_signature(
                       primitive.algorithm, *key, from_hex(text(test, "msg")),
                       {reinterpret_cast<const std::uint8_t*>(signature.data()), signature.size()},
                       scratch);
        // "acceptable" is refused.
        EXPECT_EQ(accepted, text(test, "result") == "valid")
            << primitive.file << ' ' << *test.find("tcId")->as_integer() << ' '
            << text(test, "comment") << (key ? "" : ": key dropped: " + key.error());
      }
    }
  }
  testing::report_cases("wycheproof raw signatures", ran, 1'498);
}

}  // namespace
}  // namespace latchkey::jose
