// SPDX-License-Identifier: Apache-2.0
//
// What a writer of a revocation stream is set up with: the configured stream, the keys that its
// hosts take, and its own key among them. Errors are for whoever called the command.
#pragma once

#include <string>

#include "core/config/config.h"
#include "core/jose/jwk_set.h"
#include "core/jose/signing/key_material.h"

namespace latchkey::cli {

// That of this short name; where it is empty, the only one.
jose::KeyResult<config::StreamSource> choose_stream(const config::Config& config,
                                                    const std::string& name);

jose::KeyResult<jose::JwkSet> stream_readers(const config::StreamSource& stream);

// The key that signs, which has to be one of those that hosts take. `config`: where these stand.
jose::KeyResult<jose::KeyMaterial> writing_key(const std::string& path, const jose::JwkSet& readers,
                                               const std::string& config);

}  // namespace latchkey::cli
