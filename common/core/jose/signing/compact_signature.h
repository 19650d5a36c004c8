// SPDX-License-Identifier: Apache-2.0
//
// A signed token in the compact form (RFC 7515 section 3.1).
#pragma once

#include <string_view>

#include "core/jose/signing/key_material.h"
#include "wire/secret_buffer.h"

namespace latchkey::jose {

// Header and payload are signed as they are, be they JSON or not; whoever calls has put `alg` into
// the header. Nothing of the token is left outside of the buffer.
KeyResult<wire::SecretBuffer> sign_compact(const KeyMaterial& key, SigningAlgorithm algorithm,
                                           std::string_view header, std::string_view payload);

}  // namespace latchkey::jose
