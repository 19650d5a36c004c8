// SPDX-License-Identifier: Apache-2.0
#include "core/config/requirement_reader.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/config/dump.h"
#include "core/config/parse.h"

namespace latchkey::config {
namespace {

using claims::RequiredClaim;
using claims::RequiredValue;
using Match = RequiredClaim::Match;
using Kind = RequiredValue::Kind;

auto parsed(const std::string& line) {
  const std::vector<SourceText> sources = {
      {"f", "version: 1\nissuers: [ { name: a, issuer: https://a, audiences: [ x ], " + line +
                " } ]\n"}};
  return parse(sources);
}

std::vector<RequiredClaim> required(const std::string& map) {
  const auto config = parsed("require: " + map);
  if (!config) {
    ADD_FAILURE() << map << ": " << describe(config.error().front());
    return {};
  }
  // What is dumped is read as the same.
  const std::vector<SourceText> again = {{"f", dump(*config)}};
  const auto reread = parse(again);
  EXPECT_TRUE(reread) << again[0].text;
  if (reread) {
    EXPECT_EQ(reread->issuers[0].config.claims.require, config->issuers[0].config.claims.require);
    EXPECT_EQ(reread->digest, config->digest);
  }
  return config->issuers[0].config.claims.require;
}

TEST(Requirement, AValueHasTheTypeThatWasWritten) {
  const auto require = required(
      "{ b: false, i: -7, big: '9223372036854775808', t: tid, q: \"true\", n: '5', "
      "y: 9188040d-6c67-4c5b-b112-36a304b66dad }");
  ASSERT_EQ(require.size(), 7U);
  const std::vector<Kind> want = {Kind::boolean, Kind::integer, Kind::text, Kind::text,
                                  Kind::text,    Kind::text,    Kind::text};
  for (std::size_t i = 0; i < want.size(); ++i) {
    EXPECT_EQ(require[i].match, Match::equals);
    ASSERT_EQ(require[i].values.size(), 1U);
    EXPECT_EQ(require[i].values[0].kind, want[i]) << require[i].name;
  }
  EXPECT_EQ(require[1].values[0].integer, -7);
  EXPECT_EQ(require[4].values[0].text, "true");
}

TEST(Requirement, SaysHowAClaimIsCompared) {
  const auto require = required(
      "{ a: { one_of: [ x, 1, true, '1' ] }, b: { contains: 'y z' }, c: { present: true }, "
      "d: { min: 2 }, e: { max: -2 }, f: { max: 3, min: 3 } }");
  const RequiredValue x{.text = "x"};
  const RequiredValue one{.kind = Kind::integer, .integer = 1};
  const RequiredValue yes{.kind = Kind::boolean, .boolean = true};
  const RequiredValue text_one{.text = "1"};
  const std::vector<RequiredClaim> want = {
      {.name = "a", .match = Match::one_of, .values = {x, one, yes, text_one}},
      {.name = "b", .match = Match::contains, .values = {{.text = "y z"}}},
      {.name = "c", .match = Match::present},
      {.name = "d", .match = Match::range, .least = 2},
      {.name = "e", .match = Match::range, .most = -2},
      {.name = "f", .match = Match::range, .least = 3, .most = 3},
  };
  EXPECT_EQ(require, want);
}

TEST(Requirement, IsRefusedWhereItIsNoneOfThem) {
  for (const char* wrong : {"{ a: }",
                            "{ a: 5.5 }",
                            "{ a: 1e3 }",
                            "{ a: 0x10 }",
                            "{ a: 0o17 }",
                            "{ a: +5 }",
                            "{ a: 010 }",
                            "{ a: TRUE }",
                            "{ a: yes }",
                            "{ a: Null }",
                            "{ a: .inf }",
                            "{ a: 99999999999999999999 }",
                            "{ a: { one_of: [ x, 5.5 ] } }",
                            "{ a: { contains: no } }",
                            "{ a: '' }",
                            "{ a: [ x ] }",
                            "{ a: {} }",
                            "{ a: { matches: x } }",
                            "{ a: { one_of: x } }",
                            "{ a: { one_of: [] } }",
                            "{ a: { one_of: [ [ x ] ] } }",
                            "{ a: { one_of: [ '' ] } }",
                            "{ a: { one_of: [ x ], contains: y } }",
                            "{ a: { contains: [ x ] } }",
                            "{ a: { present: false } }",
                            "{ a: { present: 'true' } }",
                            "{ a: { min: x } }",
                            "{ a: { min: '1' } }",
                            "{ a: { min: 1.5 } }",
                            "{ a: { min: 1, min: 2 } }",
                            "{ a: { min: 2, max: 1 } }",
                            "{ a: { min: 1, present: true } }",
                            "{ a: { present: true, min: 1 } }",
                            "{ a: { max: 9223372036854775808 } }",
                            "{ '': x }",
                            "[ a ]",
                            "x"}) {
    const auto config = parsed(std::string("require: ") + wrong);
    ASSERT_FALSE(config) << wrong;
    EXPECT_EQ(config.error().size(), 1U) << wrong;
    EXPECT_EQ(config.error().front().line, 2) << wrong;
    EXPECT_NE(config.error().front().message.find("'issuers[].require'"), std::string::npos)
        << wrong;
  }
}

TEST(Requirement, OfAHeaderMemberIsForThoseThatNothingElseDecides) {
  const auto config = parsed("require_header: { env: prod, kid: { present: true } }");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->issuers[0].config.claims.require_header.size(), 2U);
  EXPECT_TRUE(config->issuers[0].config.claims.require.empty());
  for (const char* name : {"alg", "typ", "cty", "crit", "b64", "zip", "jku", "jwk", "x5u", "x5c"}) {
    const auto refused = parsed("require_header: { " + std::string(name) + ": x }");
    ASSERT_FALSE(refused) << name;
    EXPECT_NE(refused.error().front().message.find("rules of its own"), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace latchkey::config
