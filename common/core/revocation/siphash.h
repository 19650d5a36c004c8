// SPDX-License-Identifier: Apache-2.0
//
// SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed hash of short inputs. With a secret key
// nobody can make two names collide on purpose, so 64 bits are enough to stand for a name.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace latchkey::revocation {

using HashKey = std::span<const std::uint8_t, 16>;

std::uint64_t siphash(std::string_view bytes, HashKey key);

}  // namespace latchkey::revocation
