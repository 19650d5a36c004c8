// SPDX-License-Identifier: Apache-2.0
//
// What access rules ask of claims: judged when a token is validated, and remembered.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/claims/validator_cases.h"

namespace latchkey::claims {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using validator_test::base_policy;
using validator_test::payload;
using validator_test::Signed;

RequiredValue text(std::string value) {
  return {.kind = RequiredValue::Kind::text, .text = std::move(value)};
}

RequiredClaim equals(std::string name, std::string value) {
  return {.name = std::move(name), .values = {text(std::move(value))}};
}

std::vector<std::string> judged(const std::string& claims, std::vector<RequiredClaim> asked) {
  ClaimsPolicy policy = base_policy();
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const std::string id = std::to_string(i);
    policy.conditions.push_back({std::move(asked[i]), '+' + id, '-' + id});
  }
  const auto claimed = Signed().validate(claims, policy);
  EXPECT_TRUE(claimed) << claimed.error().error.detail;
  return claimed ? claimed->record().conditions : std::vector<std::string>();
}

TEST(Conditions, AreRememberedWhetherTheyHoldOrNotAndRefuseNothing) {
  const std::string claims =
      payload({{"department", "\"platform\""}, {"realm", R"({"level":2})"}, {"other", "null"}});
  EXPECT_THAT(
      judged(claims, {equals("department", "platform"),
                      equals("department", "sales"),
                      equals("absent", "x"),
                      {.name = "realm.level", .match = RequiredClaim::Match::range, .least = 2},
                      {.name = "other", .match = RequiredClaim::Match::present}}),
      ElementsAre("+0", "-1", "+3", "-4"));
  EXPECT_THAT(judged(claims, {}), IsEmpty());
}

// Somebody's choice of scopes may leave a claim out, or a provider may write it another way:
// nothing is known then, and a rule that denies does.
TEST(Conditions, OfWhatATokenDoesNotSayNothingIsKnown) {
  const auto known = [](const std::string& value, RequiredClaim asked) {
    asked.name = "x";
    const auto all = judged(payload({{"x", value}}), {std::move(asked)});
    return all.empty() ? "" : all.front();
  };
  const RequiredClaim is_text = equals("x", "external");
  const RequiredClaim number{.values = {{.kind = RequiredValue::Kind::integer, .integer = 1}}};
  const RequiredClaim truth{.values = {{.kind = RequiredValue::Kind::boolean, .boolean = true}}};
  const RequiredClaim most{.match = RequiredClaim::Match::range, .most = 1};
  const RequiredClaim has{.match = RequiredClaim::Match::contains, .values = {text("external")}};
  const RequiredClaim present{.match = RequiredClaim::Match::present};
  EXPECT_EQ(known("\"external\"", is_text), "+0");
  EXPECT_EQ(known("\"internal\"", is_text), "-0");
  EXPECT_EQ(known("[\"external\"]", is_text), "");
  EXPECT_EQ(known("null", is_text), "");
  EXPECT_EQ(known("1", is_text), "");
  EXPECT_EQ(known("1", number), "+0");
  EXPECT_EQ(known("2", number), "-0");
  EXPECT_EQ(known("1.0", number), "");
  EXPECT_EQ(known("\"1\"", number), "");
  EXPECT_EQ(known("false", truth), "-0");
  EXPECT_EQ(known("\"true\"", truth), "");
  EXPECT_EQ(known("0", most), "+0");
  EXPECT_EQ(known("2.5", most), "-0");
  EXPECT_EQ(known("\"0\"", most), "");
  EXPECT_EQ(known("1e18", most), "");
  EXPECT_EQ(known("18446744073709551615", most), "-0");
  EXPECT_EQ(known("[\"internal\"]", has), "-0");
  EXPECT_EQ(known("\"external\"", has), "");
  EXPECT_EQ(known("[1, \"external\"]", has), "+0");
  EXPECT_EQ(known(R"([{"name":"external"}])", has), "");
  const RequiredClaim mixed{.match = RequiredClaim::Match::one_of,
                            .values = {text("x"), number.values[0]}};
  EXPECT_EQ(known("5", mixed), "");
  EXPECT_EQ(known("null", present), "-0");
  EXPECT_EQ(known("[]", present), "+0");
}

TEST(Conditions, OfGroupsIsRememberedThatATokenHadThem) {
  ClaimsPolicy policy = base_policy();
  policy.groups_known = "+g";
  const auto known = [&](const std::string& claims) {
    return Signed().validate(claims, policy)->record().conditions;
  };
  EXPECT_THAT(known(payload({{"groups", "[]"}})), ElementsAre("+g"));
  EXPECT_THAT(known(payload()), IsEmpty());
}

TEST(Conditions, SurviveBeingKeptAndRecalled) {
  ClaimsPolicy policy = base_policy();
  policy.conditions.push_back({equals("sub", "u-1"), "+0123456789abcdef", "-0123456789abcdef"});
  const auto claimed = Signed().validate(payload(), policy);
  ASSERT_TRUE(claimed);
  const auto recalled = ValidatedClaims::recall(claimed->record());
  EXPECT_THAT(recalled.record().conditions, ElementsAre("+0123456789abcdef"));
  std::vector<char> memory(packed_size(*recalled));
  const PackedClaims packed = pack(*recalled, memory.data());
  EXPECT_EQ(unpack(packed, memory.data()).conditions, recalled->conditions);
}

}  // namespace
}  // namespace latchkey::claims
