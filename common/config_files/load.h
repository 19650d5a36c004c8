// SPDX-License-Identifier: Apache-2.0
//
// Reads the configuration from disk, for both daemons and the tools alike: the main file and
// conf.d/*.yaml beside it, in the order of their names. The core parses texts and touches no file;
// this is the one place that does, so that all of them refuse the same: what is not a plain file,
// is owned by anybody but root or the caller, can be written by a group or by others, or is too
// large.
#pragma once

#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "core/config/config.h"
#include "core/config/source.h"

namespace latchkey::config_files {

using Errors = std::vector<config::ConfigError>;

// The texts of the main file and of conf.d beside it (where there is one), main file first; or
// every file that cannot be read, with why. Symbolic links are followed, and what they lead to is
// judged.
tl::expected<std::vector<config::SourceText>, Errors> read(const std::string& path);

// read(), then config::parse().
tl::expected<config::Config, Errors> load(const std::string& path);

}  // namespace latchkey::config_files
