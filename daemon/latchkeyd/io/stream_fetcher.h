// SPDX-License-Identifier: Apache-2.0
//
// Reading on in a revocation stream, as its keeper sees it: latchkey-fetchd does it, and latchkeyd
// names the entry that it has come to.
#pragma once

#include <functional>
#include <string>

#include "daemon/latchkeyd/io/fetcher.h"

namespace latchkey::latchkeyd {

struct StreamRequest {
  std::string stream;  // short name
  std::string digest;  // of its section, as we read it
  std::string after;   // an entry id
};

// Belongs to the control thread.
class StreamFetcher {
 public:
  virtual ~StreamFetcher() = default;

  // As Fetcher::fetch_keys(); the body is an ipc::fetch::StreamBatch. Answered when there are
  // items, or when the stream was silent for a while.
  virtual void fetch_items(StreamRequest request, std::function<void(const FetchResult&)> done) = 0;
};

}  // namespace latchkey::latchkeyd
