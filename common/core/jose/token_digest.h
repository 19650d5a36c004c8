// SPDX-License-Identifier: Apache-2.0
//
// SHA-256 over a whole token, signature included: how a token is named without being shown (memory
// of verified tokens, login records, revocation by token).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/jose/scratch.h"

namespace latchkey::jose {

struct TokenDigest {
  std::array<std::uint8_t, 32> bytes{};

  std::string hex() const;  // 64 lower-case digits
  bool operator==(const TokenDigest&) const = default;
};

// Nothing where OpenSSL could not do it (memory).
std::optional<TokenDigest> digest_token(std::string_view token, Scratch& scratch);

}  // namespace latchkey::jose
