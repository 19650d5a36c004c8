// SPDX-License-Identifier: Apache-2.0
//
// The command line of latchkey-endd.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace latchkey::endd {

struct Options {
  bool signals = false;  // to be latchkey-endd-signal
  std::string socket;    // empty: the service manager hands it over
  std::string signal_socket = "/run/latchkey-endd-signal/signal.sock";
  std::string sessions = "/run/latchkey-sessions";
  std::vector<std::string> peer_users;
  std::vector<std::string> services;  // more than the default ones: NAME=COMM
};

struct ParsedOptions {
  std::optional<Options> options;
  int exit_code = 0;  // where there are none: help, version, or a mistake that was printed
};

ParsedOptions parse_options(int argc, char** argv);

}  // namespace latchkey::endd
