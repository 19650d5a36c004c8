// SPDX-License-Identifier: Apache-2.0
//
// SHA-256 of a text that is no secret, as hex: digests of configuration sections. Tokens go through
// token_digest.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace latchkey::jose {

// 64 lower-case digits; nothing where OpenSSL could not do it (memory).
std::optional<std::string> sha256_hex(std::string_view bytes);

}  // namespace latchkey::jose
