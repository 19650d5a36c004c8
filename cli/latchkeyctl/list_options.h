// SPDX-License-Identifier: Apache-2.0
//
// The command line of `latchkeyctl list`.
#pragma once

#include "cli/latchkeyctl/list_commands.h"

namespace CLI {
class App;
}

namespace latchkey::cli {

// What the options are read into; outlives the App.
struct ListOptions {
  ListBuildOptions build;
  ListSignOptions sign;
  ListVerifyOptions verify;
  ListDiffOptions diff;
};

void add_list(CLI::App& app, const Session& session, ListOptions& options, int& status);

}  // namespace latchkey::cli
