// SPDX-License-Identifier: Apache-2.0
//
// The examples of RFC 7515, 7517, 7520, 7638, 7797 and 8037: what they sign with asymmetric keys in
// the compact form verifies; everything else is refused.
#include <iterator>
#include <string>

#include <gtest/gtest.h>

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

// The public half: what an issuer would have published.
std::string public_jwk(const JsonValue& jwk) {
  std::string json = "{";
  for (const JsonMember member : jwk.members()) {
    const std::string_view name = member.name;
    if (name == "d" || name == "p" || name == "q" || name == "dp" || name == "dq" || name == "qi")
      continue;
    json += (json.size() > 1 ? ",\"" : "\"") + std::string(name) + "\":" + to_json(member.value);
  }
  return json + "}";
}

Reason verdict(const std::string& token, const std::string& jwk) {
  static Scratch scratch;
  const auto set = JwkSet::parse(R"({"keys":[)" + jwk + "]}");
  if (!set) return set.error().reason;
  const auto jws = parse_compact(token, scratch, Payload::opaque);
  if (!jws) return jws.error().reason;
  const auto key = select_key(*jws, *set);
  if (!key) return key.error().reason;
  const auto verified = verify_signature(*jws, **key, scratch);
  return verified ? Reason::allowed : verified.error().reason;
}

constexpr std::string_view kAppendix = "rfc-appendix/rfc7515-7517-7638.json";

// A value of the appendix file is the text of a file: JSON or a token.
std::string appendix(const VectorFile& file, std::string_view name) {
  const auto member = file.root().find(name);
  if (!member) return {};
  std::string value = member->is_string() ? std::string(*member->as_string()) : to_json(*member);
  while (!value.empty() && value.back() == '\n') value.pop_back();
  return value;
}

std::string appendix_key(const VectorFile& file, std::string_view name) {
  JsonReader reader;
  const auto jwk = reader.read(appendix(file, name));
  return jwk ? public_jwk(*jwk) : std::string();
}

TEST(RfcVectors, SignaturesOfRfc7515) {
  LATCHKEY_SKIP_WITHOUT_VECTORS(kAppendix);
  const VectorFile file(*testing::vector_path(kAppendix));
  const struct {
    std::string_view token;
    std::string_view key;
    Reason want;
    std::string_view what;
  } cases[] = {
      {"rfc7515_A.1.jwsc", "rfc7515_A.1.jwk", Reason::algorithm_unsupported, "HS256"},
      {"rfc7515_A.2.jwsc", "rfc7515_A.2.jwk", Reason::allowed, "RS256"},
      {"rfc7515_A.3.jwsc", "rfc7515_A.3.jwk", Reason::allowed, "ES256"},
      {"rfc7515_A.4.jwsc", "rfc7515_A.4.jwk", Reason::allowed, "ES512"},
      {"rfc7515_A.5.jwsc", "rfc7515_A.2.jwk", Reason::algorithm_unsupported, "unsecured"},
      {"rfc7515_A.6.jwsg", "rfc7515_A.2.jwk", Reason::token_malformed, "general serialisation"},
      {"rfc7515_A.7.jwsf", "rfc7515_A.3.jwk", Reason::token_malformed, "flattened serialisation"},
  };
  std::size_t ran = 0;
  for (const auto& c : cases) {
    if (!file.root().find(c.token) || !file.root().find(c.key)) continue;
    EXPECT_EQ(code(verdict(appendix(file, c.token), appendix_key(file, c.key))), code(c.want))
        << c.token << ' ' << c.what;
    ++ran;
  }
  testing::report_cases("RFC 7515 appendix A, tokens", ran, std::size(cases));
}

// RFC 7517 appendices A and B, RFC 7638 section 3.1: how many keys of each are taken and dropped.
TEST(RfcVectors, KeysOfRfc7517And7638) {
  LATCHKEY_SKIP_WITHOUT_VECTORS(kAppendix);
  const VectorFile file(*testing::vector_path(kAppendix));
  const struct {
    std::string_view set;
    std::size_t taken;
    std::size_t dropped;
    std::string_view what;
  } cases[] = {
      {"rfc7517_A.1.jwkset", 1, 1, "an EC key for encryption and an RSA key"},
      {"rfc7517_A.2.jwkset", 0, 2, "private keys"},
      {"rfc7517_A.3.jwkset", 0, 2, "symmetric keys"},
  };
  for (const auto& c : cases) {
    if (!file.root().find(c.set)) continue;
    const auto set = JwkSet::parse(appendix(file, c.set));
    ASSERT_TRUE(set) << c.set;
    EXPECT_EQ(set->size(), c.taken) << c.set << ' ' << c.what;
    EXPECT_EQ(set->dropped().size(), c.dropped) << c.set << ' ' << c.what;
  }
  JsonReader reader;
  if (file.root().find("rfc7517_B.jwk")) {
    const auto certified = Jwk::parse(*reader.read(appendix(file, "rfc7517_B.jwk")));
    EXPECT_TRUE(certified) << "x5c is ignored: " << (certified ? "" : certified.error());
  }
  if (file.root().find("rfc7638_3.1.jwk")) {
    const auto example = Jwk::parse(*reader.read(appendix(file, "rfc7638_3.1.jwk")));
    ASSERT_TRUE(example);
    EXPECT_EQ(example->thumbprint(), appendix(file, "rfc7638_3.1.thp"));
  }
  testing::report_cases("RFC 7515, 7517, 7638 appendices, values", file.root().size(), 21);
}

