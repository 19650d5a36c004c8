// SPDX-License-Identifier: Apache-2.0
//
// Status lists in the configuration: which may be asked for, and whose keys sign them.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/config/dump.h"
#include "tests/unit/config/parsed.h"

namespace latchkey::config {
namespace {

using ::testing::ElementsAre;
using testing::errors_of;
using ::testing::HasSubstr;
using testing::issuer;
using testing::parsed;

std::string section(const std::string& more, const std::string& issuer_more = {}) {
  return issuer(issuer_more) +
         "revocation:\n  status_lists:\n    - name: s\n      issuers: [ a ]\n      uris: [ "
         "\"https://s.example.com/lists/\", \"https://s.example.com/one?x=1\" ]\n" +
         more;
}

StatusListSource of(const std::string& more = {}) {
  const auto config = parsed(section(more));
  EXPECT_TRUE(config) << ::testing::PrintToString(errors_of(section(more)));
  return config ? config->revocation.status_lists.at(0) : StatusListSource();
}

TEST(StatusListsConfig, HaveTheDefaultsOfRefusal) {
  const StatusListSource lists = of();
  EXPECT_THAT(lists.unknown_refuses, ElementsAre("*"));
  EXPECT_EQ(lists.refresh, std::chrono::minutes(5));
  EXPECT_EQ(lists.max_age, std::chrono::hours(1));
  EXPECT_EQ(lists.max_list_bytes, 2'097'152U);
  EXPECT_TRUE(lists.own_keys());
  EXPECT_EQ(lists.digest.size(), 64U);
  EXPECT_GT(lists.token_bytes_most(), lists.max_list_bytes);
  EXPECT_EQ(parsed(section(""))->issuers[0].config.claims.status, claims::StatusRule::heed);
}

TEST(StatusListsConfig, HaveAFewQuestionsUnderWayOfSoManyBytesAtMost) {
  for (const auto& [bytes, want] : std::vector<std::pair<std::size_t, std::size_t>>{
           {1, 4}, {2'097'152, 4}, {3'000'000, 3}, {4'194'304, 2}, {8'388'608, 1}}) {
    const auto lists = of("      max_list_bytes: " + std::to_string(bytes) + "\n");
    EXPECT_EQ(lists.at_once(), want) << bytes;
    EXPECT_LE(lists.at_once() * lists.token_bytes_most(), 16'777'216U) << bytes;
  }
}

TEST(StatusListsConfig, DumpToWhatTheyWere) {
  const auto config = parsed(
      section("      unknown_refuses: []\n      refresh: 1m\n", "    token_status: require\n"));
  ASSERT_TRUE(config);
  const auto again = parsed(dump(*config));
  ASSERT_TRUE(again) << dump(*config);
  EXPECT_EQ(dump(*again), dump(*config));
  EXPECT_EQ(again->digest, config->digest);
  EXPECT_EQ(again->issuers[0].config.claims.status, claims::StatusRule::require);
}

TEST(StatusListsConfig, TakeWhatLiesWhereTheySayAndNothingElse) {
  const StatusListSource lists = of();
  struct Case {
    std::string uri;
    bool want;
  };
  const std::vector<Case> cases = {
      {"https://s.example.com/lists/1", true},
      {"https://s.example.com/lists/a/b?c=d", true},
      {"https://s.example.com/lists/..a", true},
      {"https://s.example.com/one?x=1", true},
      {"https://s.example.com/one?x=12", false},
      {"https://s.example.com/one", false},
      {"https://s.example.com/lists", false},
      {"https://s.example.com/other", false},
      {"http://s.example.com/lists/1", false},
      {"https://s.example.com:8443/lists/1", false},
      {"https://s.example.com.evil.example/lists/1", false},
      {"https://s.example.com@evil.example/lists/1", false},
      {"https://S.example.com/lists/1", false},
      {"https://s.example.com/lists/../secret", false},
      {"https://s.example.com/lists/.", false},
      {"https://s.example.com/lists/%2e%2E/secret", false},
      {"https://s.example.com/lists/x%2f..%2fsecret", false},
      {"https://s.example.com/lists/..%5csecret", false},
      {"https://s.example.com/lists/1#part", false},
      {"https://s.example.com/lists/%zz", false},
      {"", false},
  };
  for (const Case& c : cases) EXPECT_EQ(lists.takes(c.uri).has_value(), c.want) << c.uri;
}

TEST(StatusListsConfig, AreOfTheIssuersThatTheyName) {
  const auto config = parsed(section(""));
  ASSERT_TRUE(config);
  const std::string uri = "https://s.example.com/lists/1";
  EXPECT_NE(config->revocation.find_status_list("a", uri), nullptr);
  EXPECT_EQ(config->revocation.find_status_list("b", uri), nullptr);
  EXPECT_EQ(config->revocation.find_status_list("a", "https://s.example.com/x"), nullptr);
}

TEST(StatusListsConfig, ErrorsNameTheirPlace) {
  EXPECT_THAT(errors_of(section("      issuers: [ b ]\n")), ElementsAre(HasSubstr("set twice")));
  const std::string unknown =
      issuer("") +
      "revocation:\n  status_lists:\n    - { name: s, issuers: [ b ], uris: [ \"https://s/\" ] }\n";
  EXPECT_THAT(errors_of(unknown), ElementsAre(HasSubstr("there is no issuer \"b\"")));
  const std::string nobody =
      issuer("") +
      "revocation:\n  status_lists:\n    - { name: s, issuers: [], uris: [ \"https://s/\" ] }\n";
  EXPECT_EQ(errors_of(nobody).size(), 1U);
  const std::string plain =
      issuer("") +
      "revocation:\n  status_lists:\n    - { name: s, issuers: [ a ], uris: [ \"http://s/\" ] }\n";
  EXPECT_THAT(errors_of(plain), ElementsAre(HasSubstr("https")));
  EXPECT_THAT(
      errors_of(section("      keys_file: /k\n      keys: { keys: [ { kty: OKP, crv: Ed25519, x: "
                        "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo } ] }\n")),
      ElementsAre(HasSubstr("one of 'keys' and 'keys_file' at most")));
  EXPECT_THAT(errors_of(section("      keys_file: /k\n", "    jwks_file: /k\n")),
              ElementsAre(HasSubstr("these are keys of issuer \"a\"")));
  const std::string list =
      "  lists:\n    - { name: s, issuer: l, url: \"https://l\", keys_file: /k }\n";
  EXPECT_THAT(errors_of(section("") + list),
              ElementsAre(HasSubstr("the name is taken, by the list")));
}

TEST(StatusListsConfig, KeysOfTheirOwnVerifyNothingElse) {
  const auto with = [](const std::string& ours, const std::string& theirs) {
    return errors_of(section("      " + ours + "\n") +
                     "  lists:\n    - { name: l, issuer: l, url: \"https://l\", " + theirs +
                     " }\n");
  };
  const std::string key =
      "keys: { keys: [ { kty: OKP, crv: Ed25519, x: 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo } "
      "] }";
  const std::string why = "a key also signs the list \"l\": a status list's keys";
  EXPECT_THAT(with(key, key), ElementsAre(HasSubstr(why)));
  EXPECT_THAT(with("keys_file: /k", "keys_file: /k"), ElementsAre(HasSubstr(why)));
  EXPECT_THAT(with("keys_file: /k", "keys_file: /l"), ::testing::IsEmpty());
}

}  // namespace
}  // namespace latchkey::config
