// SPDX-License-Identifier: Apache-2.0
#include "core/claims/status_claim.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace latchkey::claims {
namespace {

// Section 6.2.
TEST(StatusReference, IsReadStrictly) {
  struct Case {
    std::string name;
    std::string payload;
    std::string want;
  };
  const auto of = [](const std::string& list) {
    return R"({"status":{"status_list":)" + list + "}}";
  };
  const auto at = [&](const std::string& uri) { return of(R"({"idx":7,"uri":)" + uri + "}"); };
  const std::vector<Case> cases = {
      {"the draft's", of(R"({"idx":0,"uri":"https://example.com/statuslists/1"})"),
       "0 https://example.com/statuslists/1"},
      {"with more members", of(R"({"idx":7,"uri":"https://a/","x":1})"), "7 https://a/"},
      {"of another claim too",
       R"({"sub":"x","status":{"y":{},"status_list":{"idx":1,"uri":"https://a"}}})", "1 https://a"},
      {"none", R"({"sub":"x"})", "none"},
      {"another mechanism", R"({"status":{"other":{"idx":"x"}}})", "none"},
      {"status is a text", R"({"status":"valid"})", "status_invalid"},
      {"status is null", R"({"status":null})", "status_invalid"},
      {"status_list is a text", of(R"("x")"), "status_invalid"},
      {"no idx", of(R"({"uri":"https://a"})"), "status_invalid"},
      {"idx is a text", of(R"({"idx":"7","uri":"https://a"})"), "status_invalid"},
      {"idx is negative", of(R"({"idx":-1,"uri":"https://a"})"), "status_invalid"},
      {"idx is a fraction", of(R"({"idx":7.0,"uri":"https://a"})"), "status_invalid"},
      {"the greatest idx", of(R"({"idx":9007199254740991,"uri":"https://a"})"),
       "9007199254740991 https://a"},
      {"a greater idx", of(R"({"idx":9007199254740992,"uri":"https://a"})"), "status_invalid"},
      {"no uri", of(R"({"idx":7})"), "status_invalid"},
      {"uri is an array", at(R"(["https://a"])"), "status_invalid"},
      {"http", at(R"("http://a")"), "status_invalid"},
      {"a file", at(R"("file:///etc/passwd")"), "status_invalid"},
      {"relative", at(R"("/statuslists/1")"), "status_invalid"},
      {"a fragment", at(R"("https://a/#b")"), "status_invalid"},
      {"a blank", at(R"("https://a/ b")"), "status_invalid"},
      {"a line feed", at(R"("https://a/\nb")"), "status_invalid"},
      {"no ASCII", at(R"("https://\u00e9")"), "status_invalid"},
      {"2048 bytes", at("\"https://" + std::string(2'040, 'a') + '"'),
       "7 https://" + std::string(2'040, 'a')},
      {"2049 bytes", at("\"https://" + std::string(2'041, 'a') + '"'), "status_invalid"},
  };
  for (const auto& c : cases) {
    jose::JsonReader reader;
    const auto reference = read_status(reader.read(c.payload).value(), StatusRule::heed_known);
    const std::string got =
        !reference    ? std::string(code(reference.error().reason))
        : !*reference ? "none"
                      : std::to_string((*reference)->index) + " " + std::string((*reference)->uri);
    EXPECT_EQ(got, c.want) << c.name;
  }
}

TEST(StatusClaim, IsJudgedByTheIssuersRule) {
  using enum StatusRule;
  const std::string list = R"({"status":{"status_list":{"idx":1,"uri":"https://a/"}}})";
  const std::string other = R"({"status":{"other":{}}})";
  struct Case {
    std::string name;
    std::string payload;
    StatusRule rule;
    std::string want;
  };
  const std::vector<Case> cases = {
      {"heed: a list", list, heed, "1"},
      {"heed: none", "{}", heed, "none"},
      {"heed: another mechanism", other, heed, "status_unsupported"},
      {"heed: nothing in it", R"({"status":{}})", heed, "status_unsupported"},
      {"heed: a text", R"({"status":"active"})", heed, "status_invalid"},
      {"require: a list", list, require, "1"},
      {"require: none", "{}", require, "status_unsupported"},
      {"require: another mechanism", other, require, "status_unsupported"},
      {"heed_known: a list", list, heed_known, "1"},
      {"heed_known: another mechanism", other, heed_known, "none"},
      {"heed_known: a text", R"({"status":"active"})", heed_known, "status_invalid"},
      {"ignore: a list", list, ignore, "none"},
      {"ignore: a text", R"({"status":"active"})", ignore, "none"},
      {"ignore: none", "{}", ignore, "none"},
  };
  for (const auto& c : cases) {
    jose::JsonReader reader;
    const auto reference = read_status(reader.read(c.payload).value(), c.rule);
    const std::string got = !reference    ? std::string(code(reference.error().reason))
                            : !*reference ? "none"
                                          : std::to_string((*reference)->index);
    EXPECT_EQ(got, c.want) << c.name;
  }
}

}  // namespace
}  // namespace latchkey::claims
