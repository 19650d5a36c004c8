// SPDX-License-Identifier: Apache-2.0
//
// Fetching a key set, as the key keeper sees it: latchkey-fetchd does it, and latchkeyd names no
// URL.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace latchkey::latchkeyd {

struct FetchRequest {
  std::string issuer;               // short name
  std::string digest;               // of that issuer's section, as we read it
  std::string etag;                 // of the set at hand; empty: none
  std::string last_modified = {};   // likewise
  std::chrono::seconds timeout{0};  // of the whole fetch, as configured; 0: the client's own
};

struct FetchResult {
  enum class Status : std::uint8_t {
    ok,            // `body` is the set
    not_modified,  // the set with that etag, or of that date, is still right
    reload,        // fetchd reads another configuration than we do
    failed,        // the provider was asked, or could not be
    untrusted,     // who answered does not show the certificate or the pin that is configured
    unreachable,   // fetchd could not be asked: no provider saw anything
    busy,          // fetchd asks so much already, or asked so much: likewise
  };
  Status status = Status::unreachable;
  std::string_view body;  // valid during the call only
  std::string etag;
  std::string last_modified = {};
  std::optional<std::chrono::seconds> max_age;
  std::optional<std::chrono::seconds> retry_after;
  std::string error;  // one line; not for ok and not_modified
};

// Belongs to the control thread.
class Fetcher {
 public:
  virtual ~Fetcher() = default;

  // `done` runs once, later, on the control thread; never inside the call.
  virtual void fetch_keys(FetchRequest request, std::function<void(const FetchResult&)> done) = 0;
};

}  // namespace latchkey::latchkeyd
