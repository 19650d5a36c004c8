// SPDX-License-Identifier: Apache-2.0
//
// What the keys about introspection demand of each other, within an issuer and between issuers.
#pragma once

#include <vector>

#include "core/config/reader.h"

namespace latchkey::config {

// Errors go to the reader, warnings are added to the list. Also fills the default of
// `introspection_negative_ttl`, which depends on the other one.
void check_introspection(Config& config, Reader& reader, std::vector<ConfigError>& warnings);

}  // namespace latchkey::config
