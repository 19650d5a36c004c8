// SPDX-License-Identifier: Apache-2.0
//
// Any bytes from the network. What the values have to be is for http_fields.h.
#include "daemon/fetchd/header_lines.h"

#include "daemon/fetchd/http_fields.h"

namespace latchkey::fetchd {

bool HeaderLines::take(std::string_view line) {
  bytes_ += line.size();
  if (++lines_ > kLinesMost) trouble_ = "the header has more than 256 lines";
  if (bytes_ > kBytesMost) trouble_ = "the header is larger than 65536 bytes";
  if (!trouble_.empty()) return false;
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  if (line.starts_with("HTTP/")) {
    begin();
    return true;
  }
  if (line.empty()) ended_ = true;
  if (ended_) return true;
  if (line.front() == ' ' || line.front() == '\t') {
    if (last_ != nullptr) *last_ += ' ' + std::string(trim(line));
    return true;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return true;
  last_ = place_of(line.substr(0, colon));
  if (last_ != nullptr) *last_ = trim(line.substr(colon + 1));
  return true;
}

// What a proxy or an interim answer said is none of the answer's.
void HeaderLines::begin() {
  content_encoding.clear();
  content_type.clear();
  etag.clear();
  last_modified.clear();
  age.clear();
  cache_control.clear();
  ended_ = false;
  last_ = nullptr;
}

std::string* HeaderLines::place_of(std::string_view name) {
  name = trim(name);
  if (equal_ignoring_case(name, "cache-control")) return &cache_control.emplace_back();
  std::string* place = nullptr;
  if (equal_ignoring_case(name, "content-encoding")) place = &content_encoding;
  if (equal_ignoring_case(name, "content-type")) place = &content_type;
  if (equal_ignoring_case(name, "etag")) place = &etag;
  if (equal_ignoring_case(name, "last-modified")) place = &last_modified;
  if (equal_ignoring_case(name, "age")) place = &age;
  return place != nullptr && place->empty() ? place : nullptr;
}

}  // namespace latchkey::fetchd
