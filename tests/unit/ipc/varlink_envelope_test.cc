// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "ipc/varlink.h"

namespace latchkey::ipc::varlink {
namespace {

struct CallCase {
  const char* name;
  std::string input;
  std::optional<Call> want;
};

class DecodeCall : public testing::TestWithParam<CallCase> {};

TEST_P(DecodeCall, takes_a_varlink_call_and_nothing_else) {
  const auto call = decode_call(GetParam().input);
  ASSERT_EQ(call.has_value(), GetParam().want.has_value()) << GetParam().name;
  if (!call) {
    EXPECT_EQ(call.error().kind, FaultKind::malformed);
    return;
  }
  EXPECT_EQ(call->method, GetParam().want->method);
  EXPECT_EQ(call->parameters, GetParam().want->parameters);
  EXPECT_EQ(call->oneway, GetParam().want->oneway);
  EXPECT_EQ(call->more, GetParam().want->more);
}

const CallCase kCallCases[] = {
    {"a method alone", R"({"method":"a.B"})", Call{"a.B", "{}", false, false}},
    {"parameters are handed on as JSON",
     R"({ "method":"a.B", "parameters": {"x" : [1, null, "\u00e9"]} })",
     Call{"a.B", R"({"x":[1,null,"é"]})", false, false}},
    {"numbers keep their kind",
     R"({"method":"a.B","parameters":{"i":-7,"d":1.5,"big":9223372036854775807}})",
     Call{"a.B", R"({"i":-7,"d":1.5,"big":9223372036854775807})", false, false}},
    {"null parameters are none", R"({"method":"a.B","parameters":null})",
     Call{"a.B", "{}", false, false}},
    {"oneway and more", R"({"method":"a.B","oneway":true,"more":true})",
     Call{"a.B", "{}", true, true}},
    {"upgrade false is none", R"({"method":"a.B","upgrade":false})",
     Call{"a.B", "{}", false, false}},
    {"refused: upgrade", R"({"method":"a.B","upgrade":true})", std::nullopt},
    {"refused: empty", "", std::nullopt},
    {"refused: no object", R"(["method"])", std::nullopt},
    {"refused: no method", R"({"parameters":{}})", std::nullopt},
    {"refused: an empty method", R"({"method":""})", std::nullopt},
    {"refused: a method that is no string", R"({"method":1})", std::nullopt},
    {"refused: parameters that are no object", R"({"method":"a.B","parameters":[]})", std::nullopt},
    {"refused: oneway that is no boolean", R"({"method":"a.B","oneway":1})", std::nullopt},
    {"refused: an unknown member", R"({"method":"a.B","fd":3})", std::nullopt},
    {"refused: a method given twice", R"({"method":"a.B","method":"a.C"})", std::nullopt},
    {"refused: a parameter given twice", R"({"method":"a.B","parameters":{"x":1,"\u0078":2}})",
     std::nullopt},
    {"refused: two values", R"({"method":"a.B"}{})", std::nullopt},
    {"refused: broken UTF-8", "{\"method\":\"a.B\xff\"}", std::nullopt},
    {"refused: deep nesting",
     R"({"method":"a.B","parameters":{"x":)" + std::string(20, '[') + std::string(20, ']') + "}}",
     std::nullopt},
    {"refused: above the limit", R"({"method":"a.)" + std::string(kCallMost, 'x') + "\"}",
     std::nullopt},
};
INSTANTIATE_TEST_SUITE_P(Table, DecodeCall, testing::ValuesIn(kCallCases));

struct ReplyCase {
  const char* name;
  const char* input;
  bool good;
};

TEST(DecodeReply, takes_a_varlink_reply_and_nothing_else) {
  const ReplyCase cases[] = {
      {"parameters", R"({"parameters":{"x":1}})", true},
      {"an error", R"({"error":"a.Failed","parameters":{}})", true},
      {"an error without parameters", R"({"error":"a.Failed"})", true},
      {"nothing at all", "{}", true},
      {"refused: an empty error, which would read as success", R"({"error":""})", false},
      {"refused: an error that is no string", R"({"error":false})", false},
      {"refused: an error given twice", R"({"error":"a.B","error":"a.C"})", false},
      {"refused: an unknown member", R"({"parameters":{},"method":"a.B"})", false},
      {"refused: text", "ok", false},
  };
  for (const ReplyCase& item : cases)
    EXPECT_EQ(decode_reply(item.input).has_value(), item.good) << item.name;
}

TEST(EncodeVarlink, writes_what_the_other_side_reads) {
  const std::string call = encode(Call{"a.B", R"({"x":"y\n"})", true, true});
  ASSERT_EQ(call.find('\0'), call.size() - 1);
  const auto read_call = decode_call(call.substr(0, call.size() - 1));
  ASSERT_TRUE(read_call);
  EXPECT_EQ(read_call->parameters, R"({"x":"y\n"})");
  EXPECT_TRUE(read_call->oneway && read_call->more);

  const std::string reply = encode(Reply{R"({"z":[]})", "a.Failed", true});
  ASSERT_EQ(reply.find('\0'), reply.size() - 1);
  const auto read_reply = decode_reply(reply.substr(0, reply.size() - 1));
  ASSERT_TRUE(read_reply);
  EXPECT_EQ(read_reply->parameters, R"({"z":[]})");
  EXPECT_EQ(read_reply->error, "a.Failed");
  EXPECT_TRUE(read_reply->continues);
}

TEST(EncodeVarlink, a_nul_in_a_string_never_ends_the_message) {
  const std::string call = encode(Call{"a.B", "{\"x\":\"\\u0000\"}", false, false});
  EXPECT_EQ(call.find('\0'), call.size() - 1);
}

TEST(EncodeVarlinkDeathTest, parameters_that_are_no_object_are_a_broken_invariant) {
  EXPECT_DEATH(encode(Reply{"[1]", {}, false}), "");
  EXPECT_DEATH(encode(Call{"a.B", "{", false, false}), "");
}

}  // namespace
}  // namespace latchkey::ipc::varlink
