// SPDX-License-Identifier: Apache-2.0
//
// Wycheproof's JOSE files and raw signatures (C2SP/wycheproof). Every label must be met, except
// where overrides.json says why a strict verifier differs. HMAC cases that are labelled valid are
// refused: no key of a set is symmetric.
#include <filesystem>
#include <iostream>
#include <map>
#include <optional>
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

// The algorithm that a group of raw signatures is of; nothing where JOSE has none like it.
std::optional<Algorithm> algorithm_of(const JsonValue& group) {
  const std::string type = text(group, "type");
  const std::string hash = text(group, "sha");
  const std::string bits = hash.size() == 7 && hash.starts_with("SHA-") ? hash.substr(4) : "";
  const auto key = group.find("publicKey");
  const std::string curve = key ? text(*key, "curve") : "";
  if (type == "EcdsaP1363Verify") {
    const std::string size = curve == "secp256r1"   ? "256"
                             : curve == "secp384r1" ? "384"
                             : curve == "secp521r1" ? "512"
                                                    : "";
    return size == bits ? find_algorithm("ES" + size) : std::nullopt;
  }
  if (type == "EddsaVerify" && curve == "edwards25519") return Algorithm::eddsa;
  if (type == "RsassaPkcs1Verify") return find_algorithm("RS" + bits);
  if (type == "RsassaPssVerify" && text(group, "mgfSha") == hash) {
    const auto salt = group.find("sLen")->as_integer().value_or(0);
    return std::to_string(salt * 8) == bits ? find_algorithm("PS" + bits) : std::nullopt;
  }
  return std::nullopt;
}

TEST(Wycheproof, RawSignatures) {
  LATCHKEY_SKIP_WITHOUT_VECTORS("wycheproof/primitives");
  Scratch scratch;
  std::size_t ran = 0;
  const auto folder = *testing::vector_path("wycheproof/primitives");
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    const std::string name = entry.path().filename();
    const VectorFile file(entry.path());
    for (const JsonValue group : file.root().find("testGroups")->elements()) {
      const auto algorithm = algorithm_of(group);
      ASSERT_TRUE(algorithm) << name << ": signatures of a kind that JOSE does not have";
      JsonReader reader;
      const auto json = reader.read(jwk_of(group));
      ASSERT_TRUE(json) << name;
      const auto key = Jwk::parse(*json);
      for (const JsonValue test : group.find("tests")->elements()) {
        const std::string signature = from_hex(text(test, "sig"));
        const bool accepted =
            key && check_signature(
                       *algorithm, *key, from_hex(text(test, "msg")),
                       {reinterpret_cast<const std::uint8_t*>(signature.data()), signature.size()},
                       scratch);
        // "acceptable" is refused.
        EXPECT_EQ(accepted, text(test, "result") == "valid")
            << name << ' ' << *test.find("tcId")->as_integer() << ' ' << text(test, "comment")
            << (key ? "" : ": key dropped: " + key.error());
        ++ran;
      }
    }
  }
  testing::report_cases("wycheproof raw signatures", ran, 1'498);
}

}  // namespace
}  // namespace latchkey::jose
