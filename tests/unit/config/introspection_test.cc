// SPDX-License-Identifier: Apache-2.0
//
// The keys about introspection: what they demand of each other, and that no token could be two
// issuers' own.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/config/dump.h"
#include "core/config/parse.h"

namespace latchkey::config {
namespace {

using namespace std::chrono_literals;
using issuer::AnswerForm;
using issuer::ClientAuthentication;
using issuer::IntrospectionMode;

tl::expected<Config, std::vector<ConfigError>> parsed(std::string text) {
  const std::vector<SourceText> sources = {{"f", std::move(text)}};
  return parse(sources);
}

std::string messages(const std::string& text) {
  std::string out;
  const auto config = parsed(text);
  if (config) return "no error";
  for (const auto& error : config.error()) out += describe(error) + '\n';
  return out;
}

// The issuer's lines are 2 to 5, `more` starts in line 6.
std::string issuer(const std::string& more, const std::string& name = "a") {
  return "  - name: " + name + "\n    issuer: https://" + name + "\n    audiences: [ x ]\n" + more;
}
std::string file(const std::string& issuers) { return "version: 1\nissuers:\n" + issuers; }

const std::string kClient = "    introspection_client: { client_id: c, secret_file: /s }\n";
const std::string kRequired = "    introspection: required\n" + kClient;

TEST(Introspection, IsOffUnlessAskedForAndHasShortLives) {
  const auto config = parsed(file(issuer(""))).value();
  const auto& off = config.issuers[0].config.introspection;
  EXPECT_EQ(off.mode, IntrospectionMode::off);
  const issuer::IntrospectionConfig by_hand;
  EXPECT_EQ(off.positive_ttl, by_hand.positive_ttl);
  EXPECT_EQ(off.negative_ttl, by_hand.negative_ttl);
  EXPECT_EQ(off.rate, by_hand.rate);
  EXPECT_EQ(off.answers, by_hand.answers);
  EXPECT_EQ(off.down, by_hand.down);
}

TEST(Introspection, IsWhatTheSectionSays) {
  const auto config = parsed(file(issuer(R"(    introspection: required
    introspection_endpoint: https://a/introspect
    introspection_answers: jwt
    introspection_down: signature
    introspection_positive_ttl: 10s
    introspection_negative_ttl: 2s
    introspection_rate: 7
    introspection_client:
      client_id: latchkey
      authentication: private_key_jwt
      key_file: /k
      key_algorithm: ES256
      key_id: one
      audience: endpoint
    opaque_tokens: { prefixes: [ a_ ], services: [ sshd ] }
)")))
                          .value();
  const auto& on = config.issuers[0].config.introspection;
  EXPECT_EQ(on.mode, IntrospectionMode::required);
  EXPECT_EQ(on.endpoint, "https://a/introspect");
  EXPECT_EQ(on.answers, AnswerForm::jwt);
  EXPECT_EQ(on.down, issuer::WhenDown::signature);
  EXPECT_EQ(on.positive_ttl, 10s);
  EXPECT_EQ(on.negative_ttl, 2s);
  EXPECT_EQ(on.rate, 7U);
  EXPECT_EQ(on.client.client_id, "latchkey");
  EXPECT_EQ(on.client.authentication, ClientAuthentication::private_key_jwt);
  EXPECT_EQ(on.client.key_file, "/k");
  EXPECT_EQ(on.client.key_algorithm, "ES256");
  EXPECT_EQ(on.client.key_id, "one");
  EXPECT_EQ(on.client.audience, issuer::AssertionAudience::endpoint);
  EXPECT_EQ(on.opaque.prefixes, std::vector<std::string>{"a_"});
  EXPECT_EQ(on.opaque.services, std::vector<std::string>{"sshd"});
  const auto again = parsed(dump(config)).value();
  EXPECT_EQ(again.issuers[0].config.digest, config.issuers[0].config.digest);
}

// latchkeyctl reads the daemon's dump; a default that stands there must be no mistake.
TEST(Introspection, ADumpOfEachModeParsesToTheSame) {
  for (const std::string& more :
       {kRequired, kRequired + "    jwks_file: /k\n    introspection_endpoint: https://a/i\n",
        "    introspection: opaque_only\n" + kClient +
            "    opaque_tokens: { services: [ sshd ] }\n",
        std::string("    opaque_tokens: { services: [ sshd ] }\n")}) {
    const auto config = parsed(file(issuer(more))).value();
    const std::string dumped = dump(config);
    EXPECT_EQ(messages(dumped), "no error") << dumped;
    EXPECT_EQ(parsed(dumped).value().digest, config.digest);
  }
}

TEST(Introspection, EachOfItsKeysChangesTheIssuersDigest) {
  const auto digest = [](const std::string& more) {
    return parsed(file(issuer(more))).value().issuers[0].config.digest;
  };
  const std::string base = digest(kRequired);
  for (const char* more :
       {"introspection_endpoint: https://a/i", "introspection_answers: jwt",
        "introspection_down: signature", "introspection_positive_ttl: 31s",
        "introspection_negative_ttl: 4s", "introspection_rate: 51",
        "opaque_tokens: { prefixes: [ a_ ] }", "opaque_tokens: { services: [ sshd ] }"})
    EXPECT_NE(digest(kRequired + "    " + more + "\n"), base) << more;
  EXPECT_NE(digest("    introspection: required\n"
                   "    introspection_client: { client_id: c, secret_file: /t }\n"),
            base);
}

TEST(Introspection, TheNegativeLifeIsNeverTheLongerOne) {
  const auto config =
      parsed(file(issuer(kRequired + "    introspection_positive_ttl: 0s\n"))).value();
  EXPECT_EQ(config.issuers[0].config.introspection.negative_ttl, 0s) << "the default follows";
  EXPECT_NE(messages(file(issuer(kRequired + "    introspection_negative_ttl: 31s\n")))
                .find("f:8:5: 'introspection_negative_ttl' is more than"),
            std::string::npos);
}

TEST(Introspection, WhatItNeedsIsDemanded) {
  const struct {
    std::string more;
    std::string_view want;
  } cases[] = {
      {"    introspection: sometimes\n",
       "f:6:20: 'issuers[].introspection': expected off, opaque_only or required"},
      {"    introspection: required\n", "needs 'introspection_client' with 'client_id'"},
      {"    introspection: required\n    introspection_client: { client_id: c }\n",
       "needs 'secret_file'"},
      {"    introspection: required\n    introspection_client: { client_id: c, authentication: "
       "private_key_jwt }\n",
       "needs 'key_file'"},
      {"    introspection: required\n    introspection_client: { client_id: c, authentication: "
       "private_key_jwt, key_file: /k, secret_file: /s }\n",
       "'authentication: private_key_jwt' has no secret"},
      {"    introspection: required\n    introspection_client: { client_id: c, secret_file: /s, "
       "key_file: /k }\n",
       "'key_file' is for 'authentication: private_key_jwt'"},
      {"    introspection: required\n    introspection_client: { client_id: c, secret_file: s }\n",
       "expected an absolute path"},
      {"    introspection: opaque_only\n" + kClient, "needs 'opaque_tokens'"},
      {kRequired + "    jwks_uri: https://a/k\n", "needs 'introspection_endpoint'"},
      {kRequired + "    jwks_file: /k\n", "needs 'introspection_endpoint'"},
      {kRequired + "    introspection_endpoint: http://a/i\n", "expected an https URL"},
      {"    introspection: opaque_only\n    introspection_down: signature\n" + kClient +
           "    opaque_tokens: { prefixes: [ a_ ] }\n",
       "'introspection_down: signature' is for 'introspection: required'"},
      {kRequired + "    tokens: [ id ]\n    opaque_tokens: { prefixes: [ a_ ] }\n",
       "'tokens' has no access"},
      {kRequired + "    require_header: { env: prod }\n    opaque_tokens: { prefixes: [ a_ ] }\n",
       "opaque tokens have no header"},
      {kRequired + "    opaque_tokens: { prefixes: [ ey ] }\n", "a signed token begins like that"},
      {kRequired + "    opaque_tokens: { prefixes: [ e ] }\n", "a signed token begins like that"},
      {kRequired + "    opaque_tokens: { prefixes: [ eyJhbGci ] }\n",
       "a signed token begins like that"},
      {kRequired + "    opaque_tokens: { prefixes: [ \"a b\" ] }\n", "only visible ASCII"},
      {kRequired + "    opaque_tokens: { prefixes: [] }\n", "must not be an empty list"},
      {kRequired + "    symmetric_key_file: /k\n    symmetric_algorithm: HS256\n"
                   "    introspection_endpoint: https://a/i\n    introspection_answers: jwt\n",
       "signed answers need keys that the provider publishes"},
  };
  for (const auto& c : cases) {
    const std::string said = messages(file(issuer(c.more)));
    EXPECT_NE(said.find(c.want), std::string::npos) << c.more << said;
  }
}

TEST(Introspection, AHostWithLocalKeysMayAskOnItsOwnWay) {
  const std::string way =
      "    ca_file: /ca\n    proxy: http://p:1\n"
      "    tls_pins: [ sha256//YhKJKSzoTt2b5FP18fvpHo7fJYqQCjAa3HWY3tvRMwE= ]\n";
  for (const std::string keys :
       {"    jwks_file: /k\n", "    symmetric_key_file: /k\n    symmetric_algorithm: HS256\n",
        "    keys: { keys: [ { kty: OKP, crv: Ed25519, "
        "x: 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo } ] }\n"}) {
    EXPECT_EQ(messages(file(
                  issuer(kRequired + way + keys + "    introspection_endpoint: https://a/i\n"))),
              "no error");
    EXPECT_NE(messages(file(issuer(kRequired + way + keys))).find("needs 'introspection_endpoint'"),
              std::string::npos)
        << keys;
    EXPECT_NE(messages(file(issuer(way + keys))).find("exclude each other"), std::string::npos)
        << keys;
  }
}

TEST(Introspection, WhatMeansNothingWhileItIsOffIsWarnedAbout) {
  const auto config = parsed(file(issuer("    opaque_tokens: { prefixes: [ a_ ] }\n"))).value();
  ASSERT_FALSE(config.warnings.empty());
  bool said = false;
  for (const auto& warning : config.warnings)
    said = said || warning.message.find("'introspection' is off") != std::string::npos;
  EXPECT_TRUE(said);
}

TEST(Introspection, NoTokenCouldBeTwoIssuersOwn) {
  const auto two = [](const std::string& first, const std::string& second) {
    const auto one = [](const std::string& opaque, const std::string& name) {
      return issuer(
          "    introspection: opaque_only\n" + kClient + "    opaque_tokens: " + opaque + "\n",
          name);
    };
    return messages(file(one(first, "a") + one(second, "b")));
  };
  const struct {
    std::string_view name;
    std::string first;
    std::string second;
    bool good;
  } cases[] = {
      {"other prefixes", "{ prefixes: [ a_ ] }", "{ prefixes: [ b_ ] }", true},
      {"the same prefix", "{ prefixes: [ a_ ] }", "{ prefixes: [ b_, a_ ] }", false},
      {"one is the other's beginning", "{ prefixes: [ a_x ] }", "{ prefixes: [ a_ ] }", false},
      {"other services", "{ services: [ sshd ] }", "{ services: [ sudo ] }", true},
      {"the same service", "{ services: [ sshd ] }", "{ services: [ sudo, sshd ] }", false},
      {"a prefix in any service, and any token in one", "{ prefixes: [ a_ ] }",
       "{ services: [ sshd ] }", false},
      {"the same prefix in other services", "{ prefixes: [ a_ ], services: [ sshd ] }",
       "{ prefixes: [ a_ ], services: [ sudo ] }", true},
      {"other prefixes in the same service", "{ prefixes: [ a_ ], services: [ sshd ] }",
       "{ prefixes: [ b_ ], services: [ sshd ] }", true},
  };
  for (const auto& c : cases) {
    const std::string said = two(c.first, c.second);
    EXPECT_EQ(said == "no error", c.good) << c.name << '\n' << said;
    EXPECT_EQ(said.find("f:14:5: ") != std::string::npos, !c.good) << said;
  }
}

}  // namespace
}  // namespace latchkey::config
