// SPDX-License-Identifier: Apache-2.0
//
// CLI11 is seen here only. The help text is what the manual page is made of.
#include "daemon/latchkeyd/options.h"

#include <sysexits.h>

#include <CLI/CLI.hpp>

namespace latchkey::latchkeyd {
namespace {

constexpr const char* kDescription =
    "latchkeyd decides who signs in: it verifies the tokens that pam_latchkey.so hands over, "
    "against\n"
    "key sets that latchkey-fetchd brings, and answers. It has no network. SIGHUP reads the\n"
    "configuration again (a bad one changes nothing); SIGTERM ends the program.";

constexpr const char* kFooter =
    "Without --pam-socket and --control-socket the service manager has to hand over sockets named\n"
    "\"pam\" (SOCK_SEQPACKET) and \"control\" (SOCK_STREAM). The PAM module trusts a socket that "
    "root\n"
    "listens on, so a daemon that makes its own must run as root; with the shipped units it need "
    "not.\n"
    "\n"
    "Exit status:\n"
    "  0   ended by SIGTERM or SIGINT\n"
    "  64  wrong command line, or no socket\n"
    "  66  /etc/passwd cannot be read\n"
    "  70  it could not end in time, or had to end for an unexpected reason\n"
    "  71  the operating system refused something (a socket, a thread)\n"
    "  74  the state folder cannot be used; the message says what to do\n"
    "  78  the configuration cannot be used\n"
    "\n"
    "Environment: LISTEN_*, NOTIFY_SOCKET, WATCHDOG_* and JOURNAL_STREAM of the service manager;\n"
    "everything else is cleared at the start.";

}  // namespace

ParsedOptions parse_options(int argc, char** argv) {
  Options options;
  CLI::App app(kDescription, "latchkeyd");
  app.footer(kFooter);
  app.set_version_flag("--version", "latchkeyd " LATCHKEY_VERSION, "Print the version");
  app.add_option("--config", options.config,
                 "Main configuration file; conf.d beside it belongs to it")
      ->type_name("FILE")
      ->capture_default_str();
  app.add_option("--state-dir", options.state_dir,
                 "Folder of the state: bindings, logins, revocations, key sets; mode 0700")
      ->type_name("DIR")
      ->capture_default_str();
  app.add_option("--pam-socket", options.pam_socket,
                 "Serve the PAM module at this path (mode 0600)")
      ->type_name("PATH");
  app.add_option(
         "--control-socket", options.control_socket,
         "Serve latchkeyctl at this path (mode 0660, group latchkey-admin where there is one)")
      ->type_name("PATH");
  app.add_option("--fetch-socket", options.fetch_socket, "Where latchkey-fetchd is reached")
      ->type_name("PATH")
      ->capture_default_str();
  app.add_option("--end-socket", options.end_socket, "Where latchkey-endd is reached")
      ->type_name("PATH")
      ->capture_default_str();
  app.add_option(
         "--boot-id", options.boot_id,
         "Id of this boot, by which logins of an earlier one are forgotten; the unit gives it, "
         "whose /proc does not show it (default: what /proc says)")
      ->type_name("ID");
  app.add_option("--names-file", options.names_file,
                 "Write the accounts of people who are known nowhere to this file, which "
                 "latchkey-namesd serves; its folder belongs to this program's user")
      ->type_name("FILE")
      ->capture_default_str();
  app.add_option("--accounts-root", options.accounts_root,
                 "Read DIR/etc/passwd, group and nsswitch.conf instead of the host's (for tests)")
      ->type_name("DIR");
  app.add_option("--log-level", options.log_level,
                 "error, warning, notice, info or debug; default: as the configuration says")
      ->type_name("LEVEL")
      ->check(CLI::IsMember({"error", "warning", "notice", "info", "debug"}));
  app.add_option("--workers", options.workers, "Worker threads; default: one a core, at most 4")
      ->type_name("N")
      ->check(CLI::Range(1, 64));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return {std::nullopt, app.exit(error) == 0 ? EX_OK : EX_USAGE};
  }
  return {std::move(options), EX_OK};
}

}  // namespace latchkey::latchkeyd
