// SPDX-License-Identifier: Apache-2.0
//
// What one key alone cannot tell: names that must be unique, keys that exclude or need one another,
// rules that can never match. Also fills the defaults that depend on other keys.
#pragma once

#include <vector>

#include "core/config/reader.h"

namespace latchkey::config {

// `config` is what the reader has read; errors go to the reader, the rest is returned.
std::vector<ConfigError> check(Config& config, Reader& reader);

}  // namespace latchkey::config
