// SPDX-License-Identifier: Apache-2.0
//
// Names by several claims, by a template, by a table; what they are bound to; groups in all their
// forms.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/claims/user_name.h"
#include "tests/unit/claims/validator_cases.h"

namespace latchkey::claims {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using validator_test::base_policy;
using validator_test::Case;
using validator_test::expect;
using validator_test::payload;
using validator_test::Signed;

ClaimsRecord accepted(const std::string& claims, const ClaimsPolicy& policy) {
  const auto validated = Signed().validate(claims, policy);
  EXPECT_TRUE(validated) << claims << ": " << validated.error().error.detail;
  return validated ? validated->record() : ClaimsRecord();
}

TEST(Naming, TheFirstOfSeveralClaimsThatTheTokenHasCounts) {
  ClaimsPolicy policy = base_policy();
  policy.user_claims = {"uid", "realm.login", "preferred_username"};
  EXPECT_THAT(accepted(payload({{"uid", "\"u\""}}), policy).users, ElementsAre("u"));
  EXPECT_THAT(accepted(payload({{"realm", R"({"login":"l"})"}}), policy).users, ElementsAre("l"));
  EXPECT_THAT(accepted(payload(), policy).users, ElementsAre("alice"));
  const auto several = [](ClaimsPolicy& p) { p.user_claims = {"uid", "preferred_username"}; };
  const Case cases[] = {
      {"missing: none of them", payload({{"-preferred_username", ""}}), Reason::claim_missing,
       Step::claims, several},
      // What is there and is no name is not passed over for the next one.
      {"invalid: the first is null", payload({{"uid", "null"}}), Reason::claim_invalid,
       Step::claims, several},
      {"invalid: the first is a list", payload({{"uid", "[\"u\"]"}}), Reason::claim_invalid,
       Step::claims, several},
      {"unusable: the first has not the suffix", payload({{"uid", "\"u\""}}), Reason::name_unusable,
       Step::claims,
       [&](ClaimsPolicy& p) {
         several(p);
         p.user_strip_suffix = {".corp"};
       }},
      {"unverified: one of them is an e-mail address", payload(), Reason::email_unverified,
       Step::claims,
       [](ClaimsPolicy& p) {
         p.user_claims = {"preferred_username", "email"};
       }},
  };
  expect(cases);
}

TEST(Naming, TemplateIsFilledWithClaimsThatTheTokenMustHave) {
  ClaimsPolicy policy = base_policy();
  policy.user_template = "ext-{org.unit}_{preferred_username}";
  EXPECT_THAT(accepted(payload({{"org", R"({"unit":"it"})"}}), policy).users,
              ElementsAre("ext-it_alice"));
  const auto made = [](ClaimsPolicy& p) { p.user_template = "x-{unit}"; };
  const Case cases[] = {
      {"missing", payload(), Reason::claim_missing, Step::claims, made},
      {"invalid: a number", payload({{"unit", "1"}}), Reason::claim_invalid, Step::claims, made},
      {"unusable: empty", payload({{"unit", "\"\""}}), Reason::name_unusable, Step::claims, made},
  };
  expect(cases);
}

TEST(Naming, TemplateIsTextsAndClaimsInBraces) {
  const auto parts = parse_template("a-{b.c}{d}");
  ASSERT_TRUE(parts);
  ASSERT_EQ(parts->size(), 3U);
  EXPECT_FALSE((*parts)[0].claim);
  EXPECT_EQ((*parts)[1].text, "b.c");
  EXPECT_TRUE((*parts)[2].claim);
  for (const char* text : {"", "abc", "{", "{}", "}", "{a", "a}", "{a}}", "a{}b"})
    EXPECT_FALSE(parse_template(text)) << text;
}

TEST(Naming, TableGivesTheNamesOfAValueAndRefusesAllOthers) {
  ClaimsPolicy policy = base_policy();
  policy.user_table = {{"u-1", {"alice", "alice-admin"}}, {"U-1", {"mallory"}}};
  EXPECT_THAT(accepted(payload(), policy).users, ElementsAre("alice", "alice-admin"));
  EXPECT_THAT(accepted(payload({{"preferred_username", "\"root\""}}), policy).users,
              ElementsAre("alice", "alice-admin"));
  const auto table = [&](ClaimsPolicy& p) { p.user_table = policy.user_table; };
  const auto by_oid = [&](ClaimsPolicy& p) {
    table(p);
    p.user_table_claim = "oid";
  };
  const Case cases[] = {
      {"unusable: not listed", payload({{"sub", "\"u-2\""}}), Reason::name_unusable, Step::claims,
       table},
      {"unusable: more of it", payload({{"sub", "\"u-1 \""}}), Reason::name_unusable, Step::claims,
       table},
      {"missing: the claim", payload(), Reason::claim_missing, Step::claims, by_oid},
      {"accepted: by another claim", payload({{"oid", "\"u-1\""}}), Reason::allowed, {}, by_oid},
      {"unverified: a value that looks like an address", payload(), Reason::email_unverified,
       Step::claims,
       [&](ClaimsPolicy& p) {
         table(p);
         p.user_table["a@b.example"] = {"bob"};
       }},
  };
  expect(cases);
}

TEST(Naming, ANameIsBoundToTheSubjectOrToTheClaimsThatAreConfigured) {
  ClaimsPolicy policy = base_policy();
  EXPECT_EQ(accepted(payload(), policy).bound_subject(), "u-1");
  policy.bind_claims = {"oid", "tid"};
  EXPECT_EQ(accepted(payload({{"tid", "\"t\""}, {"oid", "\"o\""}}), policy).bound_subject(),
            "oid=o,tid=t");
  policy.bind_claims = {"tid", "oid"};  // their order says nothing
  const auto bound = [&](const std::string& tid, const std::string& oid) {
    return accepted(payload({{"tid", tid}, {"oid", oid}}), policy).bound_subject();
  };
  EXPECT_EQ(bound("\"t\"", "\"o\""), "oid=o,tid=t");
  EXPECT_EQ(bound(R"("t")", R"("o,tid=x")"), "oid=o\\,tid\\=x,tid=t");
  EXPECT_NE(bound(R"("t\\")", R"("o")"), bound(R"("t")", R"("\\o")"));
  const auto pair = [](ClaimsPolicy& p) { p.bind_claims = {"tid", "oid"}; };
  const Case cases[] = {
      {"missing: one of them", payload({{"tid", "\"t\""}}), Reason::claim_missing, Step::claims,
       pair},
      {"missing: empty", payload({{"tid", "\"t\""}, {"oid", "\"\""}}), Reason::claim_missing,
       Step::claims, pair},
      {"invalid: a number", payload({{"tid", "1"}, {"oid", "\"o\""}}), Reason::claim_invalid,
       Step::claims, pair},
  };
  expect(cases);
}

TEST(Groups, AreAnArrayAtTheEndOfAPathOrWordsInAText) {
  ClaimsPolicy policy = base_policy();
  policy.group_claim = "realm_access.roles";
  EXPECT_THAT(accepted(payload({{"realm_access", R"({"roles":["a","b c"]})"}}), policy).groups,
              ElementsAre("a", "b c"));
  policy.group_claim = "scope";
  const auto scope = [&](const std::string& value) {
    return accepted(payload({{"scope", value}}), policy).groups;
  };
  EXPECT_THAT(scope("\"a b\""), ElementsAre("a b"));
  policy.group_form = GroupForm::words;
  EXPECT_THAT(scope("\"a b\""), ElementsAre("a", "b"));
  EXPECT_THAT(scope("\"  a   b \""), ElementsAre("a", "b"));
  EXPECT_THAT(scope("\"\""), IsEmpty());
  EXPECT_THAT(scope("[\"a b\",\"c\"]"), ElementsAre("a b", "c"));
  EXPECT_THAT(scope(R"("a\tb")"), ElementsAre("a\tb"));
  const auto words = [](ClaimsPolicy& p) {
    p.group_claim = "scope";
    p.group_form = GroupForm::words;
  };
  const auto many = [](std::size_t count) {
    std::string text = "\"";
    for (std::size_t i = 0; i < count; ++i) text += "a ";
    return payload({{"scope", text + "\""}});
  };
  const Case cases[] = {
      {"accepted: 1024 words", many(1'024), Reason::allowed, {}, words},
      {"invalid: 1025 words", many(1'025), Reason::claim_invalid, Step::claims, words},
      {"invalid: a number", payload({{"scope", "1"}}), Reason::claim_invalid, Step::claims, words},
  };
  expect(cases);
}

// OpenID Connect Core section 5.6.2; Entra's group overage.
TEST(Groups, ThatAreElsewhereAreNotTakenForNone) {
  const std::string names = R"({"groups":"src1"})";
  const Case cases[] = {
      {"elsewhere: by _claim_names", payload({{"_claim_names", names}}), Reason::groups_elsewhere},
      {"elsewhere: by hasgroups", payload({{"hasgroups", "true"}}), Reason::groups_elsewhere},
      {"accepted: another claim is elsewhere", payload({{"_claim_names", R"({"photo":"s"})"}}),
       Reason::allowed},
      {"accepted: hasgroups is false", payload({{"hasgroups", "false"}}), Reason::allowed},
      {"elsewhere: the claim is there too, and who knows whether whole",
       payload({{"_claim_names", names}, {"groups", "[]"}}), Reason::groups_elsewhere},
      {"elsewhere: what holds the claim", payload({{"_claim_names", R"({"realm_access":"src1"})"}}),
       Reason::groups_elsewhere, Step::claims,
       [](ClaimsPolicy& p) { p.group_claim = "realm_access.roles"; }},
      {"accepted: no groups are read",
       payload({{"_claim_names", names}}),
       Reason::allowed,
       {},
       [](ClaimsPolicy& p) { p.group_claim.clear(); }},
  };
  expect(cases);
}

}  // namespace
}  // namespace latchkey::claims
