// SPDX-License-Identifier: Apache-2.0
//
// CLI11 is seen here only. The help text is what the manual page is made of.
#include "daemon/fetchd/options.h"

#include <sysexits.h>

#include <CLI/CLI.hpp>

namespace latchkey::fetchd {
namespace {

constexpr const char* kDescription =
    "latchkey-fetchd fetches the documents of the configured identity providers on behalf of\n"
    "latchkeyd: OpenID Connect discovery and key sets, over https, from the origins that the\n"
    "configuration names and from nowhere else. It also asks them about tokens (RFC 7662), with a\n"
    "secret or key that it alone reads. latchkeyd names an issuer and a document, never a URL.\n"
    "SIGHUP reads the configuration again; SIGTERM ends the program.";

constexpr const char* kFooter =
    "Without --socket the service manager has to hand over a SOCK_SEQPACKET socket named "
    "\"fetch\".\n"
    "\n"
    "Exit status:\n"
    "  0   ended by SIGTERM or SIGINT; --check: the configuration is good\n"
    "  64  wrong command line, or no socket\n"
    "  70  libcurl cannot be started\n"
    "  71  the operating system refused something (the socket, a signal descriptor)\n"
    "  78  the configuration cannot be used\n"
    "\n"
    "Environment: LISTEN_*, NOTIFY_SOCKET and WATCHDOG_* of the service manager and "
    "JOURNAL_STREAM;\n"
    "everything else is cleared at the start, proxy and CA variables included.";

}  // namespace

ParsedOptions parse_options(int argc, char** argv) {
  Options options;
  std::string log_level;
  CLI::App app(kDescription, "latchkey-fetchd");
  app.footer(kFooter);
  app.add_flag(
      "--check", options.check,
      "Read the configuration, print the name and the digest of each issuer's section, and end");
  app.set_version_flag("--version", "latchkey-fetchd " LATCHKEY_VERSION, "Print the version");
  app.add_option("--config", options.config,
                 "Main configuration file; conf.d beside it belongs to it")
      ->type_name("FILE")
      ->capture_default_str();
  app.add_option("--socket", options.socket,
                 "Serve at this path instead of the service manager's socket; mode 0600, owned by "
                 "the one --peer-user or --peer-uid where we may give it away")
      ->type_name("PATH");
  app.add_option("--peer-user", options.peer_users,
                 "Serve this user of /etc/passwd besides root and ourselves; may be repeated")
      ->type_name("NAME")
      ->allow_extra_args(false);
  app.add_option("--peer-uid", options.peer_uids, "The same by number; may be repeated")
      ->type_name("UID")
      ->allow_extra_args(false);
  app.add_option("--log-level", log_level,
                 "error, warning, notice, info or debug; default: as the configuration says")
      ->type_name("LEVEL")
      ->check(CLI::IsMember({"error", "warning", "notice", "info", "debug"}));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return {std::nullopt, app.exit(error) == 0 ? EX_OK : EX_USAGE};
  }
  if (!log_level.empty()) options.log_level = find_log_level(log_level);
  return {std::move(options), EX_OK};
}

}  // namespace latchkey::fetchd
