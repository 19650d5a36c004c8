// SPDX-License-Identifier: Apache-2.0
//
// `latchkeyctl snapshot`: what a revocation stream has said so far as a list beside it
// (docs/REVOCATION-STREAM.md section 4), and the stream without what the list covers. Exit status
// as of stream_commands.h.
#pragma once

#include <cstdint>
#include <string>

#include "cli/latchkeyctl/list_files.h"
#include "cli/latchkeyctl/session.h"
#include "cli/latchkeyctl/stream_writer.h"

namespace latchkey::cli {

struct SnapshotOptions {
  StreamWriterOptions writer;
  std::string folder;
  std::string max_age = "1d";
  std::string round_end = "1d";
  std::string take_back;  // text of revocation_line.h; empty: nothing
  std::string keep = "1d";
  bool anew = false;          // of the stream alone
  std::uint64_t version = 0;  // of the next one, which then is complete; 0: one more than the last
  std::string former_keys;    // a JWK set; the last one may be signed by one of them
};

// The snapshot that lies in a folder, as a reader of the stream with these keys would take it; an
// empty one where there is none.
WriterResult<revocation::ListManifest> standing_snapshot(const ListFolder& folder,
                                                         const StreamWriter& writer,
                                                         const jose::JwkSet& keys, WallTime now);

int snapshot_make(const Session& session, const SnapshotOptions& options);
// Removes entries that the snapshot in the folder covers, and that are older than `keep`.
int snapshot_trim(const Session& session, const SnapshotOptions& options);

}  // namespace latchkey::cli
