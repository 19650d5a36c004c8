// SPDX-License-Identifier: Apache-2.0
//
// The options of `accounts`.
#pragma once

#include <string>

#include "cli/latchkeyctl/account_commands.h"
#include "cli/latchkeyctl/commands.h"

namespace CLI {
class App;
}

namespace latchkey::cli {

struct AccountOptions {
  std::string user;
  std::string exported = kNamesFile;
  std::string imported = "-";
  bool check = false;
  bool forget = false;
};

// All but the app have to live as long as it is parsed.
void add_accounts(CLI::App& app, const Session& session, AccountOptions& options, int& status);

}  // namespace latchkey::cli
