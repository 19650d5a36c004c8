// SPDX-License-Identifier: Apache-2.0
#include "core/revocation/set_poll.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace latchkey::revocation {
namespace {

std::string read(const std::string& body) {
  jose::JsonReader reader({.bytes = poll_limits::kAnswerBytes});
  const auto answer = read_poll_answer(body, reader);
  if (!answer) return std::string(item_fault_name(answer.error().fault));
  std::string out = answer->more_available ? "more " : "";
  if (answer->nameless > 0) out += std::to_string(answer->nameless) + " nameless ";
  for (const PolledSet& set : answer->sets)
    out += std::string(set.id) + '=' + std::string(set.token) + ' ';
  return out;
}

// RFC 8936 sections 2.3 and 2.5.
TEST(PollAnswer, IsReadStrictly) {
  struct Case {
    std::string name;
    std::string body;
    std::string want;
  };
  const auto sets = [](int count) {
    std::string out = R"({"sets":{)";
    for (int i = 0; i < count; ++i) out += (i == 0 ? "\"" : ",\"") + std::to_string(i) + R"(":"x")";
    return out + "}}";
  };
  const std::vector<Case> cases = {
      {"two tokens and more",
       R"({"sets":{"4d3559ec":"eyJ.a.b","3d0c3cf7":"eyJ.c.d"},"moreAvailable":true})",
       "more 4d3559ec=eyJ.a.b 3d0c3cf7=eyJ.c.d "},
      {"none", R"({"sets":{}})", ""},
      {"no more", R"({"sets":{},"moreAvailable":false})", ""},
      {"with other members", R"({"sets":{"a":"b"},"x":[]})", "a=b "},
      {"a token that is none", R"({"sets":{"a":1,"b":"c"}})", "a= b=c "},
      {"empty", "", "form"},
      {"a list", "[]", "form"},
      {"no sets", R"({"moreAvailable":true})", "form"},
      {"sets is a list", R"({"sets":[]})", "form"},
      {"moreAvailable is a text", R"({"sets":{},"moreAvailable":"true"})", "form"},
      {"one id twice", R"({"sets":{"a":"b","\u0061":"c"}})", "form"},
      {"an empty id beside another", R"({"sets":{"":"b","a":"c"}})", "1 nameless a=c "},
      {"an id of 2048 bytes", R"({"sets":{")" + std::string(2'048, 'i') + R"(":"b"}})",
       std::string(2'048, 'i') + "=b "},
      {"an id of 2049 bytes", R"({"sets":{")" + std::string(2'049, 'i') + R"(":"b"}})",
       "1 nameless "},
      {"257 tokens", sets(257), "bounds"},
      {"half a body", R"({"sets":{"a":"b")", "form"},
      {"too long", R"({"sets":{"a":")" + std::string(poll_limits::kAnswerBytes, 'x') + "\"}}",
       "form"},
  };
  for (const auto& c : cases) EXPECT_EQ(read(c.body), c.want) << c.name;
  EXPECT_EQ(read(sets(256)).substr(0, 8), "0=x 1=x ");
}

// RFC 8936 section 2.2 and its examples in section 2.4.
TEST(PollRequest, AsksAndTellsInOneObject) {
  EXPECT_EQ(write_poll_request({}), R"({"returnImmediately":false})");
  EXPECT_EQ(write_poll_request(
                {.sets_most = 0, .return_immediately = true, .acknowledged = {}, .refused = {}}),
            R"({"maxEvents":0,"returnImmediately":true})");
  const std::vector<std::string> ids = {"4d3559ec67504aaba65d40b0363faad8", "a\"b"};
  const std::vector<RefusedSet> refused = {
      {"4d3559ec67504aaba65d40b0363faad9", "invalid_audience", "it is meant for somebody else"}};
  EXPECT_EQ(
      write_poll_request(
          {.sets_most = 10, .return_immediately = false, .acknowledged = ids, .refused = refused}),
      R"({"ack":["4d3559ec67504aaba65d40b0363faad8","a\"b"],"maxEvents":10,)"
      R"("returnImmediately":false,"setErrs":{"4d3559ec67504aaba65d40b0363faad9":)"
      R"({"description":"it is meant for somebody else","err":"invalid_audience"}}})");
}

TEST(PollRequest, IsTextWhateverTheBytes) {
  const std::vector<std::string> ids = {"\xff"};
  EXPECT_EQ(write_poll_request(
                {.sets_most = {}, .return_immediately = true, .acknowledged = ids, .refused = {}}),
            "{\"ack\":[\"\xEF\xBF\xBD\"],\"returnImmediately\":true}");
}

}  // namespace
}  // namespace latchkey::revocation
