// SPDX-License-Identifier: Apache-2.0
//
// The signature algorithms that exist here, and no others: a name that is in no table cannot be
// verified, so 'none' cannot enter by a header (RFC 8725 sections 3.1 and 3.2). HMAC is a type of
// its own beside the asymmetric ones: no value of one can stand where the other is meant, and
// nothing reads the HMAC names but what belongs to an issuer's own symmetric key. Free of OpenSSL,
// so that the configuration and the tools may name algorithms without linking it.
#pragma once

#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace latchkey::jose {

// Asymmetric only: a key of a JWK set can verify these and no others.
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

// HMAC with SHA-2 (RFC 7518 section 3.2).
enum class SymmetricAlgorithm : std::uint8_t { hs256, hs384, hs512 };
inline constexpr std::size_t kSymmetricAlgorithms = 3;

std::string_view algorithm_name(SymmetricAlgorithm algorithm);
std::optional<SymmetricAlgorithm> find_symmetric_algorithm(std::string_view name);

// Bytes of its hash, which are those of its signature and the least of its key (RFC 7518
// section 3.2).
std::size_t hash_bytes(SymmetricAlgorithm algorithm);

// What one verification costs at most on a modest machine, for budgets: charged before the work is
// done.
std::chrono::microseconds verification_cost(Algorithm algorithm);
std::chrono::microseconds verification_cost(SymmetricAlgorithm algorithm);

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
