// SPDX-License-Identifier: Apache-2.0
//
// CLI11 is seen here only.
#include "daemon/endd/options.h"

#include <sysexits.h>

#include <CLI/CLI.hpp>

#include "ipc/end.h"

namespace latchkey::endd {

ParsedOptions parse_options(int argc, char** argv) {
  Options options;
  CLI::App app(
      "latchkey-endd ends sessions whose login latchkeyd names: by systemd-logind where there is "
      "one, else through latchkey-endd-signal, which is this program with --signals and the one "
      "unit with CAP_KILL. It believes root's notes of sessions and the kernel, and nobody else. "
      "SIGTERM ends the program.",
      "latchkey-endd");
  app.footer(
      "Exit status: 0 ended by SIGTERM or SIGINT; 64 wrong command line, or no socket; 71 the "
      "operating system refused something.");
  app.set_version_flag("--version", "latchkey-endd " LATCHKEY_VERSION, "Print the version");
  app.add_flag("--signals", options.signals,
               "Signal the processes of sessions, for latchkey-endd without it");
  app.add_option("--socket", options.socket,
                 "Serve at this path (mode 0600); default: the socket of the service manager named "
                 "\"end\" or \"signal\"")
      ->type_name("PATH");
  app.add_option("--signal-socket", options.signal_socket, "Where latchkey-endd-signal is reached")
      ->type_name("PATH")
      ->capture_default_str();
  app.add_option("--sessions", options.sessions, "Folder of root's notes of sessions")
      ->type_name("DIR")
      ->capture_default_str();
  app.add_option("--peer-user", options.peer_users,
                 "Listen to this user of /etc/passwd beside root")
      ->type_name("NAME");
  app.add_option("--service", options.services,
                 "End sessions of this PAM service, too, whose host process is called COMM")
      ->type_name("NAME=COMM");
  app.add_flag(
      "--whole-user", options.whole_user,
      "End everything of the user where latchkeyd asks for that (sessions.terminate: user): what "
      "logind knows, and with --signals what it does not know, such as jobs of at and cron");
  constexpr std::int64_t kMost = ipc::control::kGraceMostSeconds;
  app.add_option("--shortest-grace", options.shortest_grace_s,
                 "Between the word on the terminal and the end, whatever latchkeyd asks for")
      ->type_name("SECONDS")
      ->check(CLI::Range(std::int64_t{0}, kMost))
      ->capture_default_str();
  app.add_option("--longest-grace", options.longest_grace_s, "The same")
      ->type_name("SECONDS")
      ->check(CLI::Range(std::int64_t{0}, kMost))
      ->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return {std::nullopt, app.exit(error) == 0 ? EX_OK : EX_USAGE};
  }
  return {std::move(options), EX_OK};
}

}  // namespace latchkey::endd
