// SPDX-License-Identifier: Apache-2.0
//
// The command line of latchkey-fetchd.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "daemon/fetchd/log.h"

namespace latchkey::fetchd {

struct Options {
  std::string config = "/etc/latchkey/latchkey.yaml";
  std::string socket;  // empty: the service manager's
  std::vector<std::string> peer_users;
  std::vector<uid_t> peer_uids;
  std::optional<LogLevel> log_level;  // else the configuration's
  bool check = false;
};

struct ParsedOptions {
  std::optional<Options> options;  // unset: there is nothing to run
  int exit_code = 0;               // then this ends the program; what is to be said was printed
};

ParsedOptions parse_options(int argc, char** argv);

}  // namespace latchkey::fetchd
