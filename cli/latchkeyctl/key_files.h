// SPDX-License-Identifier: Apache-2.0
//
// The key files that a configuration names, looked at as the daemon looks at them, for `config
// check`: a bad one is an error of the configuration, one that the caller may not read a warning.
#pragma once

#include <vector>

#include "core/config/config.h"
#include "core/config/parse.h"

namespace latchkey::cli {

std::vector<config::ConfigError> key_file_errors(config::Config& config);

}  // namespace latchkey::cli
