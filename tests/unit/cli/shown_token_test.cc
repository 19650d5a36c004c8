// SPDX-License-Identifier: Apache-2.0
#include "cli/latchkeyctl/shown_token.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/jose/base64url.h"

namespace latchkey::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr WallTime kNow{std::chrono::seconds(1'900'000'000)};

std::string token(std::string_view header, std::string_view claims,
                  std::string_view signature = "secret-signature") {
  return jose::encode_base64url(header) + "." + jose::encode_base64url(claims) + "." +
         std::string(signature);
}

std::string shown(const std::string& text) {
  const auto result = show_token_text(text, kNow);
  return result ? *result : "error: " + result.error();
}

TEST(ShownToken, says_first_that_nothing_was_verified) {
  EXPECT_TRUE(shown(token(R"({"alg":"none"})", "{}")).starts_with("NOT VERIFIED"));
  EXPECT_THAT(*show_token_json(token(R"({"alg":"none"})", "{}")), HasSubstr(R"("verified":false)"));
}

TEST(ShownToken, has_header_claims_and_their_times_and_no_signature) {
  const std::string whole =
      token(R"({"alg":"RS256"})",
            R"({"sub":"u","exp":1900000090,"iat":1899999700.5,"n":[1,2.5,null,true]})");
  EXPECT_EQ(
      shown(whole),
      "NOT VERIFIED: anybody can write such a token (`latchkeyctl token verify` verifies it)\n"
      "header\n{\n  \"alg\": \"RS256\"\n}\n"
      "claims\n{\n  \"sub\": \"u\",\n  \"exp\": 1900000090,\n  \"iat\": 1899999700.5,\n"
      "  \"n\": [\n    1,\n    2.5,\n    null,\n    true\n  ]\n}\n"
      "times\n"
      "  iat        2030-03-17T17:41:40.500Z (4 min ago)\n"
      "  exp        2030-03-17T17:48:10.000Z (in 1 min)\n");
  EXPECT_THAT(*show_token_json(whole), Not(HasSubstr("secret-signature")));
}

// A terminal obeys ESC and C1 controls; a reader believes what turns the direction of a line.
TEST(ShownToken, is_printable_ascii_whatever_the_claims_hold) {
  const std::string whole =
      token(R"({"alg":"RS256"})",
            "{\"a\":\"\\u001b[2J\\u0007\\u0000\\u007f\xc2\x9b\xe2\x80\xae\xf0\x9f\x94\x91\","
            "\"\\u001b\":1}");
  for (const std::string& text : {shown(whole), *show_token_json(whole)}) {
    for (const char c : text) EXPECT_TRUE(c == '\n' || (c >= ' ' && c <= '~')) << text;
    EXPECT_THAT(text, HasSubstr("\\u001b[2J\\u0007\\u0000\\u007f\\u009b\\u202e\\ud83d\\udd11"));
  }
}

struct Bad {
  const char* name;
  std::string token;
  const char* why;
};

TEST(ShownToken, of_what_is_none_is_one_sentence_that_quotes_nothing) {
  const std::string header = R"({"alg":"RS256"})";
  const Bad cases[] = {
      {"nothing", "", "there is no token"},
      {"one part", "secret", "this is no compact JWS: it has not three parts"},
      {"two parts", "a.b", "this is no compact JWS: it has not three parts"},
      {"four parts", "a.b.c.d", "this is no compact JWS: it has not three parts"},
      {"a JWE", "a.b.c.d.e", "the token is encrypted (JWE): its claims cannot be shown"},
      {"an empty header", ".e30.x", "the header cannot be shown: the JSON text is empty"},
      {"padding", "e30=.e30.x", "the header cannot be shown: it is not canonical base64url"},
      {"a header that is no object", token("[]", "{}"),
       "the header cannot be shown: it is no JSON object"},
      {"a name twice", token(header, R"({"a":1,"a":2})"),
       "the payload cannot be shown: the JSON text has an object with a duplicate name"},
      {"a payload that is no JSON", token(header, "secret"),
       "the payload cannot be shown: the text is not one JSON value"},
      {"65537 bytes", std::string(65'537, 'a'), "the token is longer than 65536 bytes"},
  };
  for (const Bad& one : cases)
    EXPECT_EQ(shown(one.token), std::string("error: ") + one.why) << one.name;
}

TEST(ShownToken, has_integers_as_they_were_written) {
  const std::string numbers =
      "[9007199254740993,9223372036854775807,9223372036854775808,18446744073709551615,"
      "-9223372036854775808]";
  EXPECT_THAT(*show_token_json(token("{}", "{\"n\":" + numbers + "}")), HasSubstr(numbers));
  EXPECT_THAT(shown(token("{}", R"({"n":18446744073709551615})")),
              HasSubstr("\"n\": 18446744073709551615\n"));
}

TEST(ShownToken, takes_times_that_no_calendar_has_for_mere_numbers) {
  const std::string text = shown(token("{}", R"({"exp":1e300,"nbf":-1,"iat":"1900000000"})"));
  EXPECT_THAT(text, Not(HasSubstr("times")));
}

}  // namespace
}  // namespace latchkey::cli
