// SPDX-License-Identifier: Apache-2.0
#include "core/jose/algorithm.h"

#include <array>

namespace latchkey::jose {
namespace {

using std::chrono::microseconds;

struct AlgorithmRow {
  Algorithm algorithm;
  std::string_view name;
  microseconds cost;  // PERFORMANCE floors of a slow run, RSA with 4096 bits
};

constexpr auto kRows = std::to_array<AlgorithmRow>({
    {Algorithm::rs256, "RS256", microseconds{95}},
    {Algorithm::rs384, "RS384", microseconds{95}},
    {Algorithm::rs512, "RS512", microseconds{95}},
    {Algorithm::ps256, "PS256", microseconds{95}},
    {Algorithm::ps384, "PS384", microseconds{95}},
    {Algorithm::ps512, "PS512", microseconds{95}},
    {Algorithm::es256, "ES256", microseconds{95}},
    {Algorithm::es384, "ES384", microseconds{775}},
    {Algorithm::es512, "ES512", microseconds{560}},
    {Algorithm::eddsa, "EdDSA", microseconds{120}},
});

struct SymmetricRow {
  std::string_view name;
  std::size_t hash_bytes;
};
// In the order of the enumerators.
constexpr std::array<SymmetricRow, kSymmetricAlgorithms> kSymmetricRows{
    {{"HS256", 32}, {"HS384", 48}, {"HS512", 64}}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (static_cast<std::size_t>(kRows[i].algorithm) != i) return false;
  }
  return true;
}
static_assert(kRows.size() == kAlgorithms, "an algorithm has no row");
static_assert(in_order(), "the rows stand in the order of the enumerators");

const AlgorithmRow& row(Algorithm algorithm) { return kRows[static_cast<std::size_t>(algorithm)]; }
const SymmetricRow& row(SymmetricAlgorithm algorithm) {
  return kSymmetricRows[static_cast<std::size_t>(algorithm)];
}

}  // namespace

std::string_view algorithm_name(Algorithm algorithm) { return row(algorithm).name; }

std::optional<Algorithm> find_algorithm(std::string_view name) {
  for (const AlgorithmRow& candidate : kRows) {
    if (candidate.name == name) return candidate.algorithm;
  }
  return std::nullopt;
}

std::string_view algorithm_name(SymmetricAlgorithm algorithm) { return row(algorithm).name; }

std::optional<SymmetricAlgorithm> find_symmetric_algorithm(std::string_view name) {
  for (std::size_t i = 0; i < kSymmetricRows.size(); ++i) {
    if (kSymmetricRows[i].name == name) return static_cast<SymmetricAlgorithm>(i);
  }
  return std::nullopt;
}

std::size_t hash_bytes(SymmetricAlgorithm algorithm) { return row(algorithm).hash_bytes; }

microseconds verification_cost(Algorithm algorithm) { return row(algorithm).cost; }
microseconds verification_cost(SymmetricAlgorithm /*algorithm*/) { return microseconds{10}; }

}  // namespace latchkey::jose
