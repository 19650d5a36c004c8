// SPDX-License-Identifier: Apache-2.0
//
// The options of `revoke`, `revocations`, `beat` and `snapshot`.
#pragma once

#include <cstdint>
#include <string>

#include "cli/latchkeyctl/revoke_commands.h"
#include "cli/latchkeyctl/snapshot_commands.h"
#include "cli/latchkeyctl/stream_commands.h"

namespace CLI {
class App;
}

namespace latchkey::cli {

struct RevokeOptions {
  Revocation revocation;
  bool fleet = false;
  StreamWriterOptions writer;
  BeatOptions beat;
  SnapshotOptions snapshot;
  std::string kind;
  std::string file = "-";
  std::int64_t number = 0;
};

// All but the app have to live as long as it is parsed.
void add_revocations(CLI::App& app, const Session& session, RevokeOptions& options, int& status);

}  // namespace latchkey::cli
