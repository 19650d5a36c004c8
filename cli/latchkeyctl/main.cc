// SPDX-License-Identifier: Apache-2.0
//
// latchkeyctl: what administrators run. Every command is one call to latchkeyd over its control
// socket, save `config check`, `token`, `jwk` and `list`, which read files and mostly need no
// daemon.
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <unistd.h>
#include <CLI/CLI.hpp>

#include "cli/common/no_cores.h"
#include "cli/common/wrong_usage.h"
#include "cli/latchkeyctl/account_options.h"
#include "cli/latchkeyctl/commands.h"
#include "cli/latchkeyctl/key_files.h"
#include "cli/latchkeyctl/list_options.h"
#include "cli/latchkeyctl/revoke_options.h"
#include "cli/latchkeyctl/token_options.h"

namespace latchkey::cli {
namespace {

struct Options {
  Session session;
  std::string id;
  std::string file;
  std::string issuer;
  std::string user;
  std::int64_t number = 0;
  std::int64_t limit = 20;
};

void add_issuers(CLI::App& app, Options& options, int& status) {
  CLI::App* issuers = app.add_subcommand(
      "issuers",
      "Print each issuer and its keys: where they come from, how old they are, when they are "
      "fetched next, what went wrong last, and which keys of the set are of no use and why");
  issuers->add_option("ISSUER", options.issuer, "Only this one, by its short name");
  issuers->callback([&] { status = show_issuers(options.session, options.issuer); });
  CLI::App* keys = app.add_subcommand("keys", "Steer the keys of the issuers");
  keys->require_subcommand(1);
  CLI::App* refresh = keys->add_subcommand(
      "refresh",
      "Fetch the keys now and print what came of it, once every worker of the daemon has them. "
      "Neither 'min_fetch_interval' nor a provider that asked to be left alone (Retry-After) is "
      "passed over: such an issuer is not asked, and the exit status is 1, as where a fetch fails");
  refresh->add_option("ISSUER", options.issuer, "Only this one, by its short name; else all");
  refresh->callback([&] { status = refresh_keys(options.session, options.issuer); });
}

void add_config(CLI::App& app, Options& options, int& status) {
  CLI::App* config = app.add_subcommand("config", "Check or show the configuration");
  config->require_subcommand(1);
  CLI::App* check = config->add_subcommand("check",
                                           "Read a configuration file and the conf.d beside it as "
                                           "the daemon would, and the key files that it names; "
                                           "print every error with its line");
  check->add_option("FILE", options.file, "The main file")->default_str(kHostConfig);
  check->callback([&] {
    status = check_config(options.session, options.file.empty() ? kHostConfig : options.file,
                          key_file_errors);
  });
  CLI::App* dump = config->add_subcommand("dump",
                                          "Print the configuration that the daemon works with (or "
                                          "the one of FILE), every default spelled out");
  dump->add_option("FILE", options.file, "Read this file instead of asking the daemon");
  dump->callback([&] {
    status = options.file.empty() ? dump_config(options.session)
                                  : dump_config_file(options.session, options.file);
  });
}

void add_bindings(CLI::App& app, Options& options, int& status) {
  CLI::App* bindings = app.add_subcommand("bindings", "Which subject a local name belongs to");
  bindings->require_subcommand(1);
  bindings->add_subcommand("list", "Print them by name")->callback([&] {
    status = list_bindings(options.session);
  });
  CLI::App* remove =
      bindings->add_subcommand("remove", "Free a name for the next subject that signs in with it");
  remove->add_option("NAME", options.user, "The local name")->required();
  remove->callback([&] { status = remove_binding(options.session, options.user); });
}

void add_sessions(CLI::App& app, Options& options, int& status) {
  CLI::App* sessions = app.add_subcommand(
      "sessions",
      "List the sessions that logins with a token have opened on this host, or end one");
  sessions->require_subcommand(0, 1);
  CLI::App* list = sessions->add_subcommand("list", "Print them by login; so does no word at all");
  CLI::App* end = sessions->add_subcommand(
      "end",
      "End one: it is told on its terminal, and ends when the configuration's 'sessions.grace' is "
      "over; returns when latchkey-endd has it");
  end->add_option("ID", options.id, "The login, as `sessions` shows it")->required();
  end->callback([&] { status = end_session(options.session, options.id); });
  list->callback([&] { status = list_sessions(options.session); });
  sessions->callback([&, sessions] {
    if (sessions->get_subcommands().empty()) status = list_sessions(options.session);
  });
}

void add_decisions(CLI::App& app, Options& options, int& status) {
  CLI::App* explain =
      app.add_subcommand("explain", "Print each check of a past decision with its outcome");
  explain->add_option("ID", options.id, "The request id that the user saw")->required();
  explain->callback([&] { status = explain_decision(options.session, options.id); });
  CLI::App* decisions = app.add_subcommand("decisions", "List the last decisions, newest first");
  decisions->add_option("--user", options.user, "Only of this PAM user or invoking user")
      ->type_name("NAME");
  decisions->add_option("--limit", options.limit, "At most so many")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  decisions->callback(
      [&] { status = list_decisions(options.session, options.user, options.limit); });
}

constexpr char kFooter[] =
    "Exit status: 0 done; 1 the daemon answered no (not found, refused, configuration invalid, "
    "keys "
    "not refreshed); 64 "
    "wrong usage; "
    "69 the daemon did not answer; 74 the output could not be written; 77 the control socket is "
    "not for you. Of `token`, `check` and `jwk`: 0 done, or the token is accepted; 1 the token is "
    "refused; "
    "2 "
    "anything else.";

int complain(const CLI::App& app, const std::string& what) {
  std::fprintf(stderr, "latchkeyctl: %s; see --help\n", what.c_str());
  return is_token_command(app) ? kTrouble : kUsage;
}

int run(int argc, char** argv) {
  no_cores();  // private keys pass through here
  CLI::App app(
      "Looks into and steers latchkeyd on this host. For root and the group latchkey-admin.",
      "latchkeyctl");
  app.footer(kFooter);
  app.set_version_flag("--version", "latchkeyctl " LATCHKEY_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  Options options;
  app.add_option("--socket", options.session.socket, "The daemon's control socket")
      ->type_name("PATH")
      ->capture_default_str();
  app.add_flag(
      "--json", options.session.json,
      "Print the answer as JSON on one line, and where the daemon was asked, what went wrong "
      "too");

  int status = kUsage;
  app.add_subcommand("status", "Print the health of the daemon and of each issuer's keys")
      ->callback([&] { status = show_status(options.session); });
  add_issuers(app, options, status);
  add_decisions(app, options, status);
  add_config(app, options, status);
  app.add_subcommand("reload",
                     "Read the configuration and the key files that it names again; a bad one "
                     "changes nothing")
      ->callback([&] { status = reload(options.session); });
  RevokeOptions revoke_options;
  add_revocations(app, options.session, revoke_options, status);
  add_bindings(app, options, status);
  AccountOptions account_options;
  add_accounts(app, options.session, account_options, status);
  add_sessions(app, options, status);
  TokenOptions token_options;
  add_token(app, options.session, token_options, status);
  add_check(app, options.session, token_options, status);
  add_jwk(app, options.session, token_options, status);
  ListOptions list_options;
  add_list(app, options.session, list_options, status);
  refuse_empty_values(app, {"--typ"});
  try {
    app.parse(argc, argv);
  } catch (const CLI::RequiredError& problem) {
    // CLI11 misses the command before it minds the word that is none.
    if (app.remaining(true).empty()) return complain(app, wrong_usage(app, problem));
    return complain(app, "there is no such command or option");
  } catch (const CLI::ParseError& problem) {
    if (problem.get_exit_code() == 0) return app.exit(problem);
    return complain(app, wrong_usage(app, problem));
  }
  return status;
}

}  // namespace
}  // namespace latchkey::cli

int main(int argc, char** argv) { return latchkey::cli::run(argc, argv); }
