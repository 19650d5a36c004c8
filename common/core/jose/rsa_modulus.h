// SPDX-License-Identifier: Apache-2.0
//
// What can be seen of a bad RSA modulus without factoring it. Runs once a key, when a key set is
// loaded.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace latchkey::jose {

// Why the modulus (big-endian) is unfit, as a sentence part; nothing where no flaw is seen: even, a
// factor under 752 (NIST SP 800-89 section 5.3.3), or the fingerprint of Infineon's flawed
// generator (ROCA, CVE-2017-15361).
std::optional<std::string_view> modulus_flaw(std::span<const std::uint8_t> modulus);

}  // namespace latchkey::jose
