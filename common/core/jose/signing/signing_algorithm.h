// SPDX-License-Identifier: Apache-2.0
//
// The algorithms that a tool may sign with: both of the verifier's lists (algorithm.h) in one,
// which the verifier itself keeps apart on purpose. Names and order are those lists' own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/jose/algorithm.h"

namespace latchkey::jose {

enum class SigningAlgorithm : std::uint8_t {
  rs256,
  rs384,
  rs512,
  ps256,
  ps384,
  ps512,
  es256,
  es384,
  es512,
  eddsa,
  hs256,  // RFC 7518 section 3.2
  hs384,
  hs512,
};
inline constexpr std::size_t kSigningAlgorithms = 13;

constexpr SigningAlgorithm signing(Algorithm algorithm) {
  return static_cast<SigningAlgorithm>(algorithm);
}
constexpr SigningAlgorithm signing(SymmetricAlgorithm algorithm) {
  return static_cast<SigningAlgorithm>(kAlgorithms + static_cast<std::size_t>(algorithm));
}
static_assert(signing(Algorithm::rs256) == SigningAlgorithm::rs256 &&
              signing(Algorithm::ps512) == SigningAlgorithm::ps512 &&
              signing(Algorithm::es512) == SigningAlgorithm::es512 &&
              signing(Algorithm::eddsa) == SigningAlgorithm::eddsa &&
              signing(SymmetricAlgorithm::hs256) == SigningAlgorithm::hs256 &&
              signing(SymmetricAlgorithm::hs512) == SigningAlgorithm::hs512 &&
              kSigningAlgorithms == kAlgorithms + kSymmetricAlgorithms);

// The registered name ("HS256"; RFC 7518 section 3.1).
std::string_view algorithm_name(SigningAlgorithm algorithm);

// By registered name, case-sensitive.
std::optional<SigningAlgorithm> find_signing_algorithm(std::string_view name);

}  // namespace latchkey::jose
