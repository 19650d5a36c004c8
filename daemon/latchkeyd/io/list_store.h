// SPDX-License-Identifier: Apache-2.0
//
// Revocation lists on disk, STATE/lists/NAME/: manifests and chunks under their SHA-256, which
// never change, and one record that says what was accepted last and by which manifests a reader
// comes to it. The record is renamed into place when everything that it names is durable, so
// whoever dies in between starts with the set before or with the new one. Read with mistrust:
// whatever is not our own undamaged file is as if it were not there, and is fetched anew. A record
// that outlives its chunks still says how far the list had come, so that nothing older is ever
// taken.
//
// Not for two threads at a time; but for holds(), which any may call.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "core/revocation/list_manifest.h"
#include "daemon/latchkeyd/io/journal.h"

namespace latchkey::latchkeyd {

struct ListRecord {
  std::string issuer;  // whose versions these are
  revocation::ListState accepted;
  // The SHA-256 of each manifest that has to be walked, one behind the other; the last one is the
  // accepted one. Empty: the set is lost, or its keys are no longer believed.
  std::vector<std::string> trail;
  std::string url;  // of the last manifest; the next two are of there
  std::string etag;
  std::string last_modified;

  bool operator==(const ListRecord& other) const;
};

class ListStore {
 public:
  template <typename T>
  using Result = tl::expected<T, std::string>;  // else a sentence part: "No space left on device"

  // Makes STATE/lists (0700) where it is missing. Where it cannot be had, the journal says so, and
  // nothing is ever accepted.
  ListStore(const std::string& state_directory, Journal& journal);

  // Nothing where there is none that can be used; why is journaled.
  std::optional<ListRecord> load(const std::string& list);

  // A file by its digest (64 lower-case digits); its bytes are checked against it. One that is
  // damaged is removed.
  Result<std::string> read(const std::string& list, std::string_view sha256, std::size_t most);
  // Whether a file of that size is there. From any thread; may wait for the disk.
  bool holds(const std::string& list, std::string_view sha256, std::size_t bytes) const;

  // Durable when it returns; a file that is there is replaced by the same.
  Result<void> put(const std::string& list, std::string_view sha256, std::string_view bytes);

  // Durable when it returns; then files that the record and `keep` (digests) do not name are
  // removed.
  Result<void> commit(const std::string& list, const ListRecord& record,
                      const std::set<std::string, std::less<>>& keep);

 private:
  std::string folder(const std::string& list) const { return path_ + "/" + list; }

  std::string path_;  // empty: nothing can be stored
  Journal& journal_;
};

// The record's text, and back; for ListStore and its tests. A failure is a sentence part: "is
// damaged".
std::string encode_list_record(const ListRecord& record);
tl::expected<ListRecord, std::string> decode_list_record(std::string_view text);

}  // namespace latchkey::latchkeyd
