// SPDX-License-Identifier: Apache-2.0
//
// Status lists on disk, STATE/status/: of each the signed list as it came (NAME.jwt) and a record
// that says when it was fetched and how it is named there (NAME.json); NAME is the SHA-256 of
// issuer and URI. A list is renamed into place before its record, so whoever dies in between has a
// list that is newer than its record says; so the keeper takes the greater date of the two. A list
// that the disk does not take has the one before it removed: a restart knows nothing then. Read
// with mistrust: whatever is not our own undamaged file is as if it were not there, and a list is
// verified again besides.
//
// Not for two threads at a time.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "core/base/time.h"
#include "daemon/latchkeyd/io/journal.h"

namespace latchkey::latchkeyd {

struct StatusRecord {
  std::string issuer;  // `iss`
  std::string uri;
  WallTime issued_at{};   // of the newest list that was accepted; outlives the list
  WallTime fetched_at{};  // or confirmed
  std::string etag;
  std::string last_modified;

  bool operator==(const StatusRecord&) const = default;
};

class StatusStore {
 public:
  template <typename T>
  using Result = tl::expected<T, std::string>;  // else a sentence part: "No space left on device"

  struct Stored {
    StatusRecord record;
    std::string token;  // empty: lost
  };

  // Makes STATE/status (0700) where it is missing. Where it cannot be had, the journal says so, and
  // nothing outlives this process.
  StatusStore(const std::string& state_directory, Journal& journal);

  // All of them, at most so many and of so many bytes together; damaged ones are removed.
  std::vector<Stored> load(std::size_t lists_most, std::size_t bytes_most);

  // Durable when it returns. A failure leaves no list there, for the one before this says what
  // this one takes back, and makes room for the record.
  Result<void> put(const StatusRecord& record, std::string_view token);
  // The list that is there still holds.
  Result<void> confirm(const StatusRecord& record);
  void remove(const std::string& issuer, const std::string& uri);

 private:
  std::string path_;  // empty: nothing can be stored
  Journal& journal_;
};

// The text of a record, and back; for the store and its tests.
std::string encode_status_record(const StatusRecord& record);
tl::expected<StatusRecord, std::string> decode_status_record(std::string_view text);

}  // namespace latchkey::latchkeyd
