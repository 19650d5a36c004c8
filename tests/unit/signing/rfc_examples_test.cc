// SPDX-License-Identifier: Apache-2.0
//
// The examples of RFC 7515, 7638 and 8037, from the other side than the verifier's tests: what the
// RFC's keys sign here is the RFC's own token, where the algorithm always gives the same.
#include <string>

#include <gtest/gtest.h>

#include "core/jose/base64url.h"
#include "core/jose/signing/compact_signature.h"
#include "tests/support/vectors.h"

namespace latchkey::jose {
namespace {

using testing::VectorFile;

constexpr std::string_view kAppendix = "rfc-appendix/rfc7515-7517-7638.json";

// A value of the appendix file is the text of a file: JSON or a token.
std::string appendix(const VectorFile& file, std::string_view name) {
  const auto member = file.root().find(name);
  if (!member) return {};
  std::string value =
      member->is_string() ? std::string(*member->as_string()) : testing::to_json(*member);
  while (!value.empty() && value.back() == '\n') value.pop_back();
  return value;
}

class RfcExamples : public ::testing::Test {
 protected:
  void SetUp() override { LATCHKEY_SKIP_WITHOUT_VECTORS(kAppendix); }

  // Header and payload of the example signed by its key.
  static std::string sign_again(const VectorFile& file, const std::string& example,
                                SigningAlgorithm algorithm) {
    const auto key = KeyMaterial::parse(appendix(file, example + ".jwk"));
    if (!key) return key.error();
    const std::string token = appendix(file, example + ".jwsc");
    const auto first = token.find('.');
    const auto second = token.rfind('.');
    const auto made = sign_compact(*key, algorithm, *decode_base64url(token.substr(0, first)),
                                   *decode_base64url(token.substr(first + 1, second - first - 1)));
    return made ? std::string(made->view()) : made.error();
  }
};

TEST_F(RfcExamples, sign_to_the_letter_with_hmac_and_rsa) {
  const VectorFile file(*testing::vector_path(kAppendix));
  EXPECT_EQ(sign_again(file, "rfc7515_A.1", SigningAlgorithm::hs256),
            appendix(file, "rfc7515_A.1.jwsc"));
  EXPECT_EQ(sign_again(file, "rfc7515_A.2", SigningAlgorithm::rs256),
            appendix(file, "rfc7515_A.2.jwsc"));
}

TEST_F(RfcExamples, have_the_thumbprint_of_rfc_7638_section_3_1) {
  const VectorFile file(*testing::vector_path(kAppendix));
  const auto key = KeyMaterial::parse(appendix(file, "rfc7638_3.1.jwk"));
  ASSERT_TRUE(key) << key.error();
  EXPECT_FALSE(key->has_private());
  EXPECT_EQ(key->thumbprint().value(), appendix(file, "rfc7638_3.1.thp"));
}

TEST_F(RfcExamples, have_private_keys_that_come_out_as_they_went_in) {
  const VectorFile file(*testing::vector_path(kAppendix));
  for (const char* example : {"rfc7515_A.1", "rfc7515_A.2", "rfc7515_A.3", "rfc7515_A.4"}) {
    const std::string written = appendix(file, std::string(example) + ".jwk");
    const auto key = KeyMaterial::parse(written);
    ASSERT_TRUE(key) << example << ": " << key.error();
    const auto again = key->private_jwk(key->labels());
    ASSERT_TRUE(again) << example;
    JsonReader a;
    JsonReader b;
    const auto was = a.read(written);
    const auto is = b.read(again->view());
    ASSERT_TRUE(was && is);
    ASSERT_EQ(was->size(), is->size()) << example;
    for (const JsonMember member : was->members()) {
      ASSERT_TRUE(is->find(member.name)) << example << " " << member.name;
      EXPECT_EQ(is->find(member.name)->as_string(), member.value.as_string())
          << example << " " << member.name;
    }
  }
}

// RFC 8037 appendix A.1 to A.4.
TEST(Rfc8037Example, signs_to_the_letter_and_has_its_thumbprint) {
  const auto key = KeyMaterial::parse(
      R"({"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",)"
      R"("x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})");
  ASSERT_TRUE(key) << key.error();
  EXPECT_EQ(key->thumbprint().value(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
  const auto token = sign_compact(*key, SigningAlgorithm::eddsa, R"({"alg":"EdDSA"})",
                                  "Example of Ed25519 signing");
  ASSERT_TRUE(token) << token.error();
  EXPECT_EQ(token->view(),
            "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_"
            "MuM0KAg");
}

}  // namespace
}  // namespace latchkey::jose
