// SPDX-License-Identifier: Apache-2.0
//
// Fetching a revocation list, as its keeper sees it: latchkey-fetchd does it, and latchkeyd names
// no URL. Of a chunk it names the digest.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>

#include "daemon/latchkeyd/io/fetcher.h"

namespace latchkey::latchkeyd {

struct ListRequest {
  std::string list;                 // short name
  std::string digest;               // of its section, as we read it
  std::string sha256 = {};          // of the chunk; empty: the manifest is asked for
  std::size_t bytes = 0;            // of the chunk
  std::string etag = {};            // of the manifest at hand; empty: none
  std::string last_modified = {};   // likewise
  std::chrono::seconds timeout{0};  // of the whole fetch, as configured
};

// Belongs to the control thread.
class ListFetcher {
 public:
  virtual ~ListFetcher() = default;

  // As Fetcher::fetch_keys().
  virtual void fetch_list(ListRequest request, std::function<void(const FetchResult&)> done) = 0;
};

}  // namespace latchkey::latchkeyd
