// SPDX-License-Identifier: Apache-2.0
//
// Whether a host would take a key: asked of the verifier itself, so that no second list of rules
// exists.
#pragma once

#include <string>

#include <tl/expected.hpp>

#include "core/jose/signing/key_material.h"

namespace latchkey::cli {

// Why the verifier drops it ("RSA of 1024 bits is too short"), where it does. Symmetric keys are
// judged when they sign.
tl::expected<void, std::string> check_fit(const jose::KeyMaterial& key);

// Whether a key id that was asked for can stand in a token that hosts take: at most 256 bytes of
// UTF-8. Empty: none was asked for.
tl::expected<void, std::string> check_kid(const std::string& kid);

}  // namespace latchkey::cli
