// SPDX-License-Identifier: Apache-2.0
#include "core/jose/signing/signing_algorithm.h"

namespace latchkey::jose {

std::string_view algorithm_name(SigningAlgorithm algorithm) {
  const auto index = static_cast<std::size_t>(algorithm);
  return index < kAlgorithms ? algorithm_name(static_cast<Algorithm>(index))
                             : algorithm_name(static_cast<SymmetricAlgorithm>(index - kAlgorithms));
}

std::optional<SigningAlgorithm> find_signing_algorithm(std::string_view name) {
  if (const auto algorithm = find_algorithm(name)) return signing(*algorithm);
  if (const auto algorithm = find_symmetric_algorithm(name)) return signing(*algorithm);
  return std::nullopt;
}

}  // namespace latchkey::jose
