// SPDX-License-Identifier: Apache-2.0
#include "core/jose/algorithm.h"

#include <gtest/gtest.h>

namespace latchkey::jose {
namespace {

TEST(Algorithm, EachIsFoundByItsRegisteredName) {
  for (std::size_t i = 0; i < kAlgorithms; ++i) {
    const auto algorithm = static_cast<Algorithm>(i);
    EXPECT_EQ(find_algorithm(algorithm_name(algorithm)), algorithm);
  }
}

// RFC 8725 section 3.1: an allow list, compared byte for byte (RFC 7515 section 4.1.1).
TEST(Algorithm, NothingElseIsFound) {
  for (const std::string_view name :
       {"",      "none",    "None",   "NONE",   "nOnE",     "HS256",  "HS384",
        "HS512", "rs256",   "RS256 ", " RS256", "RS1",      "RS2560", "ES256K",
        "ES521", "Ed25519", "Ed448",  "dir",    "RSA-OAEP", "A128KW", "PBES2-HS256+A128KW"}) {
    EXPECT_FALSE(find_algorithm(name)) << name;
  }
  EXPECT_FALSE(find_algorithm(std::string_view("RS256\0", 6)));
}

TEST(Algorithm, CostsFollowTheFloors) {
  EXPECT_GT(verification_cost(Algorithm::es384), 5 * verification_cost(Algorithm::es256));
  for (std::size_t i = 0; i < kAlgorithms; ++i) {
    EXPECT_GT(verification_cost(static_cast<Algorithm>(i)).count(), 0);
  }
}

TEST(AlgorithmSet, HoldsWhatWasPutIn) {
  AlgorithmSet set;
  EXPECT_TRUE(set.empty());
  set.insert(Algorithm::eddsa);
  set.insert(Algorithm::rs256);
  set.insert(Algorithm::rs256);
  EXPECT_EQ(set.size(), 2U);
  EXPECT_TRUE(set.contains(Algorithm::eddsa));
  EXPECT_TRUE(set.contains(Algorithm::rs256));
  EXPECT_FALSE(set.contains(Algorithm::rs384));
}

}  // namespace
}  // namespace latchkey::jose
