// SPDX-License-Identifier: Apache-2.0
//
// ECDSA signatures stand in a JWS as R and S side by side (RFC 7518 section 3.4); OpenSSL wants
// them in DER. Written by hand: no allocation, no BIGNUM, and the range of both numbers is checked
// on the way.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "core/jose/algorithm.h"

namespace latchkey::jose {

// Bytes of R (and of S) for ES256, ES384, ES512: 32, 48, 66; 0 for other algorithms.
std::size_t ecdsa_number_size(Algorithm algorithm);

using EcdsaDer = std::array<std::uint8_t, 3 + 2 * (2 + 1 + 66)>;

// The DER form of a raw signature of any size from anybody; nothing where the size is not the
// algorithm's, or R or S is not within 1 and the curve's order less one (the "psychic" signatures
// of CVE-2022-21449). Gives the number of bytes.
std::optional<std::size_t> ecdsa_to_der(Algorithm algorithm, std::span<const std::uint8_t> raw,
                                        EcdsaDer& der);

}  // namespace latchkey::jose
