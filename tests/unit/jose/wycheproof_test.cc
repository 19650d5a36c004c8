// SPDX-License-Identifier: Apache-2.0
//
// Wycheproof's JOSE files and raw signatures (C2SP/wycheproof). Every label must be met, except
// where overrides.json says why a strict verifier differs. An HMAC is judged by the key alone, as
// the one that an issuer's own file would hold; under a key set it is refused whatever its label,
// for no key of a set is symmetric.
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/jose/base64url.h"
#include "core/jose/symmetric_key.h"
#include "tests/support/vectors.h"
#include "tests/unit/jose/opaque_verdict.h"

namespace latchkey::jose {
namespace {

using testing::text;
using testing::to_json;
using testing::VectorFile;

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

// What becomes of a token with an HMAC at an issuer whose file is that text.
Reason mac_verdict(const std::string& token, const std::string& file,
                   SymmetricAlgorithm algorithm) {
  static Scratch scratch;
  const auto key = SymmetricKey::parse(file, algorithm);
  if (!key) return Reason::keys_missing;
  const auto mac = parse_compact_mac(token, scratch, Payload::opaque);
  if (!mac) return mac.error().reason;
  const auto fits = key->fits(mac->algorithm(), mac->kid());
  if (!fits) return fits.error().reason;
  const auto verified = verify_mac(*mac, *key, scratch);
  return verified ? Reason::allowed : verified.error().reason;
}

// Under whichever algorithm the configuration would name beside the key.
bool mac_accepted(const std::string& token, const std::string& file) {
  bool accepted = false;
  for (const auto algorithm :
       {SymmetricAlgorithm::hs256, SymmetricAlgorithm::hs384, SymmetricAlgorithm::hs512}) {
    accepted = mac_verdict(token, file, algorithm) == Reason::allowed || accepted;
  }
  return accepted;
}

// The symmetric keys of a JWK or of a set, each as the text of a file.
std::vector<std::string> symmetric_keys(const JsonValue& key) {
  std::vector<std::string> files;
  if (text(key, "kty") == "oct") files.push_back(to_json(key));
  if (const auto keys = key.find("keys")) {
    for (const JsonValue member : keys->elements()) {
      if (text(member, "kty") == "oct") files.push_back(to_json(member));
    }
  }
  return files;
}

using Labels = std::map<std::int64_t, std::string>;

// Whether a case is about a set as such: the key in it is good for the token, and what the label
// refuses is its company, of another type or of the same `kid`. Such company cannot be: an issuer's
// file is one JWK, and a set is none.
bool is_about_the_set(const JsonValue& key) {
  const auto keys = key.find("keys");
  if (!keys) return false;
  std::set<std::string> types;
  std::set<std::string> ids;
  std::size_t count = 0;
  for (const JsonValue member : keys->elements()) {
    types.insert(text(member, "kty"));
    ids.insert(text(member, "kid"));
    ++count;
  }
  return types.size() > 1 || ids.size() < count;
}

struct Tally {
  std::size_t ran = 0;
  std::size_t macs = 0;  // of these, with a symmetric key
};

// A case whose key is symmetric.
void check_mac(const std::string& what, const std::string& token, const JsonValue& key,
               bool want_valid, bool about_the_set) {
  bool by_a_key = false;
  for (const std::string& file : symmetric_keys(key))
    by_a_key = mac_accepted(token, file) || by_a_key;
  if (!about_the_set) {
    EXPECT_EQ(by_a_key, want_valid) << what << ": by the issuer's own key";
    return;
  }
  EXPECT_TRUE(by_a_key) << what << ": it is not the set alone that refuses this token";
  EXPECT_EQ(mac_accepted(token, to_json(key)), want_valid) << what << ": by the set as a file";
}

// One case: the label of the file, or that of the overrides.
void check(const JsonValue& test, const JsonValue& key, const std::string& set, const Labels& ours,
           Tally& tally) {
  const std::int64_t id = *test.find("tcId")->as_integer();
  const auto override = ours.find(id);
  const std::string want = override == ours.end() ? text(test, "result") : override->second;
  ASSERT_TRUE(want == "valid" || want == "invalid") << id << ' ' << want;
  const std::string what = std::to_string(id) + ' ' + text(test, "comment");
  const Reason reason = opaque_verdict(text(test, "jws"), set);
  ++tally.ran;
  if (symmetric_keys(key).empty()) {
    EXPECT_EQ(reason == Reason::allowed, want == "valid") << what << ": " << code(reason);
    return;
  }
  ++tally.macs;
  EXPECT_NE(reason, Reason::allowed) << what << ": by a key set";
  check_mac(what, text(test, "jws"), key, want == "valid", is_about_the_set(key));
}

// Another folder's file may be without any.
void report_macs(const std::string& set, const Tally& tally, std::size_t least) {
  if (tally.macs > 0 || testing::default_vectors())
    testing::report_cases(set + ", of these HMAC", tally.macs, least);
}

TEST(Wycheproof, JsonWebSignature) {
  LATCHKEY_SKIP_WITHOUT_VECTORS("wycheproof/json_web_signature_test.json");
  const VectorFile file(*testing::vector_path("wycheproof/json_web_signature_test.json"));
  const Labels ours = overrides();
  Tally tally;
  for (const JsonValue group : file.root().find("testGroups")->elements()) {
    const auto published = group.find("public");
    const JsonValue key = published ? *published : *group.find("private");
    for (const JsonValue test : group.find("tests")->elements())
      check(test, key, R"({"keys":[)" + to_json(key) + "]}", ours, tally);
  }
  testing::report_cases("wycheproof JWS", tally.ran, 321);
  report_macs("wycheproof JWS", tally, 34);
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
  report_macs("wycheproof JWK", tally, 13);
}

TEST(Wycheproof, JsonWebEncryptionIsRefused) {
  LATCHKEY_SKIP_WITHOUT_VECTORS("wycheproof/json_web_encryption_test.json");
  const VectorFile file(*testing::vector_path("wycheproof/json_web_encryption_test.json"));
  std::size_t ran = 0;
  for (const JsonValue group : file.root().find("testGroups")->elements()) {
    const auto published = group.find("public");
    const JsonValue key = published ? *published : *group.find("private");
    for (const JsonValue test : group.find("tests")->elements()) {
      const Reason reason = opaque_verdict(text(test, "jwe"), R"({"keys":[)" + to_json(key) + "]}");
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
