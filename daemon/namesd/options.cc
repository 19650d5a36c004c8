// SPDX-License-Identifier: Apache-2.0
//
// CLI11 is seen here only.
#include "daemon/namesd/options.h"

#include <sysexits.h>

#include <CLI/CLI.hpp>

namespace latchkey::namesd {

ParsedOptions parse_options(int argc, char** argv) {
  Options options;
  CLI::App app(
      "latchkey-namesd serves the users and groups of a names file to libnss-systemd, over "
      "systemd's userdb interface, to everybody. Names and ids of the local files are never "
      "served. It reads, and writes nothing but its socket. SIGTERM ends the program.",
      "latchkey-namesd");
  app.footer(
      "Exit status: 0 ended by SIGTERM or SIGINT; 64 wrong command line; 71 the operating system "
      "refused something.");
  app.set_version_flag("--version", "latchkey-namesd " LATCHKEY_VERSION, "Print the version");
  app.add_option("--names", options.names, "The names file")
      ->type_name("PATH")
      ->capture_default_str();
  app.add_option("--names-owner", options.names_owner,
                 "The names file may belong to this user of the passwd file, beside root and the "
                 "user that this program runs as")
      ->type_name("NAME");
  app.add_option("--passwd", options.passwd, "Users whose names and ids are never served")
      ->type_name("PATH")
      ->capture_default_str();
  app.add_option("--group", options.group, "Groups whose names and ids are never served")
      ->type_name("PATH")
      ->capture_default_str();
  app.add_option("--socket", options.socket, "Serve at this path (mode 0666)")
      ->type_name("PATH")
      ->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return {std::nullopt, app.exit(error) == 0 ? EX_OK : EX_USAGE};
  }
  return {std::move(options), EX_OK};
}

}  // namespace latchkey::namesd
