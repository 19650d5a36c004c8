// SPDX-License-Identifier: Apache-2.0
//
// What a single value of the configuration may look like: durations with their unit, and the forms
// of text (a URL, a local name, a path…). Pure functions over text that an administrator wrote.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace latchkey::config {

// One number and one unit: ms, s, m, h or d ("50ms", "60s", "5m", "12h", "1d"). Nothing where it is
// anything else, or beyond 100 years.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

// The same way back, with the largest unit that leaves no rest.
std::string format_duration(std::chrono::milliseconds duration);

// A kind of text: what a message says was expected, and why a text is none (nothing where it is
// one).
struct Form {
  std::string_view expects;  // "an https URL"
  std::optional<std::string> (*fault)(std::string_view text);
};

extern const Form kAnyText;  // 1 to 2048 bytes without control characters
extern const Form kHttpsUrl;
extern const Form kIssuerUrl;   // an https URL without query (OpenID Connect Discovery section 3)
extern const Form kOriginForm;  // scheme, host and port
extern const Form kProvider;
extern const Form kDiscovery;
extern const Form kProxy;         // http://host:port
extern const Form kStreamServer;  // of Redis
extern const Form kTlsPin;        // sha256//BASE64
extern const Form kPath;          // absolute, without ".."
extern const Form kShortName;     // lower-case letters, digits and '-', as in file names
extern const Form kLabel;         // what a person calls a rule
extern const Form kLocalName;     // a local user or group
extern const Form kIdRange;       // of users and groups
extern const Form kHomeTemplate;  // an absolute path with one %u
extern const Form kNamesPath;     // a path that the names file can hold
extern const Form kService;       // a PAM service, or "*"
extern const Form kPlainService;  // a PAM service
extern const Form kAlgorithm;
extern const Form kSymmetricAlgorithm;
extern const Form kTokenKind;
extern const Form kTyp;         // of a header
extern const Form kPayloadTyp;  // of a payload
extern const Form kTemplate;    // of a name
extern const Form kNetwork;
extern const Form kTimeSpan;
extern const Form kOpaquePrefix;  // of a token that is none of the signed ones
extern const Form kHeaderMember;  // that may be required
extern const Form kLogLevel;

}  // namespace latchkey::config
