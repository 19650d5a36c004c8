// SPDX-License-Identifier: Apache-2.0
#include "core/jose/rsa_modulus.h"

#include "core/base/mutation.h"

namespace latchkey::jose {
namespace {

constexpr unsigned kFactorMost = 751;
constexpr unsigned kFingerprintMost = 167;

constexpr bool is_prime(unsigned number) {
  for (unsigned divisor = 2; divisor * divisor <= number; ++divisor) {
    if (number % divisor == 0) return false;
  }
  return number >= 2;
}

unsigned remainder(std::span<const std::uint8_t> number, unsigned prime) {
  unsigned rest = 0;
  for (const std::uint8_t digit : number) rest = (rest * 256 + digit) % prime;
  return rest;
}

bool is_power_of_65537(unsigned value, unsigned prime) {
  const unsigned generator = 65'537 % prime;
  unsigned power = 1;
  do {
    if (power == value) return true;
    power = power * generator % prime;
  } while (power != 1);
  return false;
}

}  // namespace

// The primes of a ROCA key have the form k * M + (65537^a mod M), with M the product of small
// primes; so the modulus is a power of 65537 modulo each of them (Nemec et al., "The Return of
// Coppersmith's Attack", section 2). 38 odd primes are looked at: a sound key passes all of them
// less than once in 2^27.
std::optional<std::string_view> modulus_flaw(std::span<const std::uint8_t> modulus) {
  if (LATCHKEY_FAILS(jwk_rsa_modulus_even, modulus.empty() || modulus.back() % 2 == 0))
    return "its modulus is even";
  bool fingerprint = true;
  for (unsigned prime = 3; prime <= kFactorMost; prime += 2) {
    if (!is_prime(prime)) continue;
    const unsigned rest = remainder(modulus, prime);
    if (LATCHKEY_FAILS(jwk_rsa_small_factor, rest == 0)) return "its modulus has a small factor";
    if (prime <= kFingerprintMost) fingerprint = fingerprint && is_power_of_65537(rest, prime);
  }
  if (LATCHKEY_FAILS(jwk_rsa_roca, fingerprint))
    return "its modulus has the ROCA fingerprint (CVE-2017-15361)";
  return std::nullopt;
}

}  // namespace latchkey::jose
