// SPDX-License-Identifier: Apache-2.0
//
// `latchkeyctl revoke --fleet` and `latchkeyctl beat`: what writers of a revocation stream run.
// Each prints and gives the exit status (session.h); 69 where Redis could not be reached.
#pragma once

#include <string>

#include "cli/latchkeyctl/revoke_commands.h"
#include "cli/latchkeyctl/session.h"
#include "cli/latchkeyctl/stream_writer.h"

namespace latchkey::cli {

struct BeatOptions {
  StreamWriterOptions writer;
  std::string max_age = "2m";
  bool over_gap = false;
  std::string snapshot;  // the folder of the stream's snapshot; empty: none is looked at
};

// Revokes on every host that reads the stream; returns when Redis has it.
int revoke_fleet(const Session& session, const Revocation& wanted,
                 const StreamWriterOptions& options);

// What went wrong, and the exit status.
int report(const Session& session, const WriterError& error);

// "THUMBPRINT after 5 up to 7, …"; empty where there are none.
std::string describe_gaps(const std::vector<revocation::StreamLost>& gaps);

// Says that this writer looked at the whole stream, and what it saw. Where the stream shows that
// something is missing it says nothing, unless told to.
int stream_beat(const Session& session, const BeatOptions& options);

}  // namespace latchkey::cli
