// SPDX-License-Identifier: Apache-2.0
//
// The signature algorithms that exist here, and no others: a name that is not in this table cannot
// be verified, so neither 'none' nor any HMAC can enter by a header (RFC 8725 sections 3.1
// and 3.2). Free of OpenSSL, so that the configuration and the tools may name algorithms without
// linking it.
#pragma once

#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace latchkey::jose {

// Asymmetric only. Symmetric algorithms, once they exist, are a type of their own.
enum class Algorithm : std::uint8_t {
  rs256,
  rs384,
  rs512,
  ps256,
  ps384,
  ps512,
  es256,
  es384,
  es512,
  eddsa,  // Ed25519 (RFC 8037)
};
inline constexpr std::size_t kAlgorithms = 10;

// The registered name ("RS256"; RFC 7518 section 3.1, RFC 8037 section 3.1).
std::string_view algorithm_name(Algorithm algorithm);

// By registered name, case-sensitive (RFC 7515 section 4.1.1); the name may come from anybody.
std::optional<Algorithm> find_algorithm(std::string_view name);

// What one verification costs at most on a modest machine, for budgets: charged before the work is
// done.
std::chrono::microseconds verification_cost(Algorithm algorithm);

// A set of algorithms as a value.
class AlgorithmSet {
 public:
  constexpr AlgorithmSet() = default;

  constexpr void insert(Algorithm algorithm) { bits_ |= bit(algorithm); }
  constexpr bool contains(Algorithm algorithm) const { return (bits_ & bit(algorithm)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr std::size_t size() const { return static_cast<std::size_t>(std::popcount(bits_)); }
  constexpr bool operator==(const AlgorithmSet&) const = default;

 private:
  static constexpr std::uint16_t bit(Algorithm algorithm) {
    return static_cast<std::uint16_t>(1U << static_cast<unsigned>(algorithm));
  }

  std::uint16_t bits_ = 0;
};

}  // namespace latchkey::jose
