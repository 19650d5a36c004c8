// SPDX-License-Identifier: Apache-2.0
//
// The command line of `latchkeyctl token`, `latchkeyctl check` and `latchkeyctl jwk`.
#pragma once

#include "cli/latchkeyctl/jwk_commands.h"
#include "cli/latchkeyctl/token_commands.h"

namespace CLI {
class App;
}

namespace latchkey::cli {

// What the options are read into; outlives the App.
struct TokenOptions {
  VerifyOptions verify;
  CheckOptions check;
  std::string shown = "-";
  SignOptions sign;
  GenerateOptions generate;
  PublicOptions publish;
  std::string fingered = "-";
};

void add_token(CLI::App& app, const Session& session, TokenOptions& options, int& status);
void add_check(CLI::App& app, const Session& session, TokenOptions& options, int& status);
void add_jwk(CLI::App& app, const Session& session, TokenOptions& options, int& status);

// Whether the command that was typed is one of these: their exit statuses are others.
bool is_token_command(const CLI::App& app);

}  // namespace latchkey::cli