std::string compact_form(const VectorFile& file) {
  const auto output = file.root().find("output");
  return output ? text(*output, "compact") : std::string();
}

std::string input_key(const VectorFile& file) {
  const auto key = file.root().find("input")->find("key");
  return key ? public_jwk(*key) : R"({"kty":"none"})";
}

TEST(RfcVectors, CookbookSignatures) {
  LATCHKEY_SKIP_WITHOUT_VECTORS("rfc7520-cookbook/jws");
  const struct {
    std::string_view file;
    Reason want;
  } cases[] = {
      {"jws/4_1.rsa_v15_signature.json", Reason::allowed},
      {"jws/4_2.rsa-pss_signature.json", Reason::allowed},
      {"jws/4_3.ecdsa_signature.json", Reason::allowed},
      {"jws/4_4.hmac-sha2_integrity_protection.json", Reason::algorithm_unsupported},
      {"jws/4_5.signature_with_detached_content.json", Reason::algorithm_unsupported},
      {"jws/4_6.protecting_specific_header_fields.json", Reason::token_missing},
      {"jws/4_7.protecting_content_only.json", Reason::token_missing},
      {"jws/4_8.multiple_signatures.json", Reason::token_missing},
      {"curve25519/jws.json", Reason::allowed},
      {"rfc7797/4.2.hmac-sha2_b64_false.json", Reason::token_missing},
      {"rfc7797/hmac-sha2_b64_false.json", Reason::header_unsupported},
  };
  std::size_t ran = 0;
  for (const auto& c : cases) {
    const auto path = testing::vector_path("rfc7520-cookbook/" + std::string(c.file));
    if (!path) continue;
    const VectorFile file(*path);
    const Reason reason = verdict(compact_form(file), input_key(file));
    EXPECT_EQ(code(reason), code(c.want)) << c.file;
    ++ran;
    // The other serialisations of the same example.
    for (const std::string_view form : {"json", "json_flat"}) {
      const auto json = file.root().find("output")->find(form);
      if (!json) continue;
      const Reason refused = verdict(to_json(*json), input_key(file));
      EXPECT_EQ(refused, Reason::token_malformed) << c.file << ' ' << form << ": " << code(refused);
    }
  }
  testing::report_cases("RFC 7520 JWS, RFC 8037, RFC 7797", ran, 11);
}

TEST(RfcVectors, CookbookEncryptionAndNestingAreRefused) {
  LATCHKEY_SKIP_WITHOUT_VECTORS("rfc7520-cookbook/jwe");
  std::size_t ran = 0;
  const auto refuse = [&](const std::filesystem::path& path) {
    const VectorFile file(path);
    const std::string token = compact_form(file);
    const Reason reason = verdict(token, input_key(file));
    EXPECT_EQ(code(reason), code(token.empty() ? Reason::token_missing : Reason::token_encrypted))
        << path;
    ++ran;
  };
  for (const auto& entry :
       std::filesystem::directory_iterator(*testing::vector_path("rfc7520-cookbook/jwe"))) {
    refuse(entry.path());
  }
  if (const auto path = testing::vector_path("rfc7520-cookbook/curve25519/ecdh-es.json"))
    refuse(*path);
  if (const auto path =
          testing::vector_path("rfc7520-cookbook/6.nesting_signatures_and_encryption.json")) {
    const VectorFile file(*path);
    const std::string whole = to_json(file.root());
    EXPECT_NE(whole.find("\"cty\":\"JWT\""), std::string::npos);
    ++ran;
  }
  testing::report_cases("RFC 7520 JWE and nested (refused)", ran, 15);
}

TEST(RfcVectors, CookbookKeys) {
  LATCHKEY_SKIP_WITHOUT_VECTORS("rfc7520-cookbook/jwk");
  const struct {
    std::string_view file;
    bool taken;
  } cases[] = {
      {"3_1.ec_public_key.json", true},
      {"3_2.ec_private_key.json", false},
      {"3_3.rsa_public_key.json", true},
      {"3_4.rsa_private_key.json", false},
      {"3_5.symmetric_key_mac_computation.json", false},
      {"3_6.symmetric_key_encryption.json", false},
  };
  std::size_t ran = 0;
  for (const auto& c : cases) {
    const auto path = testing::vector_path("rfc7520-cookbook/jwk/" + std::string(c.file));
    if (!path) continue;
    const auto set = JwkSet::parse(R"({"keys":[)" + testing::read_file(*path) + "]}");
    ASSERT_TRUE(set) << c.file;
    EXPECT_EQ(set->size(), c.taken ? 1U : 0U) << c.file;
    ++ran;
  }
  testing::report_cases("RFC 7520 JWK", ran, 6);
}

}  // namespace
}  // namespace latchkey::jose
