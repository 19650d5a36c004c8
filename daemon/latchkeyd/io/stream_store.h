// SPDX-License-Identifier: Apache-2.0
//
// What a reader of a revocation stream keeps on disk, STATE/streams/NAME: a file that lines are
// added to, and that is written anew where it has more of them than it needs. Each line carries a
// checksum, so that half a line is none; the items are signed besides, and are verified again when
// they are read. Read with mistrust: whatever is not our own file is as if it were not there.
//
// Not for two threads at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "daemon/latchkeyd/io/journal.h"

namespace latchkey::latchkeyd {

struct StreamLine {
  enum class Kind : std::uint8_t {
    item,     // an entry whose item was taken: its id, and the item
    read,     // an entry that was read: its id
    sure,     // how far a writer was heard: the thumbprint of its key, and the number
    trimmed,  // the stream was trimmed beyond what was read
    based,    // what is here stands on a snapshot of that version or a later one
    heard,    // what somebody said a writer sent: the thumbprint of its key, and the number
  };
  Kind kind = Kind::read;
  std::string name;  // an id, a thumbprint, or a version
  std::string text;  // the item, or the number

  bool operator==(const StreamLine&) const = default;
};

struct StreamRecord {
  std::vector<StreamLine> lines;  // in the order in which they were written
  bool damaged = false;           // something was there that cannot be read
};

class StreamStore {
 public:
  template <typename T>
  using Result = tl::expected<T, std::string>;  // else a sentence part: "No space left on device"

  // Makes STATE/streams (0700) where it is missing. Where it cannot be had, the journal says so,
  // and nothing counts as read.
  StreamStore(const std::string& state_directory, Journal& journal);

  // Of the stream with that `iss`; empty where nothing of it is there.
  StreamRecord load(const std::string& stream, const std::string& issuer);

  // Durable when it returns; a failure leaves what was there.
  Result<void> append(const std::string& stream, const std::vector<StreamLine>& lines);
  Result<void> rewrite(const std::string& stream, const std::string& issuer,
                       const std::vector<StreamLine>& lines);

 private:
  std::string path_;  // empty: nothing can be stored
  Journal& journal_;
};

// The text of lines, and back; for the store and its tests.
std::string encode_stream_lines(const std::vector<StreamLine>& lines);
StreamRecord decode_stream_lines(std::string_view text);

}  // namespace latchkey::latchkeyd
