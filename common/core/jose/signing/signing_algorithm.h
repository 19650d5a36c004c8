// SPDX-License-Identifier: Apache-2.0
//
// The algorithms that a tool may sign with: those that the verifier has (algorithm.h), and the
// three HMACs, which the verifier's own table does not have on purpose.
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

// The first ten are the verifier's.
constexpr SigningAlgorithm signing(Algorithm algorithm) {
  return static_cast<SigningAlgorithm>(algorithm);
}
static_assert(signing(Algorithm::rs256) == SigningAlgorithm::rs256 &&
              signing(Algorithm::ps512) == SigningAlgorithm::ps512 &&
              signing(Algorithm::es512) == SigningAlgorithm::es512 &&
              signing(Algorithm::eddsa) == SigningAlgorithm::eddsa &&
              kSigningAlgorithms == kAlgorithms + 3);

// The registered name ("HS256"; RFC 7518 section 3.1).
std::string_view algorithm_name(SigningAlgorithm algorithm);

// By registered name, case-sensitive.
std::optional<SigningAlgorithm> find_signing_algorithm(std::string_view name);

}  // namespace latchkey::jose
