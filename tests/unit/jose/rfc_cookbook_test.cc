// SPDX-License-Identifier: Apache-2.0
//
// The examples of RFC 7520, with those of RFC 7797 and 8037 that lie beside them: what they sign
// with asymmetric keys in the compact form verifies; everything else is refused, each form of it.
#include <algorithm>
#include <filesystem>
#include <iterator>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "core/jose/base64url.h"
#include "tests/support/signing.h"
#include "tests/support/vectors.h"
#include "tests/unit/jose/opaque_verdict.h"
#include "tests/unit/jose/published_jwk.h"

namespace latchkey::jose {
namespace {

using testing::text;
using testing::to_json;
using testing::VectorFile;

const std::string kCookbook = "rfc7520-cookbook/";

Reason verdict(const std::string& token, const std::string& jwk) {
  return opaque_verdict(token, R"({"keys":[)" + jwk + "]}");
}

std::string input_key(const JsonValue& example) {
  const auto input = example.find("input");
  const auto key = input ? input->find("key") : std::nullopt;
  return key ? published_jwk(*key) : R"({"kty":"none"})";
}

// Each form in which an example comes: what is wanted of the compact one, and a refusal of the JSON
// ones. How many there are; a form of a name that nobody knows fails.
std::size_t check_forms(const JsonValue& example, std::optional<Reason> compact,
                        std::string_view what) {
  std::size_t ran = 0;
  const auto output = example.find("output");
  for (const JsonMember form : output.value_or(example).members()) {
    const bool is_compact = form.name == "compact";
    EXPECT_TRUE(is_compact || form.name == "json" || form.name == "json_flat")
        << what << ": no case for " << form.name;
    EXPECT_TRUE(!is_compact || compact) << what << " has a compact form, after all";
    const std::string token =
        is_compact ? std::string(form.value.as_string().value_or("")) : to_json(form.value);
    EXPECT_EQ(code(verdict(token, input_key(example))),
              code(is_compact ? compact.value_or(Reason::allowed) : Reason::token_malformed))
        << what << ' ' << form.name;
    ++ran;
  }
  EXPECT_GT(ran, 0U) << what;
  return ran;
}

constexpr struct {
  std::string_view file;
  std::optional<Reason> want;  // of the compact form, where there is one
} kSignatures[] = {
    {"jws/4_1.rsa_v15_signature.json", Reason::allowed},
    {"jws/4_2.rsa-pss_signature.json", Reason::allowed},
    {"jws/4_3.ecdsa_signature.json", Reason::allowed},
    {"jws/4_4.hmac-sha2_integrity_protection.json", Reason::algorithm_unsupported},
    {"jws/4_5.signature_with_detached_content.json", Reason::algorithm_unsupported},
    {"jws/4_6.protecting_specific_header_fields.json", std::nullopt},
    {"jws/4_7.protecting_content_only.json", std::nullopt},
    {"jws/4_8.multiple_signatures.json", std::nullopt},
    {"curve25519/jws.json", Reason::allowed},
    {"rfc7797/4.2.hmac-sha2_b64_false.json", std::nullopt},
    {"rfc7797/hmac-sha2_b64_false.json", Reason::header_unsupported},
};

TEST(RfcVectors, CookbookSignatures) {
  LATCHKEY_SKIP_WITHOUT_VECTORS("rfc7520-cookbook/jws");
  std::size_t ran = 0;
  std::size_t forms = 0;
  for (const auto& c : kSignatures) {
    const auto path = testing::vector_path(kCookbook + std::string(c.file));
    if (!path) continue;
    forms += check_forms(VectorFile(*path).root(), c.want, c.file);
    ++ran;
  }
  testing::report_cases("RFC 7520 JWS, RFC 8037, RFC 7797", ran, std::size(kSignatures));
  testing::report_cases("RFC 7520 JWS, RFC 8037, RFC 7797, forms", forms, 28);
}

constexpr std::string_view kAgreement = "curve25519/ecdh-es.json";
constexpr std::string_view kNesting = "6.nesting_signatures_and_encryption.json";

// The example's own form is a JWE around a JWS; then the same JWS in a JWS of ours, which says so
// or does not. How many forms there are.
std::size_t check_nesting(const VectorFile& file) {
  const auto sign = file.root().find("sign");
  const auto encrypt = file.root().find("encrypt");
  if (!sign || !sign->find("output") || !encrypt || !encrypt->find("output")) {
    ADD_FAILURE() << kNesting << ": no nested token";
    return 0;
  }
  const std::string inner = text(*sign->find("output"), "compact");
  EXPECT_EQ(verdict(inner, input_key(*sign)), Reason::allowed) << "the inner one by itself";
  const testing::SigningKey& key = testing::signing_key(Algorithm::es256);
  const std::string nested = key.token(R"({"alg":"ES256","cty":"JWT"})", inner);
  EXPECT_EQ(verdict(nested, key.plain_jwk()), Reason::header_unsupported);
  Scratch scratch;
  const auto unsaid = parse_compact(key.token(R"({"alg":"ES256"})", inner), scratch);
  EXPECT_FALSE(unsaid) << "claims that are a token";
  return check_forms(*encrypt, Reason::token_encrypted, kNesting);
}

TEST(RfcVectors, CookbookEncryptionAndNestingAreRefused) {
  LATCHKEY_SKIP_WITHOUT_VECTORS("rfc7520-cookbook/jwe");
  std::size_t ran = 0;
  std::size_t forms = 0;
  const auto refuse = [&](const std::filesystem::path& path) {
    forms += check_forms(VectorFile(path).root(), Reason::token_encrypted, path.string());
    ++ran;
  };
  for (const auto& entry :
       std::filesystem::directory_iterator(*testing::vector_path(kCookbook + "jwe"))) {
    refuse(entry.path());
  }
  if (const auto path = testing::vector_path(kCookbook + std::string(kAgreement))) refuse(*path);
  if (const auto path = testing::vector_path(kCookbook + std::string(kNesting))) {
    forms += check_nesting(VectorFile(*path));
    ++ran;
  }
  testing::report_cases("RFC 7520 JWE and nested (refused)", ran, 15);
  testing::report_cases("RFC 7520 JWE and nested, forms (refused)", forms, 40);
}

constexpr struct {
  std::string_view file;
  bool taken;
} kKeys[] = {
    {"jwk/3_1.ec_public_key.json", true},
    {"jwk/3_2.ec_private_key.json", false},
    {"jwk/3_3.rsa_public_key.json", true},
    {"jwk/3_4.rsa_private_key.json", false},
    {"jwk/3_5.symmetric_key_mac_computation.json", false},
    {"jwk/3_6.symmetric_key_encryption.json", false},
};

TEST(RfcVectors, CookbookKeys) {
  LATCHKEY_SKIP_WITHOUT_VECTORS("rfc7520-cookbook/jwk");
  std::size_t ran = 0;
  for (const auto& c : kKeys) {
    const auto path = testing::vector_path(kCookbook + std::string(c.file));
    if (!path) continue;
    const auto set = JwkSet::parse(R"({"keys":[)" + testing::read_file(*path) + "]}");
    ASSERT_TRUE(set) << c.file;
    EXPECT_EQ(set->size(), c.taken ? 1U : 0U) << c.file;
    ++ran;
  }
  testing::report_cases("RFC 7520 JWK", ran, std::size(kKeys));
}

TEST(RfcVectors, EachFileOfTheCookbookIsInACase) {
  LATCHKEY_SKIP_WITHOUT_VECTORS("rfc7520-cookbook");
  const auto named = [](const std::string& file) {
    const auto is_it = [&](const auto& c) { return c.file == file; };
    return file == kAgreement || file == kNesting || file.starts_with("jwe/") ||
           std::any_of(std::begin(kSignatures), std::end(kSignatures), is_it) ||
           std::any_of(std::begin(kKeys), std::end(kKeys), is_it);
  };
  const auto folder = *testing::vector_path(kCookbook);
  std::size_t found = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    const std::string file = entry.path().lexically_relative(folder).string();
    // Another folder may have more than these tests know.
    EXPECT_TRUE(named(file) || !testing::default_vectors()) << "no case reads " << file;
    ++found;
  }
  testing::report_cases("RFC 7520 cookbook, files", found, 32);
}

}  // namespace
}  // namespace latchkey::jose
