// SPDX-License-Identifier: Apache-2.0
#include "core/jose/signing/signing_algorithm.h"

namespace latchkey::jose {

std::string_view algorithm_name(SigningAlgorithm algorithm) {
  switch (algorithm) {
    case SigningAlgorithm::hs256:
      return "HS256";
    case SigningAlgorithm::hs384:
      return "HS384";
    case SigningAlgorithm::hs512:
      return "HS512";
    default:
      return algorithm_name(static_cast<Algorithm>(algorithm));
  }
}

std::optional<SigningAlgorithm> find_signing_algorithm(std::string_view name) {
  for (std::size_t i = 0; i < kSigningAlgorithms; ++i) {
    const auto candidate = static_cast<SigningAlgorithm>(i);
    if (algorithm_name(candidate) == name) return candidate;
  }
  return std::nullopt;
}

}  // namespace latchkey::jose
