// SPDX-License-Identifier: Apache-2.0
//
// The user's own settings, ~/.config/latchkey/config.yaml: which hosts may be given the token, and
// where it lies.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

namespace latchkey::cli {

struct UserConfig {
  std::vector<std::string> hosts;  // patterns ('*', '?'); empty = every host that is asked for
  std::string token_file;          // used where --token-file is not given; "~/" is the home folder
};

// Parses the text; `name` is for errors. Unknown, repeated or mistyped keys are errors: every one
// of them, a line each, as name:line:column: what is wrong.
tl::expected<UserConfig, std::vector<std::string>> parse_user_config(const std::string& name,
                                                                     const std::string& text);

// Reads the file; a missing one is the default configuration. It must be ours (or root's) and not
// writable by others.
tl::expected<UserConfig, std::vector<std::string>> load_user_config(const std::string& path);

// $XDG_CONFIG_HOME/latchkey/config.yaml, else ~/.config/latchkey/config.yaml; empty where there is
// no home.
std::string user_config_path(const std::optional<std::string>& config_home,
                             const std::optional<std::string>& home);

}  // namespace latchkey::cli
