// SPDX-License-Identifier: Apache-2.0
//
// Walking the steps of a revocation list (docs/REVOCATION-LIST.md section 4): the set that a reader
// has, then the next one. Either all of a way is walked, or nothing of it counts.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/base/time.h"
#include "core/jose/sha256.h"
#include "core/revocation/list_manifest.h"
#include "core/revocation/source.h"

namespace latchkey::revocation {

// Whether a reader has any use for the chunk: reasons revoke nothing, and what has ended need not
// be heeded.
bool is_needed(const ListChunk& chunk, WallTime now);

// The bytes of a chunk, from wherever they are kept; they are checked here. A fault where there are
// none.
using ReadChunk = std::function<ListResult<std::string>(const ListChunk&)>;

struct Walk {
  std::vector<const ListStep*> way;  // of way_to()
  const Source* from = nullptr;  // what the reader has; heeded where the way does not begin at 0
  HashSecret secret{};
  WallTime now{};
  TableMemory memory = nullptr;  // of what is begun anew
};

// Takes seconds where millions begin anew: for a thread that no login waits for. Faults: chunk,
// bounds (more subjects, keys and users than a set may have), memory.
ListResult<Source> walk(const Walk& walk, const jose::Sha256& sha256, const ReadChunk& read);

}  // namespace latchkey::revocation
