// SPDX-License-Identifier: Apache-2.0
#include "core/revocation/event_subject.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace latchkey::revocation {
namespace {

const std::vector<std::string> kIssuers = {"https://id.example.com/", "https://b.example"};

// "subject(issuer id) …", a '+' before what is of the sessions, a '&' where both are meant.
std::string read(const std::string& json) {
  jose::JsonReader reader;
  const auto subject = read_event_subject(reader.read(json).value(), kIssuers);
  if (!subject) return std::string(item_fault_name(subject.error().fault));
  std::string out = subject->combined ? "&" : "";
  const auto write = [&](const EventName& name) {
    out += name.format.empty() ? std::string(entry_kind_name(name.kind)) : std::string(name.format);
    out += '(' + std::string(name.issuer == kIssuers[0] ? "a" : "b") + ' ' +
           std::string(name.value) + ") ";
  };
  for (const EventName& name : subject->users) write(name);
  for (const EventName& name : subject->sessions) {
    out += '+';
    write(name);
  }
  return out.empty() ? "nobody" : out;
}

struct Case {
  std::string name;
  std::string json;
  std::string want;
};

TEST(EventSubject, OfEachFormatNamesWhatItCan) {
  const std::vector<Case> cases = {
      {"iss_sub, RFC 9493 section 3.2.3",
       R"({"format":"iss_sub","iss":"https://id.example.com/","sub":"145234573"})",
       "subject(a 145234573) "},
      {"of another issuer of ours", R"({"format":"iss_sub","iss":"https://b.example","sub":"1"})",
       "subject(b 1) "},
      {"opaque, RFC 9493 section 3.2.4", R"({"format":"opaque","id":"11112222333344445555"})",
       "subject(a 11112222333344445555) +session(a 11112222333344445555) "},
      {"jwt_id, SSF section 3.3.1",
       R"({"format":"jwt_id","iss":"https://id.example.com/","jti":"B70BA622"})",
       "token(a B70BA622) "},
      {"jwt-id of the drafts",
       R"({"format":"jwt-id","iss":"https://id.example.com/","jti":"B70BA622"})",
       "token(a B70BA622) "},
      {"account, RFC 9493 section 3.2.1",
       R"({"format":"account","uri":"acct:example.user@service.example.com"})",
       "account(a acct:example.user@service.example.com) "},
      {"email, RFC 9493 section 3.2.2", R"({"format":"email","email":"user@example.com"})",
       "email(a user@example.com) "},
      {"phone_number, RFC 9493 section 3.2.5",
       R"({"format":"phone_number","phone_number":"+12065550100"})",
       "phone_number(a +12065550100) "},
      {"did, RFC 9493 section 3.2.6", R"({"format":"did","url":"did:example:123456"})",
       "did(a did:example:123456) "},
      {"uri, RFC 9493 section 3.2.7", R"({"format":"uri","uri":"https://user.example.com/"})",
       "uri(a https://user.example.com/) "},
      {"one that nobody knows", R"({"format":"saml_assertion_id","issuer":"x","assertion_id":"y"})",
       "saml_assertion_id(a ) "},
      {"iss-sub of the drafts",
       R"({"subject_type":"iss-sub","iss":"https://id.example.com/","sub":"7375626A656374"})",
       "subject(a 7375626A656374) "},
      {"aliases, RFC 9493 section 3.2.8",
       R"({"format":"aliases","identifiers":[{"format":"email","email":"user@example.com"},
           {"format":"iss_sub","iss":"https://id.example.com/","sub":"1"},
           {"format":"opaque","id":"2"}]})",
       "email(a user@example.com) subject(a 1) subject(a 2) "},
      {"aliases, one of them another issuer's",
       R"({"format":"aliases","identifiers":[
           {"format":"iss_sub","iss":"https://c.example","sub":"9"},
           {"format":"iss_sub","iss":"https://id.example.com/","sub":"1"}]})",
       "subject(a 1) "},
      {"complex: a session of a user, CAEP section 3.1",
       R"({"format":"complex","session":{"format":"opaque","id":"dMTlD|1600802906337.16|16008.16"},
           "user":{"format":"iss_sub","iss":"https://id.example.com/","sub":"99beb27c"},
           "tenant":{"format":"opaque","id":"123456789"}})",
       "&subject(a 99beb27c) +session(a dMTlD|1600802906337.16|16008.16) "},
      {"complex: a user on a device",
       R"({"format":"complex","user":{"format":"iss_sub","iss":"https://id.example.com/","sub":"1"},
           "device":{"format":"iss_sub","iss":"https://devices.example","sub":"2"}})",
       "subject(a 1) "},
      {"complex as the drafts wrote it", R"({"user":{"format":"opaque","id":"1"}})",
       "subject(a 1) "},
      {"complex: a session by an issuer",
       R"({"format":"complex","session":{"format":"iss_sub","iss":"https://b.example","sub":"s"}})",
       "&+session(b s) "},
      {"complex: aliases of a user",
       R"({"format":"complex","user":{"format":"aliases","identifiers":[{"format":"opaque","id":"1"}]}})",
       "subject(a 1) "},
      {"complex: our session beside another issuer's user",
       R"({"format":"complex","session":{"format":"opaque","id":"s"},
           "user":{"format":"iss_sub","iss":"https://c.example","sub":"1"}})",
       "&+session(a s) "},
      {"complex: our session beside a user who is none",
       R"({"format":"complex","session":{"format":"opaque","id":"s"},"user":"1"})",
       "&+session(a s) "},
      {"aliases, one of them malformed",
       R"({"format":"aliases","identifiers":[{"format":"email"},{"format":"opaque","id":"1"}]})",
       "subject(a 1) "},
      {"complex: a device alone", R"({"format":"complex","device":{"format":"opaque","id":"1"}})",
       "nobody"},
  };
  for (const auto& c : cases) EXPECT_EQ(read(c.json), c.want) << c.name;
}

