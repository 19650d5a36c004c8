// SPDX-License-Identifier: Apache-2.0
//
// The commands of latchkeyctl. Each prints and gives the exit status (session.h).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "cli/latchkeyctl/session.h"
#include "core/config/config.h"
#include "core/config/parse.h"

namespace latchkey::cli {

inline constexpr char kHostConfig[] = "/etc/latchkey/latchkey.yaml";
inline constexpr char kNamesFile[] = "/var/lib/latchkey-names/names";

}  // namespace latchkey::cli

namespace latchkey::cli {

int show_status(const Session& session);
int show_issuers(const Session& session, const std::string& issuer);  // empty: all
int refresh_keys(const Session& session, const std::string& issuer);  // empty: all
int explain_decision(const Session& session, const std::string& id);
int list_decisions(const Session& session, const std::string& user, std::int64_t limit);
// `key_files` looks at the key files that the configuration names: errors of theirs are its errors;
// to its warnings it adds what the caller may not see.
using KeyFiles = std::function<std::vector<config::ConfigError>(config::Config&)>;
int check_config(const Session& session, const std::string& file, const KeyFiles& key_files);
int dump_config(const Session& session);  // the one at work
int dump_config_file(const Session& session,
                     const std::string& file);  // the one that a file would be
int reload(const Session& session);
int list_sessions(const Session& session);
int end_session(const Session& session, const std::string& id);
int list_bindings(const Session& session);
int remove_binding(const Session& session, const std::string& user);

}  // namespace latchkey::cli
