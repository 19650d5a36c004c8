// SPDX-License-Identifier: Apache-2.0
//
// What is wrong in a configuration, said with its place.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/config/parse.h"
#include "tests/unit/config/parsed.h"

namespace latchkey::config {
namespace {

using testing::errors_of;
using testing::issuer;
using testing::parsed;

struct Case {
  std::string name;
  std::string text;
  std::vector<std::string> want;
};

TEST(ConfigError, NamesWhatIsWrongAndWhere) {
  const std::string bad_version =
      "f:1:10: 'version': expected 1, the only version of the format that this program reads, "
      "found \"2\"";
  const std::string bad_name =
      "f:3:11: 'issuers[].name': expected a short name (only a-z, 0-9 and '-' are allowed, at most "
      "32, '-' not first), found \"A\"";
  const std::string bad_level =
      "f:5:12: 'log_level': expected a log level (it is none of error, warning, notice, info, "
      "debug), found \"loud\"";
  const std::string nobody =
      "f:6:33: 'allow' names nobody; to let in whoever has an accepted token write { anyone: true "
      "}";
  const std::vector<Case> cases = {
      {"an empty file", "", {"f:1:1: 'version: 1' is missing", "f:1:1: 'issuers' is missing"}},
      {"no version",
       "issuers: [ { name: a, issuer: https://a, audiences: [ x ] } ]\n",
       {"f:1:1: 'version: 1' is missing"}},
      {"no issuers", "version: 1\n", {"f:1:1: 'issuers' is missing"}},
      {"an empty list of issuers",
       "version: 1\nissuers: []\n",
       {"f:2:10: 'issuers' must not be an empty list"}},
      {"an issuer that is a text",
       "version: 1\nissuers: [ a ]\n",
       {"f:2:12: expected keys and values here"}},
      {"an issuer without anything",
       "version: 1\nissuers: [ {} ]\n",
       {"f:2:12: 'issuers[].name' is missing", "f:2:12: 'issuers[].issuer' is missing",
        "f:2:12: 'issuers[].audiences' is missing"}},
      {"an http issuer",
       "version: 1\nissuers: [ { name: a, issuer: http://a, audiences: [ x ] } ]\n",
       {"f:2:31: 'issuers[].issuer': expected an https URL without query (it does not start with "
        "https://), found \"http://a\""}},
      {"an empty list of audiences",
       "version: 1\nissuers: [ { name: a, issuer: https://a, audiences: [] } ]\n",
       {"f:2:53: 'issuers[].audiences' must not be an empty list"}},
      {"an audience that is empty",
       "version: 1\nissuers: [ { name: a, issuer: https://a, audiences: [ '' ] } ]\n",
       {"f:2:55: 'issuers[].audiences': expected text (it is empty), found \"\""}},
      {"an audience that is no list",
       "version: 1\nissuers: [ { name: a, issuer: https://a, audiences: x } ]\n",
       {"f:2:53: 'issuers[].audiences': expected a list such as [ a, b ], found \"x\""}},
      {"a misspelt key",
       issuer("    leway: 60s\n"),
       {"f:6:5: unknown key \"leway\", did you mean 'leeway'?"}},
      {"a key of another section",
       issuer("    claim: sub\n"),
       {"f:6:5: unknown key \"claim\"; there is 'issuers[].user.claim'"}},
      {"a key of a later version",
       issuer("    wallpaper: blue\n"),
       {"f:6:5: unknown key \"wallpaper\""}},
      {"a foreign key with control characters",
       issuer("    \"a\\e[2J\": 1\n"),
       {"f:6:5: unknown key \"a\\x1b[2J\""}},
      {"a duplicate key",
       issuer("    leeway: 60s\n    leeway: 300s\n"),
       {"f:7:5: 'issuers[].leeway' is set twice, first at f:6"}},
      {"a duplicate key at the root",
       issuer("log_level: info\nlog_level: info\n"),
       {"f:7:1: 'log_level' is set twice, first at f:6"}},
      {"a duplicate required claim",
       issuer("    require: { a: 1, a: 2 }\n"),
       {"f:6:22: \"a\" is required twice, first in line 6"}},
      {"a duplicate group value",
       issuer("    groups: { claim: g, map: { a: [ b ], a: [ c ] } }\n"),
       {"f:6:42: the value \"a\" is mapped twice, first in line 6"}},
      {"a duration out of range",
       issuer("    leeway: 301s\n"),
       {"f:6:13: 'issuers[].leeway': expected 0s to 5m, found \"301s\""}},
      {"a duration without a unit",
       issuer("    leeway: 60\n"),
       {"f:6:13: 'issuers[].leeway': expected a duration such as 60s, 5m, 12h or 1d, found "
        "\"60\""}},
      {"a duration of half a second",
       issuer("    leeway: 500ms\n"),
       {"f:6:13: 'issuers[].leeway': expected a duration such as 60s, 5m, 12h or 1d, found "
        "\"500ms\""}},
      {"a key without a value",
       issuer("    leeway:\n"),
       {"f:6:5: 'issuers[].leeway': expected a duration such as 60s, 5m, 12h or 1d, found "
        "nothing"}},
      {"a number out of range",
       issuer("remembered_tokens: 1000001\n"),
       {"f:6:20: 'remembered_tokens': expected a whole number, 0 to 1000000, found \"1000001\""}},
      {"a number that is none",
       issuer("remembered_tokens: many\n"),
       {"f:6:20: 'remembered_tokens': expected a whole number, 0 to 1000000, found \"many\""}},
      {"a symmetric algorithm",
       issuer("    algorithms: [ HS256 ]\n"),
       {"f:6:19: 'issuers[].algorithms': expected an algorithm (symmetric algorithms need "
        "'symmetric_key_file' and stand in 'symmetric_algorithm'), found \"HS256\""}},
      {"a symmetric algorithm that is none",
       issuer("    symmetric_key_file: /k\n    symmetric_algorithm: RS256\n"),
       {"f:7:26: 'issuers[].symmetric_algorithm': expected HS256, HS384 or HS512 (it is none of "
        "HS256, HS384, HS512), found \"RS256\""}},
      {"a symmetric key without its algorithm",
       issuer("    symmetric_key_file: /k\n"),
       {"f:6:5: 'symmetric_key_file' and 'symmetric_algorithm' need one another"}},
      {"a symmetric algorithm without a key",
       issuer("    symmetric_algorithm: HS256\n"),
       {"f:6:5: 'symmetric_key_file' and 'symmetric_algorithm' need one another"}},
      {"a symmetric key besides everything that finds public ones",
       issuer("    symmetric_key_file: /k\n    symmetric_algorithm: HS256\n    jwks_file: /j\n"
              "    algorithms: [ RS256 ]\n    ca_file: /c\n"),
       {"f:6:5: 'jwks_file' and 'symmetric_key_file' exclude each other",
        "f:6:5: 'ca_file' and 'symmetric_key_file' exclude each other",
        "f:6:5: 'algorithms' and 'symmetric_key_file' exclude each other",
        "f:8:5: 'ca_file' and 'jwks_file' exclude each other"}},
      {"a symmetric key besides addresses",
       issuer("    symmetric_key_file: /k\n    symmetric_algorithm: HS256\n"
              "    origins: [ https://b ]\n    jwks_uri: https://a/k\n"),
       {"f:6:5: 'jwks_uri' and 'symmetric_key_file' exclude each other",
        "f:6:5: 'origins' and 'symmetric_key_file' exclude each other"}},
      {"a symmetric key besides discovery",
       issuer("    symmetric_key_file: /k\n    symmetric_algorithm: HS256\n"
              "    discovery_url: https://a/d\n"),
       {"f:6:5: 'discovery_url' and 'symmetric_key_file' exclude each other"}},
      {"no algorithm at all",
       issuer("    algorithms: []\n"),
       {"f:6:17: 'issuers[].algorithms' must not be an empty list"}},
      {"two sources of keys",
       issuer("    jwks_uri: https://a/k\n    jwks_file: /k\n"),
       {"f:7:5: 'jwks_uri' and 'jwks_file' exclude each other"}},
      {"discovery besides keys",
       issuer("    discovery_url: https://a/d\n    jwks_uri: https://a/k\n"),
       {"f:7:5: 'discovery_url' and 'jwks_uri' exclude each other"}},
      {"a type that is never accepted",
       issuer("    typ: [ JWT, application/Logout+JWT ]\n"),
       {"f:6:17: 'issuers[].typ': expected a token type such as at+jwt, or none (tokens of that "
        "type are made for other receivers and never sign in), found "
        "\"application/Logout+JWT\""}},
      {"a payload type that is never accepted",
       issuer("    payload_typ: [ Refresh ]\n"),
       {"f:6:20: 'issuers[].payload_typ': expected a payload's type such as Bearer (tokens of that "
        "type are made for other receivers and never sign in), found \"Refresh\""}},
      {"an e-mail without its domain",
       issuer("    user: { claim: email }\n"),
       {"f:6:13: a name from an e-mail address needs 'strip_suffix' with its domain, such as "
        "\"@example.com\""}},
      {"an e-mail with one domain and half a one",
       issuer("    user: { claim: email, strip_suffix: [ \"@example.com\", example.org ] }\n"),
       {"f:6:13: a name from an e-mail address needs 'strip_suffix' with its domain, such as "
        "\"@example.com\""}},
      {"no suffix in a list",
       issuer("    user: { strip_suffix: [] }\n"),
       {"f:6:27: 'issuers[].user.strip_suffix' must not be an empty list"}},
      {"an empty suffix",
       issuer("    user: { strip_suffix: \"\" }\n"),
       {"f:6:27: 'issuers[].user.strip_suffix': expected text (it is empty), found \"\""}},
      {"a suffix that is keys and values",
       issuer("    user: { strip_suffix: { a: b } }\n"),
       {"f:6:27: 'issuers[].user.strip_suffix': expected text or a list, found keys and values"}},
      {"an e-mail with half a domain",
       issuer("    user: { claim: email, strip_suffix: example.com }\n"),
       {"f:6:13: a name from an e-mail address needs 'strip_suffix' with its domain, such as "
        "\"@example.com\""}},
      {"addresses of which nobody says that they are verified",
       issuer("    user: { claim: x.email, strip_suffix: \"@e.com\" }\n"
              "    groups: { claim: E-Mail, map: { b@e.com: [ sre ] } }\n"
              "    require: { user_email: { present: true }, nickname: c@e.com }\n"),
       {"f:6:13: 'email_verified' speaks of 'email' and not of \"x.email\": "
        "'user.email_verified_claim' must name what does, or be none",
        "f:7:15: 'email_verified' speaks of 'email' and not of \"E-Mail\": "
        "'user.email_verified_claim' must name what does, or be none",
        "f:8:5: 'email_verified' speaks of 'email' and not of \"user_email\": "
        "'user.email_verified_claim' must name what does, or be none",
        "f:8:5: 'email_verified' speaks of 'email' and not of \"nickname\": "
        "'user.email_verified_claim' must name what does, or be none"}},
      {"groups by addresses of which nobody says that they are verified",
       issuer("    user: { claim: upn, strip_suffix: \"@e.com\" }\n"
              "    groups: { claim: upn, map: { b@e.com: [ sre ] } }\n"),
       {"f:7:15: 'email_verified' speaks of 'email' and not of \"upn\": "
        "'user.email_verified_claim' must name what does, or be none"}},
      {"a CA for a file",
       issuer("    ca_file: /c\n    jwks_file: /k\n"),
       {"f:7:5: 'ca_file' and 'jwks_file' exclude each other"}},
      {"a claim without a map",
       issuer("    groups: { claim: groups }\n"),
       {"f:6:5: 'groups' needs both 'claim' and 'map'"}},
      {"a map without a claim",
       issuer("    groups: { map: { a: [ b ] } }\n"),
       {"f:6:5: 'groups' needs both 'claim' and 'map'"}},
      {"a value mapped to no group",
       issuer("    groups: { claim: g, map: { a: [] } }\n"),
       {"f:6:35: 'issuers[].groups.map': expected a list of 1 to 4096 local names, found a list"}},
      {"a local group that is no name",
       issuer("    groups: { claim: g, map: { a: [ 'b:c' ] } }\n"),
       {"f:6:37: 'issuers[].groups.map': expected a local name (only letters, digits and . _ - are "
        "allowed, at most 32, '-' and '.' not first, not digits alone), found \"b:c\""}},
      {"intervals in the wrong order",
       issuer("    refresh_interval: 30s\n"),
       {"f:6:5: 'min_fetch_interval' <= 'refresh_interval' <= 'max_stale' does not hold"}},
      {"an end that is too near for the interval that nobody set",
       issuer("    max_stale: 60s\n    refresh_interval: 60s\n"),
       {"f:6:5: 'min_fetch_interval' is more than half of 'max_stale'"}},
      {"an allow without conditions",
       issuer("access: [ { services: [ sshd ], allow: {} } ]\n"),
       {nobody}},
      {"an allow without a value",
       issuer("access: [ { services: [ sshd ], allow: } ]\n"),
       {"f:6:33: expected keys and values here", nobody}},
      {"a rule without allow",
       issuer("access: [ { services: [ sshd ] } ]\n"),
       {"f:6:11: a rule needs 'allow' or 'deny', to say whom"}},
      {"a rule without services",
       issuer("access: [ { allow: { anyone: true } } ]\n"),
       {"f:6:11: 'access[].services' is missing"}},
      {"an empty condition",
       issuer("access: [ { services: [ sshd ], allow: { groups: [] } } ]\n"),
       {"f:6:50: 'access[].allow.groups' must not be an empty list"}},
      {"anyone besides a condition",
       issuer("access: [ { services: [ sshd ], allow: { anyone: true, users: [ u ] } } ]\n"),
       {"f:6:33: 'anyone' stands alone: there are other conditions"}},
      {"not anyone",
       issuer("access: [ { services: [ sshd ], allow: { anyone: false } } ]\n"),
       {"f:6:50: 'access[].allow.anyone': expected true, found \"false\""}},
      {"anyone as a text",
       issuer("access: [ { services: [ sshd ], allow: { anyone: \"true\" } } ]\n"),
       {"f:6:50: 'access[].allow.anyone': expected true, found \"true\""}},
      {"an issuer that is none",
       issuer("access: [ { services: [ sshd ], allow: { issuers: [ b ] } } ]\n"),
       {"f:6:42: there is no issuer named \"b\""}},
      {"a pattern of services",
       issuer("access: [ { services: [ su* ], allow: { anyone: true } } ]\n"),
       {"f:6:25: 'access[].services': expected a PAM service or \"*\" (only letters, digits and . "
        "_ - @ are allowed, at most 64), found \"su*\""}},
      {"a section that is a list",
       issuer("budgets: [ 1 ]\n"),
       {"f:6:10: expected keys and values here"}},
      {"more for one source than for all",
       issuer("budgets: { conversations: 8, conversations_per_source: 9 }\n"),
       {"f:6:1: 'budgets.conversations_per_source' is more than 'budgets.conversations'"}},
      {"several errors at once, in the order of the lines",
       "version: 2\nissuers:\n  - name: A\n    isuer: x\nlog_level: loud\n",
       {bad_version, "f:3:5: 'issuers[].issuer' is missing",
        "f:3:5: 'issuers[].audiences' is missing", bad_name,
        "f:4:5: unknown key \"isuer\", did you mean 'issuer'?", bad_level}},
  };
  for (const auto& c : cases) EXPECT_EQ(errors_of(c.text), c.want) << c.name;
}

TEST(ConfigWarning, NamesWhatIsMostLikelyNotMeant) {
  const std::string open = "access: [ { services: [ sshd ], allow: { anyone: true } } ]\n";
  const std::vector<Case> cases = {
      {"nothing", issuer(open), {}},
      {"no access rule", issuer(""), {"f: there is no access rule, so nobody can sign in"}},
      {"a group that no map gives",
       issuer("access: [ { services: [ sshd ], allow: { groups: [ sre ] } } ]\n"),
       {"f:6:42: no issuer's 'groups.map' gives the group \"sre\""}},
      {"a group that another issuer's map gives",
       issuer("    groups: { claim: g, map: { x: [ sre ] } }\n  - { name: b, issuer: https://b, "
              "audiences: [ x ] }\naccess: [ { services: [ sshd ], allow: { issuers: [ b ], "
              "groups: [ sre ] } } ]\n"),
       {"f:8:58: no 'groups.map' of the rule's issuers gives the group \"sre\""}},
      {"a group that a map gives",
       issuer("    groups: { claim: g, map: { x: [ sre ] } }\naccess: [ { services: [ sshd ], "
              "allow: { groups: [ sre ] } } ]\n"),
       {}},
      {"a name on both lists",
       issuer(open + "managed: [ a ]\nunmanaged: [ a ]\n"),
       {"f:7:1: \"a\" is under 'managed' and 'unmanaged': it is not managed"}},
      {"a managed root",
       issuer(open + "managed: [ root ]\n"),
       {"f:7:1: \"root\" is managed: keep another way in for the day when no token can be had"}},
  };
  for (const auto& c : cases) {
    const auto config = parsed(c.text);
    ASSERT_TRUE(config) << c.name << ": " << errors_of(c.text).front();
    std::vector<std::string> warnings;
    for (const auto& warning : config->warnings) warnings.push_back(describe(warning));
    EXPECT_EQ(warnings, c.want) << c.name;
  }
}

}  // namespace
}  // namespace latchkey::config
