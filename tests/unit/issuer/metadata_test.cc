// SPDX-License-Identifier: Apache-2.0
#include "core/issuer/metadata.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/base/limits.h"

namespace latchkey::issuer {
namespace {

IssuerConfig corp() {
  IssuerConfig config;
  config.issuer = "https://id.example.com/realms/corp";
  config.origins = {"https://keys.example.com"};
  return config;
}

struct Case {
  std::string name;
  std::string json;
  std::string want;  // jwks_uri, or empty: refused
};

TEST(Metadata, AreTakenFromTheIssuerThatWasAsked) {
  const std::string issuer = R"("issuer":"https://id.example.com/realms/corp")";
  const std::vector<Case> cases = {
      {"taken with keys at the issuer's origin",
       "{" + issuer + R"(,"jwks_uri":"https://id.example.com/k"})", "https://id.example.com/k"},
      {"taken with keys at a configured origin",
       "{" + issuer + R"(,"jwks_uri":"https://keys.example.com/k"})", "https://keys.example.com/k"},
      {"taken with members that nobody reads",
       "{" + issuer + R"(,"jwks_uri":"https://id.example.com/k","x":[1,{"a":null}]})",
       "https://id.example.com/k"},
      {"refused with a slash behind the issuer (Discovery section 4.3)",
       R"({"issuer":"https://id.example.com/realms/corp/","jwks_uri":"https://id.example.com/k"})",
       ""},
      {"refused with the issuer in another case",
       R"({"issuer":"https://ID.example.com/realms/corp","jwks_uri":"https://id.example.com/k"})",
       ""},
      {"refused with another tenant",
       R"({"issuer":"https://id.example.com/realms/other","jwks_uri":"https://id.example.com/k"})",
       ""},
      {"refused without an issuer", R"({"jwks_uri":"https://id.example.com/k"})", ""},
      {"refused with an issuer that is no string",
       R"({"issuer":1,"jwks_uri":"https://id.example.com/k"})", ""},
      {"refused without jwks_uri", "{" + issuer + "}", ""},
      {"refused with jwks_uri that is no string",
       "{" + issuer + R"(,"jwks_uri":["https://id.example.com/k"]})", ""},
      {"refused with keys over http", "{" + issuer + R"(,"jwks_uri":"http://id.example.com/k"})",
       ""},
      {"refused with keys in a file", "{" + issuer + R"(,"jwks_uri":"file:///etc/passwd"})", ""},
      {"refused with keys elsewhere", "{" + issuer + R"(,"jwks_uri":"https://evil.example/k"})",
       ""},
      {"refused with keys on another port",
       "{" + issuer + R"(,"jwks_uri":"https://id.example.com:8443/k"})", ""},
      {"refused with keys at a suffix of the host",
       "{" + issuer + R"(,"jwks_uri":"https://id.example.com.evil/k"})", ""},
      {"refused with the host as user information",
       "{" + issuer + R"(,"jwks_uri":"https://id.example.com@evil/k"})", ""},
      {"refused with keys on link-local",
       "{" + issuer + R"(,"jwks_uri":"https://169.254.169.254/k"})", ""},
      {"refused with a duplicate name (RFC 8259 section 4)",
       "{" + issuer +
           R"(,"jwks_uri":"https://id.example.com/k","jwks_uri":"https://id.example.com/l"})",
       ""},
      {"refused as an array", "[{" + issuer + R"(,"jwks_uri":"https://id.example.com/k"}])", ""},
      {"refused as HTML", "<html></html>", ""},
      {"refused when cut", "{" + issuer + R"(,"jwks_uri":"https://id.exa)", ""},
      {"refused where empty", "", ""},
  };
  for (const auto& c : cases) {
    const auto metadata = parse_metadata(c.json, corp());
    EXPECT_EQ(metadata ? metadata->jwks_uri : "", c.want) << c.name;
    if (!metadata) {
      EXPECT_EQ(metadata.error().reason, Reason::keys_missing) << c.name;
    }
  }
}

TEST(Metadata, AreBoundedInSize) {
  const std::string start =
      R"({"issuer":"https://id.example.com/realms/corp","jwks_uri":"https://id.example.com/k")";
  const auto room = limits::kDiscoveryBytes - start.size() - 1;
  EXPECT_TRUE(parse_metadata(start + std::string(room, ' ') + "}", corp()));
  EXPECT_FALSE(parse_metadata(start + std::string(room + 1, ' ') + "}", corp()));
}

TEST(Metadata, ARefusalShowsForeignTextEscaped) {
  const auto metadata = parse_metadata("{\"issuer\":\"evil\\u001b[2J\"}", corp());
  ASSERT_FALSE(metadata);
  EXPECT_NE(metadata.error().detail.find("\\x1b"), std::string::npos);
  EXPECT_EQ(metadata.error().detail.find('\x1b'), std::string::npos);
}

TEST(Metadata, ThatAreNoObjectAreNotLookedInto) {
  const auto metadata = parse_metadata(R"([{"issuer":"x"}])", corp());
  ASSERT_FALSE(metadata);
  EXPECT_EQ(metadata.error().detail, "the discovery document is no JSON object");
}

TEST(DiscoveryUrl, LiesBelowTheIssuer) {
  auto config = corp();
  EXPECT_EQ(discovery_url(config),
            "https://id.example.com/realms/corp/.well-known/openid-configuration");
  config.issuer += '/';
  EXPECT_EQ(discovery_url(config),
            "https://id.example.com/realms/corp/.well-known/openid-configuration")
      << "Discovery section 4.1: the terminating slash is removed";
  config.discovery_url = "https://id.example.com/elsewhere";
  EXPECT_EQ(discovery_url(config), "https://id.example.com/elsewhere");
}

TEST(AllowedOrigins, AreTheIssuersAndTheConfiguredOnes) {
  auto config = corp();
  config.discovery_url = "https://discovery.example.com/d";
  config.jwks_uri = "https://id.example.com/k";
  std::vector<std::string> origins;
  for (const auto& origin : allowed_origins(config)) origins.push_back(origin.text());
  EXPECT_EQ(origins,
            (std::vector<std::string>{"https://id.example.com", "https://discovery.example.com",
                                      "https://keys.example.com"}));
}

}  // namespace
}  // namespace latchkey::issuer
