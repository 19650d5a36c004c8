// SPDX-License-Identifier: Apache-2.0
//
// What may be said of the names that a token is good for.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/config/dump.h"
#include "tests/unit/config/parsed.h"

namespace latchkey::config {
namespace {

using testing::errors_of;
using testing::issuer;
using testing::parsed;

std::string user(const std::string& text) { return issuer("    user: " + text + "\n"); }

TEST(Naming, IsByOneWayAndByNamesThatATokenCanName) {
  struct {
    std::string text;
    std::vector<std::string> want;
  } const cases[] = {
      {"{ claim: [ a, b ] }", {}},
      {"{ claim: [] }", {"f:6:20: 'issuers[].user.claim' must not be an empty list"}},
      {"{ claim: a, template: \"{b}\" }",
       {"f:6:5: 'user' has one of 'claim', 'template' and 'table'"}},
      {"{ template: \"{b}\", table: { x: [ y ] } }",
       {"f:6:5: 'user' has one of 'claim', 'template' and 'table'"}},
      {"{ template: \"x{a}-{b.c}\" }", {}},
      {"{ template: abc }",
       {"f:6:23: 'issuers[].user.template': expected a name with claims in braces (it names no "
        "claim), found \"abc\""}},
      {"{ template: \"{a\" }",
       {"f:6:23: 'issuers[].user.template': expected a name with claims in braces (a '{' needs the "
        "name of a claim and a '}' behind it), found \"{a\""}},
      {"{ template: \"x-{email}\" }",
       {"f:6:13: no local name holds the '@' of \"email\"; take 'claim' with 'strip_suffix'"}},
      {"{ template: \"{a}\", strip_suffix: .corp }", {"f:6:30: 'strip_suffix' belongs to 'claim'"}},
      {"{ table: { x: [ alice, bob ] } }", {}},
      {"{ table: {} }", {"f:6:20: 'issuers[].user.table' must not be empty"}},
      {"{ table: { x: [ Alice ] } }", {"f:6:13: no token can name the user \"Alice\", for \"x\""}},
      {"{ table: { x: [ \"a:b\" ] } }",
       {"f:6:27: 'issuers[].user.table': expected a local name (only letters, digits and . _ - are "
        "allowed, at most 32, '-' and '.' not first, not digits alone), found \"a:b\""}},
      {"{ table: { x: [ a ], x: [ b ] } }",
       {"f:6:32: the value \"x\" is mapped twice, first in line 6"}},
      {"{ table_claim: oid }", {"f:6:13: 'table_claim' needs 'table'"}},
      {"{ table: { x: [ a ] }, table_claim: oid }", {}},
      {"{ table: { x: [ a ] }, table_claim: email }", {}},
      {"{ table: { \"a@b.example\": [ a ] }, table_claim: upn }",
       {"f:6:13: 'email_verified' speaks of 'email' and not of \"upn\": "
        "'user.email_verified_claim' must name what does, or be none"}},
      {"{ table: { \"a@b.example\": [ a ] }, table_claim: upn, email_verified_claim: none }", {}},
      {"{ claim: [ login, work_email ], strip_suffix: \"@b.example\" }",
       {"f:6:13: 'email_verified' speaks of 'email' and not of \"work_email\": "
        "'user.email_verified_claim' must name what does, or be none"}},
      {"{ bind: [ tid, oid ] }", {}},
      {"{ bind: repository_id }", {}},
      {"{ bind: preferred_username }",
       {"f:6:13: whoever has the name has \"preferred_username\": it binds nothing"}},
      {"{ template: \"{a}-{b}\", bind: [ c, b ] }",
       {"f:6:34: whoever has the name has \"b\": it binds nothing"}},
      {"{ table: { x: [ a ] }, bind: sub }", {}},
      {"{ bind: aud }", {"f:6:13: \"aud\" is the same for everybody: it binds nothing"}},
      {"{ bind: [ oid, azp ] }", {"f:6:13: \"azp\" is the same for everybody: it binds nothing"}},
      {"{ bind: work_email }",
       {"f:6:13: an e-mail address passes to others: bind to something that does not"}},
      {"{ template: \"a@{b}\" }", {"f:6:13: no token can name a user \"a@a\""}},
      {"{ template: \"A-{b}\" }", {"f:6:13: no token can name a user \"A-a\""}},
      {"{ bind: [] }", {"f:6:19: 'issuers[].user.bind' must not be an empty list"}},
  };
  for (const auto& c : cases) EXPECT_EQ(errors_of(user(c.text)), c.want) << c.text;
}

TEST(Naming, ParsesFromItsDump) {
  for (const char* text :
       {"{ claim: [ a, b ], bind: [ tid, oid ] }", "{ template: \"{a}-b\" }",
        "{ table: { \"x y\": [ a ], z: [ b, c ] }, table_claim: oid, bind: sub }"}) {
    const auto config = parsed(user(text));
    ASSERT_TRUE(config) << text;
    const auto again = parsed(dump(*config));
    ASSERT_TRUE(again) << dump(*config);
    EXPECT_EQ(again->digest, config->digest) << text;
    const auto& claims = again->issuers[0].config.claims;
    EXPECT_EQ(claims.user_claims, config->issuers[0].config.claims.user_claims);
    EXPECT_EQ(claims.user_template, config->issuers[0].config.claims.user_template);
    EXPECT_EQ(claims.user_table, config->issuers[0].config.claims.user_table);
    EXPECT_EQ(claims.bind_claims, config->issuers[0].config.claims.bind_claims);
  }
}

TEST(Naming, OfGroupsHasAForm) {
  const auto form = [](const std::string& text) {
    const auto config =
        parsed(issuer("    groups: { claim: scope, map: { a: [ b ] }" + text + " }\n"));
    return config ? config->issuers[0].config.claims.group_form : claims::GroupForm::list;
  };
  EXPECT_EQ(form(""), claims::GroupForm::list);
  EXPECT_EQ(form(", form: words"), claims::GroupForm::words);
  EXPECT_EQ(errors_of(issuer("    groups: { claim: s, map: { a: [ b ] }, form: csv }\n")),
            (std::vector<std::string>{
                "f:6:50: 'issuers[].groups.form': expected list or words, found \"csv\""}));
}

}  // namespace
}  // namespace latchkey::config
