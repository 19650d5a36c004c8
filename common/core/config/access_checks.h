// SPDX-License-Identifier: Apache-2.0
//
// What access rules must hold among each other and beside the issuers. Also fills what of a rule
// follows from other keys: whether it denies, whether it is for this host, and by which ids
// validated claims know what it asks of them.
#pragma once

#include <vector>

#include "core/config/reader.h"

namespace latchkey::config {

// Errors go to the reader. Warnings: of rules that can never decide, because one before them always
// does, or because nothing gives what they ask for.
void check_access(Config& config, Reader& reader, std::vector<ConfigError>& warnings);

}  // namespace latchkey::config
