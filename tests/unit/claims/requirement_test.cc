// SPDX-License-Identifier: Apache-2.0
#include "core/claims/requirement.h"

#include <string>

#include <gtest/gtest.h>

namespace latchkey::claims {
namespace {

using Match = RequiredClaim::Match;
using Kind = RequiredValue::Kind;

RequiredValue text(std::string value) { return {.text = std::move(value)}; }
RequiredValue integer(std::int64_t value) { return {.kind = Kind::integer, .integer = value}; }
RequiredValue boolean(bool value) { return {.kind = Kind::boolean, .boolean = value}; }

RequiredClaim equals(RequiredValue value, std::string name = "c") {
  return {.name = std::move(name), .match = Match::equals, .values = {std::move(value)}};
}
RequiredClaim one_of(std::vector<RequiredValue> values) {
  return {.name = "c", .match = Match::one_of, .values = std::move(values)};
}
RequiredClaim holds(RequiredValue value) {
  return {.name = "c", .match = Match::contains, .values = {std::move(value)}};
}
RequiredClaim present() { return {.name = "c", .match = Match::present}; }
RequiredClaim range(std::optional<std::int64_t> least, std::optional<std::int64_t> most) {
  return {.name = "c", .match = Match::range, .least = least, .most = most};
}

struct Case {
  std::string_view name;
  std::string_view object;
  RequiredClaim required;
  Reason want;
};

void expect(std::span<const Case> cases) {
  jose::JsonReader reader;
  for (const Case& c : cases) {
    const auto object = reader.read(c.object);
    ASSERT_TRUE(object) << c.name;
    const auto result = check_required(*object, c.required, "claim");
    EXPECT_EQ(code(result ? Reason::allowed : result.error().reason), code(c.want)) << c.name;
  }
}

constexpr Reason kFine = Reason::allowed;
constexpr Reason kWrong = Reason::claim_wrong;
constexpr Reason kMissing = Reason::claim_missing;

TEST(Requirement, Equals) {
  const Case cases[] = {
      {"text", R"({"c":"t-1"})", equals(text("t-1")), kFine},
      {"other text", R"({"c":"t-2"})", equals(text("t-1")), kWrong},
      {"case counts", R"({"c":"T-1"})", equals(text("t-1")), kWrong},
      {"a NUL behind it", R"({"c":"t-1\u0000"})", equals(text("t-1")), kWrong},
      {"an array that holds it", R"({"c":["t-1"]})", equals(text("t-1")), kWrong},
      {"absent", "{}", equals(text("t-1")), kMissing},
      {"null is no text", R"({"c":null})", equals(text("t-1")), kWrong},
      {"boolean", R"({"c":true})", equals(boolean(true)), kFine},
      {"the other boolean", R"({"c":false})", equals(boolean(true)), kWrong},
      {"the string true", R"({"c":"true"})", equals(boolean(true)), kWrong},
      {"1 is not true", R"({"c":1})", equals(boolean(true)), kWrong},
      {"false is not absent", "{}", equals(boolean(false)), kMissing},
      {"integer", R"({"c":3})", equals(integer(3)), kFine},
      {"3.0 is no integer", R"({"c":3.0})", equals(integer(3)), kWrong},
      {"the string 3", R"({"c":"3"})", equals(integer(3)), kWrong},
      {"by a path", R"({"a":{"b":3}})", equals(integer(3), "a.b"), kFine},
      {"by a name with dots, which wins over the path", R"({"a.b":3,"a":{"b":4}})",
       equals(integer(3), "a.b"), kFine},
      {"a path through something that is no object", R"({"a":["b"]})", equals(integer(3), "a.b"),
       kMissing},
  };
  expect(cases);
}

TEST(Requirement, OneOf) {
  const std::vector<RequiredValue> some = {text("a"), text("b"), integer(1)};
  const Case cases[] = {
      {"the first", R"({"c":"a"})", one_of(some), kFine},
      {"another", R"({"c":"b"})", one_of(some), kFine},
      {"another type", R"({"c":1})", one_of(some), kFine},
      {"none", R"({"c":"c"})", one_of(some), kWrong},
      {"types count", R"({"c":"1"})", one_of(some), kWrong},
      {"joined", R"({"c":"a b"})", one_of(some), kWrong},
      {"an array of them", R"({"c":["a"]})", one_of(some), kWrong},
      {"absent", "{}", one_of(some), kMissing},
      {"an empty list lets nobody through", R"({"c":"a"})", one_of({}), kWrong},
  };
  expect(cases);
}

TEST(Requirement, Contains) {
  const Case cases[] = {
      {"alone", R"({"c":["a"]})", holds(text("a")), kFine},
      {"among others of any type", R"({"c":[1,null,{"a":1},["a"],"a"]})", holds(text("a")), kFine},
      {"not there", R"({"c":["b"]})", holds(text("a")), kWrong},
      {"a part of an element", R"({"c":["ab","a b"]})", holds(text("a")), kWrong},
      {"one level down", R"({"c":[["a"]]})", holds(text("a")), kWrong},
      {"an empty array", R"({"c":[]})", holds(text("a")), kWrong},
      {"a string is no array", R"({"c":"a"})", holds(text("a")), kWrong},
      {"a blank-joined string is no array", R"({"c":"a b"})", holds(text("a")), kWrong},
      {"a name of an object", R"({"c":{"a":1}})", holds(text("a")), kWrong},
      {"a number", R"({"c":[2,1]})", holds(integer(1)), kFine},
      {"types count", R"({"c":["1",1.0,true]})", holds(integer(1)), kWrong},
      {"absent", "{}", holds(text("a")), kMissing},
  };
  expect(cases);
}

TEST(Requirement, Present) {
  const Case cases[] = {
      {"any value", R"({"c":[]})", present(), kFine},
      {"an empty text", R"({"c":""})", present(), kFine},
      {"false", R"({"c":false})", present(), kFine},
      {"null", R"({"c":null})", present(), kWrong},
      {"absent", R"({"d":1})", present(), kMissing},
  };
  expect(cases);
}

TEST(Requirement, Range) {
  const Case cases[] = {
      {"at the lower bound", R"({"c":1})", range(1, 3), kFine},
      {"at the upper bound", R"({"c":3})", range(1, 3), kFine},
      {"below", R"({"c":0})", range(1, 3), kWrong},
      {"above", R"({"c":4})", range(1, 3), kWrong},
      {"a fraction within", R"({"c":2.5})", range(1, 3), kFine},
      {"a fraction below", R"({"c":0.999})", range(1, 3), kWrong},
      {"a fraction above", R"({"c":3.001})", range(1, 3), kWrong},
      {"no lower bound", R"({"c":-9223372036854775808})", range({}, 3), kFine},
      {"no upper bound", R"({"c":18446744073709551615})", range(1, {}), kFine},
      {"beyond 64 bits signed", R"({"c":18446744073709551615})", range(1, 9223372036854775807),
       kWrong},
      {"one above a bound that a double rounds to", R"({"c":9007199254740993})",
       range({}, 9007199254740992), kWrong},
      {"one above the largest bound", R"({"c":9223372036854775808})",
       range({}, 9223372036854775807), kWrong},
      {"beyond 64 bits signed is above any lower bound", R"({"c":9223372036854775808})",
       range(9223372036854775807, {}), kFine},
      {"a fraction that a double rounds to the bound", R"({"c":9007199254740992.5})",
       range(9007199254740993, {}), kWrong},
      {"with a point, one above a bound that a double rounds to", R"({"c":9007199254740993.0})",
       range({}, 9007199254740992), kWrong},
      {"with an exponent, beyond what a double tells apart", R"({"c":1e18})", range({}, {}),
       kWrong},
      {"with a point, up to there", R"({"c":9007199254740991.0})",
       range(9007199254740991, 9007199254740991), kFine},
      {"a negative fraction just below", R"({"c":-1.5})", range(-1, {}), kWrong},
      {"a negative fraction just within", R"({"c":-0.5})", range(-1, 0), kFine},
      {"the string 2", R"({"c":"2"})", range(1, 3), kWrong},
      {"true", R"({"c":true})", range(0, 3), kWrong},
      {"an array", R"({"c":[2]})", range(1, 3), kWrong},
      {"null", R"({"c":null})", range(0, 3), kWrong},
      {"absent", "{}", range(0, 3), kMissing},
  };
  expect(cases);
}

}  // namespace
}  // namespace latchkey::claims