TEST(EventSubject, IsRefusedWhereItIsNone) {
  std::string many = R"({"format":"aliases","identifiers":[)";
  for (int i = 0; i < 16; ++i) many += R"({"format":"opaque","id":"1"},)";
  std::string most = many;
  most.back() = ']';
  const std::vector<Case> cases = {
      {"a text", R"("145234573")", "claim"},
      {"null", "null", "claim"},
      {"an array", "[]", "claim"},
      {"no format", R"({"iss":"https://id.example.com/","sub":"1"})", "claim"},
      {"format is a number", R"({"format":1,"id":"1"})", "claim"},
      {"opaque without id, RFC 9493 section 3.2.4", R"({"format":"opaque"})", "claim"},
      {"id is empty", R"({"format":"opaque","id":""})", "claim"},
      {"id is a number", R"({"format":"opaque","id":1})", "claim"},
      {"iss_sub without iss", R"({"format":"iss_sub","sub":"1"})", "claim"},
      {"iss_sub without sub", R"({"format":"iss_sub","iss":"https://id.example.com/"})", "claim"},
      {"a subject of another issuer", R"({"format":"iss_sub","iss":"https://c.example","sub":"1"})",
       "subject"},
      {"nearly our issuer", R"({"format":"iss_sub","iss":"https://id.example.com","sub":"1"})",
       "subject"},
      {"a token of another issuer", R"({"format":"jwt_id","iss":"https://c.example","jti":"1"})",
       "subject"},
      {"email without email", R"({"format":"email","id":"user@example.com"})", "claim"},
      {"no aliases", R"({"format":"aliases","identifiers":[]})", "claim"},
      {"aliases without a list", R"({"format":"aliases"})", "claim"},
      {"aliases in an object", R"({"format":"aliases","identifiers":{}})", "claim"},
      {"aliases within aliases, RFC 9493 section 3.2.8",
       R"({"format":"aliases","identifiers":[{"format":"aliases","identifiers":[{"format":"opaque","id":"1"}]}]})",
       "claim"},
      {"an alias that is a text", R"({"format":"aliases","identifiers":["1"]})", "claim"},
      {"aliases of other issuers alone",
       R"({"format":"aliases","identifiers":[
           {"format":"iss_sub","iss":"https://d.example","sub":"1"},
           {"format":"iss_sub","iss":"https://c.example","sub":"1"}]})",
       "subject"},
      {"an alias that is none behind a foreign one",
       R"({"format":"aliases","identifiers":[
           {"format":"iss_sub","iss":"https://c.example","sub":"1"},{"format":"opaque"}]})",
       "subject"},
      {"another issuer's session and user",
       R"({"format":"complex","session":{"format":"iss_sub","iss":"https://c.example","sub":"s"},
           "user":{"format":"iss_sub","iss":"https://c.example","sub":"1"}})",
       "subject"},
      {"17 aliases", many + R"({"format":"opaque","id":"1"}]})", "bounds"},
      {"a user that is a text", R"({"format":"complex","user":"1"})", "claim"},
      {"a user that is a complex one's user", R"({"format":"complex","user":{"id":"1"}})", "claim"},
  };
  for (const auto& c : cases) EXPECT_EQ(read(c.json), c.want) << c.name;
  EXPECT_NE(read(most + "}"), "bounds");
}

TEST(EventSubject, TellsWhatItPassedOver) {
  jose::JsonReader reader;
  const auto json = reader.read(
      R"({"format":"aliases","identifiers":[{"format":"email"},{"format":"opaque","id":"1"}]})");
  const auto subject = read_event_subject(json.value(), kIssuers);
  ASSERT_TRUE(subject && subject->passed_over);
  EXPECT_EQ(subject->passed_over->fault, ItemFault::claim);
  const auto whole = reader.read(R"({"format":"opaque","id":"1"})");
  EXPECT_FALSE(read_event_subject(whole.value(), kIssuers)->passed_over);
}

}  // namespace
}  // namespace latchkey::revocation
