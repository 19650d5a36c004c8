// SPDX-License-Identifier: Apache-2.0
//
// Status lists on disk, STATE/status/: of each the signed list as it came (NAME.jwt) and a record
// that says when it was fetched, how it is named there, and which key signed it (NAME.json); NAME
// is the SHA-256 of issuer and URI. A list is renamed into place before its record, so whoever dies
// in between has a list that is newer than its record says; so the keeper takes the greater date of
// the two. A list that the disk does not take has the one before it removed: a restart knows
// nothing then. One that is stored before it is in force may be undone: what was there before it
// stands beside it until then. Read with mistrust: whatever is not our own undamaged file is as if
// it were not there, and a list is verified again besides.
//
// Not for two threads at a time.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "core/base/time.h"
#include "core/jose/jwk_set.h"
#include "daemon/latchkeyd/io/journal.h"

namespace latchkey::latchkeyd {

struct StatusRecord {
  std::string issuer;  // `iss`
  std::string uri;
  WallTime issued_at{};   // of the newest list that was accepted; outlives the list
  WallTime fetched_at{};  // or confirmed
  std::string etag;
  std::string last_modified;
  // A JWK set of the key that signed the list: whoever shows that key no more says by it of nobody
  // that a token is valid, and takes back nothing. Empty: a record of before, or no key that fits.
  std::string key = {};

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
  // this one takes back, and makes room for the record. Followed by settle() or undo().
  Result<void> put(const StatusRecord& record, std::string_view token);
  // What was put is in force: what was there before is nobody's any more.
  void settle(const std::string& issuer, const std::string& uri);
  // What was put is not taken: what was there before is there again.
  void undo(const std::string& issuer, const std::string& uri);
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

// A key for a record: a JWK set that holds it alone, under each name that it has in `keys` (`kid`,
// `alg`). Empty where there is none, or that would be beyond measure.
std::string encode_status_key(const jose::JwkSet& keys, std::string_view thumbprint);

}  // namespace latchkey::latchkeyd
