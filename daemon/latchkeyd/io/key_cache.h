// SPDX-License-Identifier: Apache-2.0
//
// Key sets on disk, STATE/keys/NAME.json: one JSON object with the set as the provider sent it and
// a checksum over all of it. Written whole and renamed into place, so that it is the old or the new
// one; read with mistrust: whatever is not our own undamaged file is ignored, named in the journal,
// and overwritten by the next good fetch (SECURITY section 4, F15).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "daemon/latchkeyd/io/executor.h"
#include "daemon/latchkeyd/io/journal.h"
#include "daemon/latchkeyd/io/key_storage.h"

namespace latchkey::latchkeyd {

class KeyCache final : public KeyStorage {
 public:
  // Makes STATE/keys (0700) where it is missing. Where that cannot be had, the journal says so and
  // nothing is stored. `disk` runs the writing, also what is left of it when this ends; `journal`
  // outlives both.
  KeyCache(const std::string& state_directory, Executor& disk, Journal& journal);

  std::optional<StoredKeys> load(const std::string& issuer) override;
  void save(const std::string& issuer, StoredKeys keys) override;
  void confirm(const std::string& issuer, WallTime fetched_at,
               std::optional<std::chrono::seconds> max_age) override;
  void forget(const std::string& issuer) override;

 private:
  class Folder;

  Executor& disk_;
  std::shared_ptr<Folder>
      folder_;  // shared with the writing that is still to be done; null: nothing is stored
};

// The file's text, and back; for KeyCache and its tests. A failure is a sentence part: "is
// damaged".
std::string encode_stored_keys(const StoredKeys& keys);
tl::expected<StoredKeys, std::string> decode_stored_keys(std::string_view text);

}  // namespace latchkey::latchkeyd
