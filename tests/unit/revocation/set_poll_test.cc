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

// The answer of RFC 8936 section 2.5, whose token is the example of RFC 8417 section 2.1, unsigned:
// what carries it does not judge it (security_event_test.cc does).
TEST(PollAnswer, ReadsTheExampleOfTheRfc) {
  const std::string token =
      "eyJhbGciOiJub25lIn0."
      "eyJqdGkiOiI0ZDM1NTllYzY3NTA0YWFiYTY1ZDQwYjAzNjNmYWFkOCIsImlhdCI6MTQ1ODQ5NjQwNCwiaXNzIjoiaHR0"
      "cHM6Ly9zY2ltLmV4YW1wbGUuY29tIiwiYXVkIjpbImh0dHBzOi8vc2NpbS5leGFtcGxlLmNvbS9GZWVkcy85OGQ1MjQ2"
      "MWZhNWJiYzg3OTU5M2I3NzU0IiwiaHR0cHM6Ly9zY2ltLmV4YW1wbGUuY29tL0ZlZWRzLzVkNzYwNDUxNmIxZDA4NjQx"
      "ZDc2NzZlZTciXSwiZXZlbnRzIjp7InVybjppZXRmOnBhcmFtczpzY2ltOmV2ZW50OmNyZWF0ZSI6eyJyZWYiOiJodHRw"
      "czovL3NjaW0uZXhhbXBsZS5jb20vVXNlcnMvNDRmNjE0MmRmOTZiZDZhYjYxZTc1MjFkOSIsImF0dHJpYnV0ZXMiOlsi"
      "aWQiLCJuYW1lIiwidXNlck5hbWUiLCJwYXNzd29yZCIsImVtYWlscyJdfX19.";
  EXPECT_EQ(read("{\n  \"sets\": {\n    \"4d3559ec67504aaba65d40b0363faad8\":\n      \"" + token +
                 "\"\n  }\n}\n"),
            "4d3559ec67504aaba65d40b0363faad8=" + token + " ");
}

// RFC 8936 sections 2.4.1 to 2.4.4: a poll, one that only acknowledges, one that does both, and one
// that refuses, too. Ours have their members in the order of their names, and always say whether
// the transmitter may wait.
TEST(PollRequest, WritesTheExamplesOfTheRfc) {
  const std::vector<std::string> both = {"4d3559ec67504aaba65d40b0363faad8",
                                         "3d0c3cf797584bd193bd0fb1bd4e7d30"};
  const std::vector<std::string> second = {both[1]};
  const std::vector<RefusedSet> refused = {
      {both[0], "authentication_failed", "The SET could not be authenticated"}};
  EXPECT_EQ(write_poll_request(
                {.sets_most = {}, .return_immediately = true, .acknowledged = {}, .refused = {}}),
            R"({"returnImmediately":true})");
  EXPECT_EQ(write_poll_request(
                {.sets_most = 0, .return_immediately = false, .acknowledged = both, .refused = {}}),
            R"({"ack":["4d3559ec67504aaba65d40b0363faad8","3d0c3cf797584bd193bd0fb1bd4e7d30"],)"
            R"("maxEvents":0,"returnImmediately":false})");
  EXPECT_EQ(
      write_poll_request(
          {.sets_most = {}, .return_immediately = false, .acknowledged = both, .refused = {}}),
      R"({"ack":["4d3559ec67504aaba65d40b0363faad8","3d0c3cf797584bd193bd0fb1bd4e7d30"],)"
      R"("returnImmediately":false})");
  EXPECT_EQ(
      write_poll_request({.sets_most = {},
                          .return_immediately = true,
                          .acknowledged = second,
                          .refused = refused}),
      R"({"ack":["3d0c3cf797584bd193bd0fb1bd4e7d30"],"returnImmediately":true,)"
      R"("setErrs":{"4d3559ec67504aaba65d40b0363faad8":)"
      R"({"description":"The SET could not be authenticated","err":"authentication_failed"}}})");
}

// RFC 8936 section 2.2.
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
