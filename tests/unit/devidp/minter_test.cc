// SPDX-License-Identifier: Apache-2.0
#include "devidp/minter.h"

#include <string>

#include <gtest/gtest.h>

#include "core/jose/compact_jws.h"
#include "core/jose/jwk_set.h"
#include "core/jose/scratch.h"
#include "core/jose/select_key.h"
#include "core/jose/signature.h"
#include "tests/support/temporary_folder.h"

namespace latchkey::devidp {
namespace {

using jose::Algorithm;

constexpr Algorithm kAll[] = {
    Algorithm::rs256, Algorithm::rs384, Algorithm::rs512, Algorithm::ps256, Algorithm::ps384,
    Algorithm::ps512, Algorithm::es256, Algorithm::es384, Algorithm::es512, Algorithm::eddsa};

class Minter : public testing::Test {
 protected:
  MintOrder order(Algorithm algorithm) {
    EXPECT_TRUE(store_.ensure(algorithm));
    MintOrder order;
    order.issuer = "https://127.0.0.1:1";
    order.user = "alice";
    order.groups = {"developers"};
    order.audiences = {"ssh://test"};
    order.algorithm = algorithm;
    return order;
  }

  std::string token(const MintOrder& order) const {
    const auto token = mint(order, store_, std::chrono::system_clock::now());
    EXPECT_TRUE(token) << token.error();
    return token.value_or("");
  }

  // What a verifier with the served key set says of it; `allowed` where it is content.
  Reason verdict(const std::string& token) const {
    const auto keys = jose::JwkSet::parse(*read_file(folder_ / "jwks.json"));
    if (!keys || !keys->dropped().empty()) return Reason::internal_error;
    jose::Scratch scratch;
    const auto jws = jose::parse_compact(token, scratch);
    if (!jws) return jws.error().reason;
    const auto key = jose::select_key(*jws, *keys);
    if (!key) return key.error().reason;
    const auto verified = jose::verify_signature(*jws, **key, scratch);
    return verified ? Reason::allowed : verified.error().reason;
  }

  const test::TemporaryFolder folder_;
  KeyStore store_ = *KeyStore::open(folder_.path());
};

TEST_F(Minter, makes_tokens_of_every_algorithm_that_verify) {
  for (const Algorithm algorithm : kAll) {
    EXPECT_EQ(verdict(token(order(algorithm))), Reason::allowed) << jose::algorithm_name(algorithm);
  }
}

TEST_F(Minter, makes_tokens_of_exactly_the_size_that_is_asked_for) {
  for (const Algorithm algorithm : {Algorithm::es256, Algorithm::rs256, Algorithm::es512}) {
    for (std::size_t size = 1'020; size < 1'030; ++size) {
      auto padded = order(algorithm);
      padded.size = size;
      const std::string made = token(padded);
      EXPECT_EQ(made.size(), size);
      EXPECT_EQ(verdict(made), Reason::allowed);
    }
  }
  auto small = order(Algorithm::es256);
  small.size = 100;
  EXPECT_FALSE(mint(small, store_, std::chrono::system_clock::now()));
}

struct FaultCase {
  const char* name;
  Fault fault;
  Reason want;
};

TEST_F(Minter, makes_bad_tokens_that_do_not_verify) {
  const FaultCase cases[] = {
      {"a turned bit", Fault::bad_signature, Reason::signature_invalid},
      {"an unknown key", Fault::foreign_key, Reason::signature_invalid},
      {"none", Fault::alg_none, Reason::algorithm_unsupported},
      {"HMAC with the public key", Fault::hs256_with_public_key, Reason::algorithm_unsupported},
  };
  for (const FaultCase& item : cases) {
    auto bad = order(Algorithm::es256);
    bad.fault = item.fault;
    EXPECT_EQ(verdict(token(bad)), item.want) << item.name;
  }
}

TEST_F(Minter, a_rotation_keeps_or_withdraws_the_old_keys) {
  const std::string first = token(order(Algorithm::es256));
  ASSERT_TRUE(store_.rotate(KeyStore::Old::serve));
  EXPECT_EQ(verdict(first), Reason::allowed);
  const std::string second = token(order(Algorithm::es256));
  ASSERT_TRUE(store_.rotate(KeyStore::Old::withdraw));
  EXPECT_EQ(verdict(second), Reason::key_unknown);
  EXPECT_EQ(verdict(token(order(Algorithm::es256))), Reason::allowed);

  auto old = order(Algorithm::es256);
  old.key = "es256-1";
  EXPECT_EQ(verdict(token(old)), Reason::key_unknown) << "still made, no longer served";
}

TEST_F(Minter, a_withdrawn_key_is_served_no_more_and_another_comes_on_demand) {
  const std::string made = token(order(Algorithm::es256));
  ASSERT_TRUE(store_.withdraw("es256-1"));
  EXPECT_FALSE(store_.withdraw("es256-9"));
  EXPECT_EQ(verdict(made), Reason::key_unknown);
  EXPECT_EQ(verdict(token(order(Algorithm::es256))), Reason::allowed);
}

TEST_F(Minter, what_is_stored_is_found_again) {
  const std::string made = token(order(Algorithm::eddsa));
  ASSERT_TRUE(store_.rotate(KeyStore::Old::serve));
  const auto again = KeyStore::open(folder_.path());
  ASSERT_TRUE(again);
  ASSERT_EQ(again->keys().size(), 2U);
  EXPECT_EQ(again->current(Algorithm::eddsa)->kid, "eddsa-2");
  EXPECT_TRUE(again->find("eddsa-1")->served);
}

}  // namespace
}  // namespace latchkey::devidp
