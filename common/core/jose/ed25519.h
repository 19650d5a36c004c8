// SPDX-License-Identifier: Apache-2.0
//
// What RFC 8032 leaves to the verifier of an Ed25519 signature: which keys and signatures are of a
// form that may be looked at at all.
#pragma once

#include <cstdint>
#include <span>

namespace latchkey::jose {

// 64 bytes whose second half is below the group's order (RFC 8032 section 5.1.7 step 1: else
// signatures are malleable).
bool is_ed25519_signature(std::span<const std::uint8_t> signature);

// 32 bytes, canonical (the coordinate is below 2^255 - 19), and not one of the points of small
// order, under which one signature fits many messages. Whether it lies on the curve at all is
// OpenSSL's to say.
bool is_ed25519_key(std::span<const std::uint8_t> key);

}  // namespace latchkey::jose
