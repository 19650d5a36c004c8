// SPDX-License-Identifier: Apache-2.0
//
// Where an issuer's keys come from: keys in the file itself, discovery by either standard, a proxy,
// pins.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/config/dump.h"
#include "core/config/inline_keys.h"
#include "core/config/parse.h"
#include "core/config/source_checks.h"
#include "core/jose/jwk_set.h"

namespace latchkey::config {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// RFC 8037 appendix A.2, and its private half of appendix A.1.
const std::string kX = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
const std::string kD = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";

std::vector<SourceText> issuer(const std::string& more) {
  return {{"f",
           "version: 1\naccess: [ { services: [ sshd ], allow: { anyone: true } } ]\n"
           "issuers:\n  - name: corp\n    issuer: https://ID.example.com/realms/a/\n"
           "    audiences: [ a ]\n" +
               more}};
}

tl::expected<Config, std::vector<std::string>> parsed(const std::string& more) {
  auto config = parse(issuer(more));
  if (config) return *std::move(config);
  std::vector<std::string> messages;
  for (const auto& error : config.error()) messages.push_back(error.message);
  return tl::unexpected(std::move(messages));
}

TEST(InlineKeys, AreTheSameAsYamlAndAsJson) {
  const std::string yaml =
      "    keys:\n      keys:\n        - kty: OKP\n          crv: Ed25519\n"
      "          kid: \"1\"\n          ext: true\n          key_ops: [ verify ]\n"
      "          x: " +
      kX + "\n";
  const std::string json =
      "    keys: |\n      { \"keys\": [ { \"kty\": \"OKP\", \"crv\": \"Ed25519\",\n"
      "        \"kid\": \"1\", \"x\": \"" +
      kX + "\" } ] }\n";
  for (const std::string& text : {yaml, json}) {
    const auto config = parsed(text);
    ASSERT_TRUE(config) << config.error().front();
    const auto& section = config->issuers[0].config;
    EXPECT_TRUE(section.local_keys());
    EXPECT_EQ(section.discovery_url, "");
    const auto set = jose::JwkSet::parse(section.keys.document);
    ASSERT_TRUE(set);
    ASSERT_EQ(set->size(), 1U);
    EXPECT_EQ(set->keys()[0].kid(), "1");

    const auto again = parse(std::vector<SourceText>{{"f", dump(*config)}});
    ASSERT_TRUE(again) << dump(*config);
    EXPECT_EQ(again->digest, config->digest);
    EXPECT_EQ(again->issuers[0].config.keys.document, section.keys.document);
  }
}

TEST(InlineKeys, MustAllBePublicAndOfUse) {
  const std::string head = "    keys: { keys: [ { kty: OKP, crv: Ed25519, kid: k";
  struct Case {
    std::string name;
    std::string text;
    std::string want;
  };
  const std::vector<Case> cases = {
      {"a private key", head + ", x: " + kX + ", d: " + kD + " } ] }\n",
       "private or symmetric member 'd'"},
      {"a shared secret", "    keys: { keys: [ { kty: oct, k: AAAA } ] }\n", "expected keys that"},
      {"half a key", head + " } ] }\n", "expected keys that are all of use (key \"k\""},
      {"a key for encryption", head + ", use: enc, x: " + kX + " } ] }\n", "expected keys that"},
      {"a member twice", head + ", kid: j, x: " + kX + " } ] }\n", "expected a JWK set ("},
      {"no keys", "    keys: { keys: [] }\n", "at least one key"},
      {"a list", "    keys: [ { kty: OKP } ]\n", "a JWK set such as"},
      {"no JSON", "    keys: here they are\n", "expected a JWK set ("},
      {"a path", "    keys: /etc/keys.json\n", "expected a JWK set ("},
  };
  for (const Case& c : cases) {
    const auto config = parsed(c.text);
    ASSERT_FALSE(config) << c.name;
    EXPECT_THAT(config.error(), ElementsAre(AllOf(HasSubstr("'issuers[].keys': "),
                                                  HasSubstr(c.want), Not(HasSubstr(kD)))))
        << c.name;
  }
}

TEST(KeySources, ExcludeOneAnother) {
  const std::string keys = "    keys: { keys: [ { kty: OKP, crv: Ed25519, x: " + kX + " } ] }\n";
  const std::string pin =
      "    tls_pins: [ sha256//YhKJKSzoTt2b5FP18fvpHo7fJYqQCjAa3HWY3tvRMwE= ]\n";
  const std::vector<std::pair<std::string, std::string>> pairs = {
      {"discovery_url: https://a/d", "keys"},
      {"discovery: oidc", "keys"},
      {"jwks_uri: https://a/k", "keys"},
      {"jwks_file: /k", "keys"},
      {"ca_file: /c", "keys"},
      {"origins: [ https://a ]", "keys"},
      {"proxy: http://p:1", "keys"}};
  for (const auto& [line, other] : pairs) {
    const auto config = parsed(keys + "    " + line + "\n");
    ASSERT_FALSE(config) << line;
    EXPECT_THAT(config.error(), ElementsAre("'" + line.substr(0, line.find(':')) + "' and '" +
                                            other + "' exclude each other"));
  }
  for (const std::string& more :
       {keys + pin, pin + "    jwks_file: /k\n",
        std::string("    proxy: http://p:1\n    jwks_file: /k\n"),
        std::string("    discovery: oauth\n    jwks_uri: https://a/k\n")}) {
    const auto config = parsed(more);
    ASSERT_FALSE(config) << more;
    EXPECT_EQ(config.error().size(), 1U) << more;
  }
}

TEST(Discovery, IsWhereTheChosenStandardPutsIt) {
  EXPECT_EQ(parsed("")->issuers[0].config.discovery_url,
            "https://ID.example.com/realms/a/.well-known/openid-configuration");
  EXPECT_EQ(parsed("    discovery: oidc\n")->issuers[0].config.discovery_url,
            "https://ID.example.com/realms/a/.well-known/openid-configuration");
  EXPECT_EQ(parsed("    discovery: oauth\n")->issuers[0].config.discovery_url,
            "https://id.example.com/.well-known/oauth-authorization-server/realms/a");
  EXPECT_EQ(parsed("    discovery: oauth\n    discovery_url: https://a/d\n")
                ->issuers[0]
                .config.discovery_url,
            "https://a/d");
  EXPECT_FALSE(parsed("    discovery: saml\n"));
}

TEST(Proxy, HasHostAndPortAndNoCredentials) {
  for (const std::string good :
       {"http://proxy:3128", "http://192.0.2.1:1", "http://[2001:db8::1]:80"})
    EXPECT_TRUE(parsed("    proxy: \"" + good + "\"\n")) << good;
  for (const std::string bad :
       {"http://proxy", "http://proxy:", "http://proxy:0", "http://proxy:65536", "https://proxy:1",
        "socks5://proxy:1", "proxy:1", "http://proxy:1/", "http://proxy:1/x", "http://u:p@proxy:1",
        "http://u@proxy:1", "http://[2001:db8::1]", "http://proxy:1#x", "http://proxy:1?x",
        "http:// proxy:1", ""})
    EXPECT_FALSE(parsed("    proxy: \"" + bad + "\"\n")) << bad;
}

TEST(TlsPins, AreSha256InBase64) {
  const std::string good = "sha256//YhKJKSzoTt2b5FP18fvpHo7fJYqQCjAa3HWY3tvRMwE=";
  EXPECT_TRUE(parsed("    tls_pins: [ " + good + " ]\n"));
  EXPECT_EQ(parsed("    tls_pins: [ " + good + ", \"sha256//" + std::string(42, '/') + "8=\" ]\n")
                ->issuers[0]
                .config.tls_pins.size(),
            2U);
  for (const std::string& bad :
       {std::string("[]"), std::string("[ \"\" ]"), "[ " + good.substr(8) + " ]",
        "[ \"" + good + ";" + good + "\" ]", "[ \"" + good.substr(0, good.size() - 1) + "\" ]",
        "[ \"" + good.substr(0, good.size() - 2) + "==\" ]", std::string("[ /etc/pin.pem ]"),
        "[ \"sha256//" + std::string(42, '-') + "8=\" ]",
        "[ \"sha256//" + std::string(43, '/') + "=\" ]"})  // bits beyond the 32 bytes
    EXPECT_FALSE(parsed("    tls_pins: " + bad + "\n")) << bad;
}

TEST(RefreshBounds, MustBeInOrder) {
  EXPECT_TRUE(parsed("    max_refresh_interval: 12h\n"));
  EXPECT_FALSE(parsed("    max_refresh_interval: 43201s\n")) << "more than half of max_stale";
  EXPECT_TRUE(parsed("    max_refresh_interval: 60s\n"));
  EXPECT_FALSE(parsed("    max_refresh_interval: 59s\n")) << "less than min_fetch_interval";
}

}  // namespace
}  // namespace latchkey::config
