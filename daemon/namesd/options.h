// SPDX-License-Identifier: Apache-2.0
//
// The command line of latchkey-namesd.
#pragma once

#include <optional>
#include <string>

namespace latchkey::namesd {

struct Options {
  std::string names = "/var/lib/latchkey-names/names";
  std::string names_owner;  // empty: root and the program's own user only
  std::string passwd = "/etc/passwd";
  std::string group = "/etc/group";
  std::string socket = "/run/latchkey-names/names.sock";
};

struct ParsedOptions {
  std::optional<Options> options;
  int exit_code = 0;  // where there are none: help, version, or a mistake that was printed
};

ParsedOptions parse_options(int argc, char** argv);

}  // namespace latchkey::namesd
