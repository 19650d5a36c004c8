// SPDX-License-Identifier: Apache-2.0
//
// What signs here verifies by the verifier, and a key signs by nothing but what it is for.
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "core/jose/jwk_set.h"
#include "core/jose/select_key.h"
#include "core/jose/signature.h"
#include "core/jose/signing/compact_signature.h"

namespace latchkey::jose {
namespace {

const KeyMaterial& key_for(SigningAlgorithm algorithm) {
  static std::map<std::string, KeyMaterial> made;
  const std::string_view name = algorithm_name(algorithm);
  KeyOrder order{.kind = KeyKind::rsa, .bits = 2'048};
  if (name.starts_with("ES"))
    order = {.kind = KeyKind::ec,
             .curve = name == "ES256"   ? "P-256"
                      : name == "ES384" ? "P-384"
                                        : "P-521"};
  if (name.starts_with("Ed")) order = {.kind = KeyKind::okp};
  if (name.starts_with("HS")) order = {.kind = KeyKind::oct};
  std::string slot(key_kind_name(order.kind));
  if (order.kind == KeyKind::ec) slot += order.curve;
  const auto found = made.find(slot);
  if (found != made.end()) return found->second;
  return made.emplace(slot, KeyMaterial::generate(order).value()).first->second;
}

Reason verdict(std::string_view token, const KeyMaterial& key) {
  const auto jwk = key.public_jwk({});
  if (!jwk) return Reason::internal_error;
  const auto set = JwkSet::parse(R"({"keys":[)" + *jwk + "]}");
  Scratch scratch;
  const auto jws = parse_compact(token, scratch, Payload::opaque);
  if (!jws) return jws.error().reason;
  const auto chosen = select_key(*jws, *set);
  if (!chosen) return chosen.error().reason;
  const auto verified = verify_signature(*jws, **chosen, scratch);
  return verified ? Reason::allowed : verified.error().reason;
}

std::string header(SigningAlgorithm algorithm) {
  return R"({"alg":")" + std::string(algorithm_name(algorithm)) + "\"}";
}

TEST(Sign, makes_signatures_that_the_verifier_takes_in_each_of_its_algorithms) {
  for (std::size_t i = 0; i < kAlgorithms; ++i) {
    const auto algorithm = static_cast<SigningAlgorithm>(i);
    const KeyMaterial& key = key_for(algorithm);
    const auto token = sign_compact(key, algorithm, header(algorithm), R"({"sub":"a"})");
    ASSERT_TRUE(token) << token.error();
    EXPECT_EQ(verdict(token->view(), key), Reason::allowed) << algorithm_name(algorithm);
  }
}

TEST(Sign, makes_ecdsa_signatures_of_one_size_though_their_numbers_have_leading_zeros) {
  const KeyMaterial& key = key_for(SigningAlgorithm::es512);
  for (int i = 0; i < 64; ++i) {
    EXPECT_EQ(key.sign(SigningAlgorithm::es512, std::to_string(i)).value().size(), 132U);
  }
}

TEST(Sign, refuses_an_algorithm_that_the_key_is_none_for) {
  for (std::size_t i = 0; i < kSigningAlgorithms; ++i) {
    const KeyMaterial& key = key_for(static_cast<SigningAlgorithm>(i));
    const auto allowed = key.algorithms();
    for (std::size_t j = 0; j < kSigningAlgorithms; ++j) {
      const auto algorithm = static_cast<SigningAlgorithm>(j);
      const bool fits = std::find(allowed.begin(), allowed.end(), algorithm) != allowed.end();
      EXPECT_EQ(key.sign(algorithm, "x").has_value(), fits)
          << key_kind_name(key.kind()) << " " << key.curve() << " by " << algorithm_name(algorithm);
    }
  }
}

TEST(Sign, gives_a_key_the_algorithms_of_its_type_and_no_others) {
  EXPECT_EQ(key_for(SigningAlgorithm::rs256).algorithms().size(), 6U);
  EXPECT_EQ(key_for(SigningAlgorithm::es256).algorithms().size(), 1U);
  EXPECT_EQ(key_for(SigningAlgorithm::es384).algorithms().front(), SigningAlgorithm::es384);
  EXPECT_EQ(key_for(SigningAlgorithm::eddsa).algorithms().size(), 1U);
  EXPECT_EQ(key_for(SigningAlgorithm::hs256).algorithms().size(), 3U);
}

// RFC 7518 section 3.2, at the bound.
TEST(Sign, refuses_a_symmetric_key_that_is_shorter_than_the_hash) {
  struct Case {
    std::size_t bytes;
    SigningAlgorithm algorithm;
    bool signs;
  };
  for (const Case& one : std::initializer_list<Case>{{31, SigningAlgorithm::hs256, false},
                                                     {32, SigningAlgorithm::hs256, true},
                                                     {33, SigningAlgorithm::hs256, true},
                                                     {47, SigningAlgorithm::hs384, false},
                                                     {48, SigningAlgorithm::hs384, true},
                                                     {63, SigningAlgorithm::hs512, false},
                                                     {64, SigningAlgorithm::hs512, true}}) {
    const auto key = KeyMaterial::symmetric(std::string(one.bytes, 'k'));
    EXPECT_EQ(key->sign(one.algorithm, "x").has_value(), one.signs) << one.bytes;
  }
}

TEST(Sign, refuses_a_key_that_is_not_meant_for_it) {
  const std::string jwk(key_for(SigningAlgorithm::eddsa).private_jwk({})->view());
  const auto with = [&](const std::string& extra) {
    const auto key = KeyMaterial::parse(jwk.substr(0, jwk.size() - 1) + extra + "}");
    if (!key) return "no key: " + key.error();
    const auto signature = key->sign(SigningAlgorithm::eddsa, "x");
    return signature ? std::string("signs") : signature.error();
  };
  EXPECT_EQ(with(""), "signs");
  EXPECT_EQ(with(R"(,"use":"sig","key_ops":["verify","sign"],"alg":"EdDSA")"), "signs");
  EXPECT_EQ(with(R"(,"use":"enc")"), "the key's 'use' is not 'sig'");
  EXPECT_EQ(with(R"(,"key_ops":["verify"])"), "the key's 'key_ops' do not hold 'sign'");
  EXPECT_EQ(with(R"(,"alg":"ES256")"),
            "the key is none for EdDSA: it is OKP Ed25519 and names another 'alg'");
}

TEST(Sign, refuses_a_key_without_its_private_half) {
  const auto key = KeyMaterial::parse(key_for(SigningAlgorithm::es256).public_jwk({}).value());
  ASSERT_TRUE(key) << key.error();
  EXPECT_EQ(key->sign(SigningAlgorithm::es256, "x").error(),
            "the key has no private half, so it cannot sign");
}

}  // namespace
}  // namespace latchkey::jose
