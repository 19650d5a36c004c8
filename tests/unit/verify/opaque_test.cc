// SPDX-License-Identifier: Apache-2.0
//
// Which issuer is asked about a token: the configuration's prefixes and services say so.
#include "core/opaque.h"

#include "core/jose/base64url.h"

#include "tests/unit/verify/asked_issuer.h"

namespace latchkey::testing {
namespace {

config::Config config() {
  config::Config config;
  const auto add = [&](std::string name, std::vector<std::string> prefixes,
                       std::vector<std::string> services) {
    auto issuer = make_issuer(name, "https://" + name + ".example.com");
    issuer.config.introspection.mode = issuer::IntrospectionMode::opaque_only;
    issuer.config.introspection.opaque = {std::move(prefixes), std::move(services)};
    config.issuers.push_back(std::move(issuer));
  };
  add("signed-only", {}, {});
  add("prefix", {"corp_", "gho_"}, {});
  add("service", {}, {"sshd"});
  add("both", {"x_"}, {"sudo"});
  return config;
}

TEST(Opaque, TheConfigurationSaysWhoIsAsked) {
  const std::string jwt = signed_token();
  const struct {
    std::string_view name;
    std::string token;
    std::string_view service;
    std::optional<std::size_t> want;
  } cases[] = {
      {"by its prefix, in any service", "corp_0123456789", "cron", 1},
      {"by its other prefix", "gho_0123456789", "cron", 1},
      {"by its prefix, though it looks signed", "corp_" + jwt, "cron", 1},
      {"nobody: a prefix that is configured nowhere", "abc_0123456789", "cron", std::nullopt},
      {"nobody: the prefix in another case", "CORP_0123456789", "cron", std::nullopt},
      {"nobody: the prefix further behind", "acorp_0123456789", "cron", std::nullopt},
      {"by the service", "abc_0123456789", "sshd", 2},
      {"by the service: one dot makes no signed token", "ya29.a0AfH6SMBx", "sshd", 2},
      {"by the service: all that a bearer token may hold", "AZaz09-._~+/==", "sshd", 2},
      {"by the service: begins like an object, and no dot is there", "eyJ0123456789abc", "sshd", 2},
      {"nobody: three parts, whatever they are", "a.b.c", "sshd", std::nullopt},
      {"nobody: five parts, an encrypted token", "a.b.c.d.e", "sshd", std::nullopt},
      {"nobody: a signed token whose header is longer than one may be",
       jose::encode_base64url("{\"x5c\":[\"" + std::string(5'000, 'M') + "\"]}") +
           jwt.substr(jwt.find('.')),
       "sshd", std::nullopt},
      {"nobody: a padded header",
       "eyJhbGciOiJFUzI1NiIsImtpZCI6IjEifQ==" + jwt.substr(jwt.find('.')), "sshd", std::nullopt},
      {"nobody: a header with a member twice",
       jose::encode_base64url(R"({"alg":"ES256","alg":"ES256"})") + jwt.substr(jwt.find('.')),
       "sshd", std::nullopt},
      {"nobody: a quote in front", '"' + jwt, "sshd", std::nullopt},
      {"nobody: a sign of equality in front", '=' + jwt, "sshd", std::nullopt},
      {"nobody: a dash in front, cut behind the header", '-' + jwt.substr(0, jwt.find('.') + 5),
       "sshd", std::nullopt},
      {"nobody: without its header", jwt.substr(jwt.find('.') + 1), "sshd", std::nullopt},
      {"nobody: what a token endpoint answers",
       R"({"access_token":"abc_0123456789","token_type":"Bearer"})", "sshd", std::nullopt},
      {"nobody: a password with a sign that no token has", "correct!horse!battery", "sshd",
       std::nullopt},
      {"nobody: a blank", "0123456789 abcdef", "sshd", std::nullopt},
      {"nobody: a signed token in that service", jwt, "sshd", std::nullopt},
      {"nobody: a signed token that was cut", jwt.substr(0, jwt.find('.') + 5), "sshd",
       std::nullopt},
      {"nobody: a header with a line break first", "ewogImFsZyI6ICJub25lIn0.x", "sshd",
       std::nullopt},
      {"by both", "x_0123456789", "sudo", 3},
      {"nobody: the prefix in another service", "x_0123456789", "cron", std::nullopt},
      {"nobody: the service with another prefix", "y_0123456789", "sudo", std::nullopt},
      {"nobody: no service is known", "abc_0123456789", "", std::nullopt},
  };
  const config::Config configured = config();
  for (const auto& c : cases)
    EXPECT_EQ(opaque_issuer(c.token, c.service, configured), c.want) << c.name;
  config::Config off = configured;
  for (auto& issuer : off.issuers)
    issuer.config.introspection.mode = issuer::IntrospectionMode::off;
  EXPECT_EQ(opaque_issuer("corp_0123456789", "sshd", off), std::nullopt);
}

TEST(Opaque, WhatCanBeNoTokenIsNotAskedAbout) {
  const auto reason = [](std::string_view token) {
    const auto form = check_opaque_form(token);
    return code(form ? Reason::allowed : form.error().reason);
  };
  EXPECT_EQ(reason("0123456789abcdef"), "allowed");
  EXPECT_EQ(reason("0123456789abcde"), "token_malformed") << "15 characters";
  EXPECT_EQ(reason("0123456789 abcdef"), "token_malformed") << "a blank";
  EXPECT_EQ(reason("0123456789abcdef\n"), "token_malformed") << "a line break";
  EXPECT_EQ(reason("0123456789abcdef\x7f"), "token_malformed") << "a control character";
  EXPECT_EQ(reason("0123456789abcd\xc3\xa9"), "token_malformed") << "not ASCII";
  EXPECT_EQ(reason(std::string(limits::kTokenBytes, 'a')), "allowed");
  EXPECT_EQ(reason(std::string(limits::kTokenBytes + 1, 'a')), "token_too_long");
}

TEST(Opaque, AnOpaqueTokenOfBadFormIsRefusedBeforeAnybodyIsAsked) {
  AskedIssuer asked;
  EXPECT_EQ(decide_at("corp_ 0123456789abcdef", "alice", asked.snapshot(), kNow).reason,
            Reason::token_malformed);
}

}  // namespace
}  // namespace latchkey::testing
