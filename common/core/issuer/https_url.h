// SPDX-License-Identifier: Apache-2.0
//
// https URLs as far as we trust anybody to write them: absolute, https, ASCII, without user information and fragment.
// Whatever two parsers could read differently is refused (RFC 3986), so that the origin that is
// checked here is the one that curl connects to.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace latchkey::issuer {

// RFC 6454 section 4, for https only.
struct Origin {
  std::string host;  // lower case; an IPv6 address in its brackets
  std::uint16_t port = 443;

  std::string text() const;  // "https://host", with ":port" where it is not 443
  bool operator==(const Origin&) const = default;
};

struct HttpsUrl {
  Origin origin;
  std::string path;   // starts with '/', or empty
  std::string query;  // starts with '?', or empty
};

// Any bytes from anybody, up to limits::kClaimStringBytes. The error says in half a sentence what
// is wrong ("the scheme is not https") and quotes nothing.
tl::expected<HttpsUrl, std::string> parse_https_url(std::string_view url);

// The same for an origin alone: a URL without path (or with "/") and without query.
tl::expected<Origin, std::string> parse_origin(std::string_view text);

}  // namespace latchkey::issuer
