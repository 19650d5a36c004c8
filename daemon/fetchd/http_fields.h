// SPDX-License-Identifier: Apache-2.0
//
// The few header fields that matter to a fetch. Any bytes from the network: what is not of its form
// counts as absent.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace latchkey::fetchd {

// RFC 9110 section 8.8.3, printable ASCII only, up to 1024 bytes: it goes back to the server in If-None-Match, so
// nothing else may get through in either direction.
bool is_entity_tag(std::string_view text);

// RFC 9110 section 5.6.7, the one form that may still be sent: "Sun, 06 Nov 1994 08:49:37 GMT". It goes back to the server
// as it came.
bool is_http_date(std::string_view text);

// For how long the answer is fresh (RFC 9111 section 4.2.1), from all Cache-Control fields and the
// Age field (empty where there is none): 0 for no-store and no-cache, nothing where max-age is
// missing or broken.
std::optional<std::chrono::seconds> freshness_lifetime(std::span<const std::string> cache_control,
                                                       std::string_view age);

// Without spaces and tabs at its ends.
std::string_view trim(std::string_view text);

// ASCII letters only.
bool equal_ignoring_case(std::string_view left, std::string_view right);

// Whether a Content-Type names that media type (lower case, with its slash), parameters aside.
bool is_media_type(std::string_view content_type, std::string_view name);

// The text as one printable ASCII line of at most `most` bytes; other bytes become '?'.
std::string printable(std::string_view text, std::size_t most);

}  // namespace latchkey::fetchd
