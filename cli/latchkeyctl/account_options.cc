// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkeyctl/account_options.h"

#include <CLI/CLI.hpp>

namespace latchkey::cli {
namespace {

constexpr char kFooter[] =
    "An account is made when somebody signs in whom no local file knows, where the configuration "
    "says 'accounts.make'. Its id is computed from the name, and no other name ever gets it. Homes "
    "and files are left alone by all of these.";

CLI::App* add_named(CLI::App& accounts, AccountOptions& options, const char* name,
                    const char* meaning) {
  CLI::App* app = accounts.add_subcommand(name, meaning);
  app->add_option("NAME", options.user, "The account")->required();
  return app;
}

void add_changes(CLI::App& accounts, const Session& session, AccountOptions& options, int& status) {
  add_named(accounts, options, "lock", "Let nobody sign in to it; what is open stays open")
      ->callback([&] { status = change_account(session, options.user, "lock"); });
  add_named(accounts, options, "unlock",
            "Open it again, whatever closed it: lock, remove, or 'lock_unseen_after'")
      ->callback([&] { status = change_account(session, options.user, "unlock"); });
  CLI::App* remove = add_named(accounts, options, "remove",
                               "Have the host know the name no more. Its ids stay taken, and no "
                               "sign-in makes it anew until 'unlock'");
  remove->add_flag("--for-good", options.forget,
                   "Forget its ids, too: another name may get them, and the files that are left "
                   "over");
  remove->callback([&] {
    status = change_account(session, options.user, options.forget ? "forget" : "remove");
  });
  add_named(accounts, options, "rebind",
            "Free the name for the next subject that signs in with it: another person, who gets "
            "the account and its files")
      ->callback([&] { status = rebind_account(session, options.user); });
}

}  // namespace

void add_accounts(CLI::App& app, const Session& session, AccountOptions& options, int& status) {
  CLI::App* accounts = app.add_subcommand(
      "accounts", "The accounts that this host has for people who are known nowhere else");
  accounts->require_subcommand(1);
  accounts->footer(kFooter);
  accounts->add_subcommand("list", "Print them by name")->callback([&] {
    status = list_accounts(session);
  });
  add_named(*accounts, options, "show", "Print all that is known of one")->callback([&] {
    status = show_account(session, options.user);
  });
  add_changes(*accounts, session, options, status);
  CLI::App* exported = accounts->add_subcommand(
      "export", "Print all of them with their ids and groups, for 'import' on another host");
  exported->add_option("FILE", options.exported, "The names file")->capture_default_str();
  exported->callback([&] { status = export_accounts(session, options.exported); });
  CLI::App* imported = accounts->add_subcommand(
      "import",
      "Take over the accounts and groups of another host with their ids, all or none. Those whose "
      "id is not the computed one wait ten minutes for their first sign-in");
  imported->add_option("FILE", options.imported, "What 'export' printed; - is standard input")
      ->capture_default_str();
  imported->add_flag("--dry-run", options.check, "Say what would come, and change nothing");
  imported->callback([&] { status = import_accounts(session, options.imported, options.check); });
}

}  // namespace latchkey::cli
