// SPDX-License-Identifier: Apache-2.0
//
// One connection to the Redis server of a revocation stream, and the one thing that is asked over
// it: what lies behind an entry (docs/REVOCATION-STREAM.md section 3, reading on). Whether a reader
// missed something is asked with each batch, before the items: who was away while the stream was
// trimmed has to know.
#pragma once

#include <optional>
#include <string>

#include "core/config/revocation_config.h"
#include "ipc/stream_batch.h"
#include "redis/connection.h"

namespace latchkey::fetchd {

class StreamSession {
 public:
  // Connects and signs in; the password is read for that and kept nowhere.
  static redis::Result<StreamSession> open(const config::StreamSource& stream, int stop);

  // Waits for items for up to ipc::fetch::kItemsWait; none may come.
  redis::Result<ipc::fetch::StreamBatch> after(const std::string& id);

 private:
  StreamSession(redis::Connection connection, std::string key)
      : connection_(std::move(connection)), key_(std::move(key)) {}

  redis::Connection connection_;
  std::string key_;
};

// What the replies say; for the session, and its tests. `protocol` where they are none.
struct StreamStanding {
  bool trimmed = false;  // behind the entry
  bool anew = false;     // there is no stream, or a younger one
  std::string end;       // the last entry that there ever was
};
redis::Result<StreamStanding> read_standing(const redis::Reply& info,
                                            const ipc::fetch::EntryId& after);
redis::Result<std::vector<ipc::fetch::StreamBatch::Item>> read_items(
    const redis::Reply& reply, const std::string& key, const ipc::fetch::EntryId& after);

}  // namespace latchkey::fetchd
