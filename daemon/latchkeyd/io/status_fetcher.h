// SPDX-License-Identifier: Apache-2.0
//
// Fetching a status list, as its keeper sees it: latchkey-fetchd does it. The one document whose
// place latchkeyd names, since tokens do; latchkey-fetchd holds it against the section.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "daemon/latchkeyd/io/fetcher.h"

namespace latchkey::latchkeyd {

struct StatusRequest {
  std::string section;              // short name
  std::string digest;               // of that section, as we read it
  std::string uri;                  // one that the section takes
  std::string etag = {};            // of the list at hand; empty: none
  std::string last_modified = {};   // likewise
  std::chrono::seconds timeout{0};  // of the whole fetch, as configured
};

// Belongs to the control thread.
class StatusFetcher {
 public:
  virtual ~StatusFetcher() = default;

  // As Fetcher::fetch_keys().
  virtual void fetch_status_list(StatusRequest request,
                                 std::function<void(const FetchResult&)> done) = 0;
};

}  // namespace latchkey::latchkeyd
