// SPDX-License-Identifier: Apache-2.0
//
// What a writer of a revocation stream keeps beside its key, in KEY.notes: what it signed last, and
// what its beats and snapshots vouched for, so that none says less than one before. A text of one
// line each: the number, then in any order an item that is still to be sent, "seen THUMBPRINT
// NUMBER", "heard THUMBPRINT NUMBER", "gap THUMBPRINT FROM TO" and "snapshot VERSION".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "core/revocation/stream_seen.h"

namespace latchkey::cli {

struct StreamNotes {
  std::uint64_t seq = 0;                      // of the last item with entries; 0: there was none
  std::string pending;                        // that item, while it is not known to be in Redis
  std::vector<revocation::StreamSeen> seen;   // of other keys, what was vouched for
  std::vector<revocation::StreamSeen> heard;  // of other keys, what was spoken of and missed
  std::vector<revocation::StreamLost> gaps;   // of any key, as they were named last
  std::uint64_t version = 0;                  // of the last snapshot; 0: there was none

  // The greater number of each; no more than there can be writers.
  void vouch(const revocation::StreamSeen& each);

  // Those beside that key; nothing where there are none. Errors are sentences.
  static tl::expected<std::optional<StreamNotes>, std::string> read(const std::string& key_path);
  // Durable when it returns.
  tl::expected<void, std::string> write(const std::string& key_path) const;
};

}  // namespace latchkey::cli
