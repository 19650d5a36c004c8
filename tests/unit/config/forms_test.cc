// SPDX-License-Identifier: Apache-2.0
#include "core/config/forms.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace latchkey::config {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using std::chrono::milliseconds;

TEST(Duration, IsOneWholeNumberAndOneUnit) {
  struct Case {
    std::string text;
    std::optional<milliseconds> want;
  };
  const std::vector<Case> cases = {
      {"0s", 0ms},
      {"60s", 60s},
      {"5m", 5min},
      {"12h", 12h},
      {"1d", 24h},
      {"50ms", 50ms},
      {"007s", 7s},
      {"36525d", 36525 * 24h},
      {"36526d", {}},
      {"", {}},
      {"60", {}},
      {"s", {}},
      {"60 s", {}},
      {" 60s", {}},
      {"60s ", {}},
      {"1.5h", {}},
      {"1h30m", {}},
      {"-1s", {}},
      {"+1s", {}},
      {"60S", {}},
      {"60sec", {}},
      {"1e3s", {}},
      {"0x10s", {}},
      {"60s\n", {}},
      {"9223372036854775807d", {}},
      {"9223372036854775808s", {}},
      {"99999999999999999999s", {}},
  };
  for (const auto& c : cases) EXPECT_EQ(parse_duration(c.text), c.want) << '"' << c.text << '"';
}

TEST(Duration, IsWrittenWithTheLargestUnitThatFits) {
  EXPECT_EQ(format_duration(0s), "0s");
  EXPECT_EQ(format_duration(1ms), "1ms");
  EXPECT_EQ(format_duration(1500ms), "1500ms");
  EXPECT_EQ(format_duration(60s), "1m");
  EXPECT_EQ(format_duration(61s), "61s");
  EXPECT_EQ(format_duration(24h), "1d");
  EXPECT_EQ(format_duration(25h), "25h");
}

TEST(Form, TakesAndRefusesTexts) {
  struct Case {
    std::string name;
    const Form* form;
    std::string text;
    bool want;
  };
  const std::vector<Case> cases = {
      {"text of 2048 bytes", &kAnyText, std::string(2'048, 'a'), true},
      {"no text of 2049", &kAnyText, std::string(2'049, 'a'), false},
      {"no empty text", &kAnyText, "", false},
      {"no text with a newline", &kAnyText, "a\nb", false},
      {"no text with NUL", &kAnyText, "a\0b"s, false},
      {"an issuer with a slash at the end", &kIssuerUrl, "https://t.auth0.com/", true},
      {"no issuer over http", &kIssuerUrl, "http://id.example.com", false},
      {"no issuer with a query", &kIssuerUrl, "https://id.example.com/?a", false},
      {"a URL with a query", &kHttpsUrl, "https://id.example.com/?a", true},
      {"no origin with a path", &kOriginForm, "https://id.example.com/a", false},
      {"an absolute path", &kPath, "/etc/latchkey/ca.pem", true},
      {"a path with two dots in a name", &kPath, "/etc/a..b", true},
      {"no relative path", &kPath, "ca.pem", false},
      {"no path with ..", &kPath, "/etc/../tmp/a", false},
      {"no path that ends in ..", &kPath, "/etc/..", false},
      {"no folder", &kPath, "/etc/", false},
      {"a short name", &kShortName, "corp-1", true},
      {"no short name with a dot", &kShortName, "..", false},
      {"no short name with a slash", &kShortName, "a/b", false},
      {"no short name in upper case", &kShortName, "Corp", false},
      {"no short name of 33", &kShortName, std::string(33, 'a'), false},
      {"no short name with a dash in front", &kShortName, "-a", false},
      {"a label", &kLabel, "access[1]", true},
      {"a label with blanks inside", &kLabel, "sre use sudo", true},
      {"no label with a blank in front", &kLabel, " a", false},
      {"no label with a quote", &kLabel, "a\"b", false},
      {"a local name in upper case", &kLocalName, "DevOps", true},
      {"no local name with a colon", &kLocalName, "a:b", false},
      {"a service", &kService, "sudo-i", true},
      {"any service", &kService, "*", true},
      {"no pattern of services", &kService, "su*", false},
      {"no plain service that is any", &kPlainService, "*", false},
      {"no service with a slash", &kPlainService, "a/b", false},
      {"an algorithm", &kAlgorithm, "ES256", true},
      {"no algorithm in another case", &kAlgorithm, "es256", false},
      {"no symmetric algorithm", &kAlgorithm, "HS256", false},
      {"no missing algorithm", &kAlgorithm, "none", false},
      {"a kind of token", &kTokenKind, "id", true},
      {"no other kind of token", &kTokenKind, "refresh", false},
      {"a type", &kTyp, "at+jwt", true},
      {"a type in full", &kTyp, "application/at+jwt", true},
      {"no type with a blank", &kTyp, "at jwt", false},
      {"no logout token", &kTyp, "logout+jwt", false},
      {"no DPoP proof", &kTyp, "application/dpop+jwt", false},
      {"no security event", &kTyp, "SECEVENT+JWT", false},
      {"a payload's type", &kPayloadTyp, "Bearer", true},
      {"no payload's type of a refresh token", &kPayloadTyp, "refresh", false},
      {"a log level", &kLogLevel, "debug", true},
      {"no other log level", &kLogLevel, "trace", false},
  };
  for (const auto& c : cases) EXPECT_EQ(!c.form->fault(c.text), c.want) << c.name;
}

}  // namespace
}  // namespace latchkey::config
