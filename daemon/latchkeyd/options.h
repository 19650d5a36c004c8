// SPDX-License-Identifier: Apache-2.0
//
// The command line of latchkeyd.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace latchkey::latchkeyd {

struct Options {
  std::string config = "/etc/latchkey/latchkey.yaml";
  std::string state_dir = "/var/lib/latchkey";
  std::string pam_socket;      // empty: the service manager hands it over
  std::string control_socket;  // likewise
  std::string fetch_socket = "/run/latchkey-fetch/fetch.sock";
  std::string end_socket = "/run/latchkey-endd/end.sock";
  std::string boot_id;  // empty: what /proc says
  std::string names_file = "/var/lib/latchkey-names/names";
  std::string accounts_root;  // empty: the host's own /etc
  std::string log_level;      // empty: as the configuration says
  std::size_t workers = 0;    // 0: one a core, at most four
};

struct ParsedOptions {
  std::optional<Options> options;
  int exit_code = 0;  // where there are none: help, version, or a mistake that was printed
};

ParsedOptions parse_options(int argc, char** argv);

}  // namespace latchkey::latchkeyd
