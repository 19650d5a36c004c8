// SPDX-License-Identifier: Apache-2.0
//
// What is asked of an https server, and what came of it: values, so that the order of the requests
// (fetch_plan.h) can be told apart from their transport (transfer.h).
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "wire/secret_buffer.h"

namespace latchkey::fetchd {

struct HttpRequest {
  std::string url;                    // https, checked against the issuer's origins
  std::string ca_file;                // empty: the system's
  std::string etag;                   // If-None-Match
  std::string last_modified;          // If-Modified-Since, where there is no etag
  std::vector<std::string> tls_pins;  // of which the server's key must be one; empty: any
  std::string proxy;                  // "http://host:port"; empty: none
  std::size_t body_most = 0;
  // Where it is set, the request is a POST of this form, or of what `form_type` says.
  std::shared_ptr<const wire::SecretBuffer> form = nullptr;
  std::shared_ptr<const wire::SecretBuffer> authorization = nullptr;  // a whole header line
  std::string accept = "application/json";
  std::string form_type = "application/x-www-form-urlencoded";
  // Only the time for all of it bounds it: who is slow is there all the same, and to be given up
  // early looks like nobody.
  bool any_speed = false;

  bool conditional() const { return !etag.empty() || !last_modified.empty(); }
};

// A whole answer with status 200, or 304 where the request was conditional.
struct HttpResponse {
  long status = 0;
  std::string body;
  std::string etag;                             // empty where there is none of good form
  std::optional<std::chrono::seconds> max_age;  // Cache-Control (less Age)
  std::string last_modified = {};               // like the etag
  std::string content_type = {};                // as it came; empty where there is none
};

// Everything else.
struct HttpFailure {
  std::string cause;                                // one printable line; holds nothing of the body
  std::optional<std::chrono::seconds> retry_after;  // with status 429 or 503
  std::optional<int> status = std::nullopt;         // where the server answered
  bool untrusted = false;    // who answered does not show the certificate or the pin that it should
  bool unreachable = false;  // nobody is there, and not for a cause of ours (trouble.h)
  bool silent = false;       // the time is over, of a connection that stood
};

}  // namespace latchkey::fetchd
