// SPDX-License-Identifier: Apache-2.0
#include "core/revocation/security_event.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/revocation/security_event_payload.h"

namespace latchkey::revocation::security_event_test {
namespace {

TEST(SecurityEvent, IsRefusedWhereTheTransmitterDidNotSignIt) {
  const std::string good = Payload().text();
  const auto stranger = SigningKey::generate(jose::Algorithm::eddsa, "k");
  const auto typed = [&](const std::string& typ) {
    return key().token(R"({"alg":"EdDSA","kid":"k")" + typ + "}", good);
  };
  const std::vector<Case> cases = {
      {"good", Payload().token(), "good"},
      {"empty", "", "form"},
      {"not signed, RFC 8417 section 2.4",
       testing::compact(R"({"alg":"none","typ":"secevent+jwt"})", good, ""), "form"},
      {"by a stranger", stranger.token(kSetHeader, good), "signature"},
      {"by another key", key().token(R"({"alg":"EdDSA","kid":"o","typ":"secevent+jwt"})", good),
       "key"},
      {"no typ", typed(""), "type"},
      {"an ID token's typ", typed(R"(,"typ":"JWT")"), "type"},
      {"an access token's typ", typed(R"(,"typ":"at+jwt")"), "type"},
      {"typ written out, RFC 8417 section 2.3", typed(R"(,"typ":"application/secevent+jwt")"),
       "good"},
  };
  for (const auto& c : cases) EXPECT_EQ(fault_of(c.token), c.want) << c.name;
}

TEST(SecurityEvent, KeepsTheRulesOfItsClaims) {
  struct MemberCase {
    std::string name;
    std::string Payload::*member;
    std::string value;
    std::string want;
  };
  std::string many;
  for (int i = 0; i < 16; ++i) many += "\"urn:" + std::to_string(i) + "\":{},";
  std::string sixteen = many;
  sixteen.back() = '}';
  std::string audiences = R"(["s6BhdRkqt3")";
  for (int i = 0; i < 63; ++i) audiences += ",\"x\"";
  const std::vector<MemberCase> cases = {
      {"no iss, RFC 8417 section 2.2", &Payload::iss, "", "claim"},
      {"another iss", &Payload::iss, R"("https://b.example")", "issuer"},
      {"no aud", &Payload::aud, "", "audience"},
      {"another aud", &Payload::aud, R"("https://sp.example.com/")", "audience"},
      {"aud is a list", &Payload::aud, R"(["x","s6BhdRkqt3"])", "good"},
      {"aud is an empty list", &Payload::aud, "[]", "audience"},
      {"aud holds a number", &Payload::aud, R"(["s6BhdRkqt3",1])", "claim"},
      {"aud is a number", &Payload::aud, "1", "claim"},
      {"64 audiences", &Payload::aud, audiences + "]", "good"},
      {"65 audiences", &Payload::aud, audiences + ",\"x\"]", "claim"},
      {"no iat, RFC 8417 section 2.2", &Payload::iat, "", "claim"},
      {"iat far ahead", &Payload::iat, "1615305501", "ahead"},
      {"iat long ago: late is not too late", &Payload::iat, "1515305159", "good"},
      {"exp has passed, RFC 7519 section 4.1.4", &Payload::exp, "1615305140", "expired"},
      {"exp lies ahead", &Payload::exp, "1615305141", "good"},
      {"nbf far ahead", &Payload::nbf, "1615305261", "ahead"},
      {"no jti, RFC 8417 section 2.2", &Payload::jti, "", "claim"},
      {"jti is a number", &Payload::jti, "1", "claim"},
      {"another jti than it came under, RFC 8936 section 2.3", &Payload::jti, R"("x")", "claim"},
      {"a nonce", &Payload::nonce, R"("x")", "claim"},
      {"no events, RFC 8417 section 2.2", &Payload::events, "", "claim"},
      {"events is a list", &Payload::events, "[]", "claim"},
      {"events is empty", &Payload::events, "{}", "claim"},
      {"an event that is no object", &Payload::events, R"({"urn:x":true})", "claim"},
      {"an event twice, RFC 8417 section 2.2", &Payload::events, R"({"urn:x":{},"urn:\u0078":{}})",
       "form"},
      {"16 events", &Payload::events, "{" + sixteen, "good"},
      {"17 events", &Payload::events, "{" + many + R"("urn:x":{}})", "bounds"},
      {"no subject", &Payload::sub_id, "", "claim"},
      {"a subject of another issuer", &Payload::sub_id,
       R"({"format":"iss_sub","iss":"https://c.example","sub":"jane"})", "subject"},
      {"a subject that is a text", &Payload::sub_id, R"("jane")", "claim"},
  };
  for (const auto& c : cases) {
    Payload payload;
    payload.*c.member = c.value;
    EXPECT_EQ(fault_of(payload.token()), c.want) << c.name;
  }
}

TEST(SecurityEvent, RevokesWhatItSays) {
  struct EventCase {
    std::string name;
    std::string sub_id;
    std::string events;
    std::string want;
  };
  const auto caep = [](const std::string& name, const std::string& members) {
    return "{\"" + kCaep + name + "\":{" + members + "}}";
  };
  const auto risc = [](const std::string& name, const std::string& members = {}) {
    return "{\"" + kRisc + name + "\":{" + members + "}}";
  };
  const std::string opaque = R"({"format":"opaque","id":"s1"})";
  const std::string both =
      R"({"format":"complex","session":)" + opaque + R"(,"user":)" + kJane + "}";
  const std::vector<EventCase> cases = {
      {"CAEP session-revoked of a session", opaque,
       caep("session-revoked", R"("event_timestamp":1615304991)"),
       "session(s1) subject(s1)@1615304992 "},
      {"CAEP session-revoked of a session of a user", both, caep("session-revoked", ""),
       "session(s1) "},
      {"CAEP session-revoked of a user", kJane,
       caep("session-revoked", R"("event_timestamp":1615304991)"), "subject(jane)@1615304992 "},
      {"CAEP session-revoked of a user on a device",
       R"({"format":"complex","user":)" + kJane + R"(,"device":{"format":"opaque","id":"d"}})",
       caep("session-revoked", ""), "subject(jane)@1615305160 "},
      {"CAEP session-revoked of a device",
       R"({"format":"complex","device":{"format":"opaque","id":"d"}})", caep("session-revoked", ""),
       "?complex()@1615305200 "},
      {"CAEP token-claims-change of a token",
       R"({"format":"jwt_id","iss":"https://idp.example.com/123456789/","jti":"t1"})",
       caep("token-claims-change", R"("claims":{"role":"ro-admin"})"), "token(t1) "},
      {"CAEP token-claims-change of a user's session", both,
       caep("token-claims-change", R"("claims":{}, "event_timestamp":1615304991.9)"),
       "subject(jane)@1615304992 "},
      {"CAEP token-claims-change of a session", R"({"format":"complex","session":)" + opaque + "}",
       caep("token-claims-change", R"("claims":{})"), "session(s1) "},
      {"CAEP credential-change: changed", kJane,
       caep("credential-change", R"("credential_type":"password","change_type":"update")"),
       "subject(jane)@1615305160 "},
      {"CAEP credential-change: revoked", kJane,
       caep("credential-change", R"("credential_type":"pin","change_type":"revoke")"),
       "subject(jane)@1615305160 "},
      {"CAEP credential-change: nobody knows how", kJane, caep("credential-change", ""),
       "subject(jane)@1615305160 "},
      {"CAEP credential-change: made", kJane,
       caep("credential-change", R"("credential_type":"fido2-roaming","change_type":"create")"),
       ""},
      {"RISC account-disabled", kJane,
       risc("account-disabled", R"("reason":"hijacking","event_timestamp":1615304991)"),
       "subject(jane)@1615305160 "},
      {"RISC account-purged", kJane, risc("account-purged"), "subject(jane)@1615305160 "},
      {"RISC account-credential-change-required", kJane,
       risc("account-credential-change-required", R"("event_timestamp":1615304991)"),
       "subject(jane)@1615304992 "},
      {"RISC credential-compromise", kJane,
       risc("credential-compromise", R"("credential_type":"password")"),
       "subject(jane)@1615305160 "},
      {"RISC sessions-revoked", kJane, risc("sessions-revoked"), "subject(jane)@1615305160 "},
      {"RISC account-disabled of an address", R"({"format":"email","email":"jane@example.com"})",
       risc("account-disabled"), "?email(jane@example.com)@1615305160 "},
      {"of one of our other issuers",
       R"({"format":"iss_sub","iss":"https://b.example","sub":"jane"})", risc("account-disabled"),
       "subject(b jane)@1615305160 "},
      {"the subject in the event", "", risc("account-disabled", R"("subject":)" + kJane),
       "subject(jane)@1615305160 "},
      {"the subject in the event before that of the token", R"({"format":"opaque","id":"joe"})",
       risc("account-disabled", R"("subject":)" + kJane), "subject(jane)@1615305160 "},
      {"RISC account-enabled: nothing", kJane, risc("account-enabled"), ""},
      {"SSF verification: nothing", opaque,
       R"({"https://schemas.openid.net/secevent/ssf/event-type/verification":{"state":"x"}})", ""},
      {"a URI that is nearly one: nothing", kJane,
       R"({"http://schemas.openid.net/secevent/risc/event-type/account-disabled":{}})", ""},
      {"an unknown event about another issuer's subject: nothing",
       R"({"format":"iss_sub","iss":"https://c.example","sub":"jane"})", R"({"urn:x":{}})", ""},
      {"CAEP session-revoked of a session that cannot be named",
       R"({"format":"complex","session":{"format":"uri","uri":"urn:s1"},"user":)" + kJane + "}",
       caep("session-revoked", ""), "subject(jane)@1615305160 ?uri(urn:s1)@1615305160 "},
      {"CAEP token-claims-change of a user who cannot be named",
       R"({"format":"complex","session":)" + opaque +
           R"(,"user":{"format":"email","email":"j@example.com"}})",
       caep("token-claims-change", ""), "session(s1) ?email(j@example.com)@1615305160 "},
      {"the same user by several events", kJane,
       "{\"" + kCaep + R"(session-revoked":{"event_timestamp":1615304991},")" + kCaep +
           R"(token-claims-change":{}})",
       "subject(jane)@1615305160 "},
      {"a good event beside a malformed one", kJane,
       "{\"" + kCaep + R"(credential-change":{"subject":{"format":"opaque"}},")" + kCaep +
           R"(session-revoked":{}})",
       "subject(jane)@1615305160 "},
      {"a good event beside one about another issuer's subject", kJane,
       "{\"" + kCaep + R"(session-revoked":{},")" + kCaep +
           R"(credential-change":{"subject":{"format":"iss_sub","iss":"https://c.example","sub":"x"}}})",
       "subject(jane)@1615305160 "},
      {"a malformed event beside one that revokes nothing", kJane,
       R"({"urn:x":{},")" + kCaep + R"(session-revoked":{"subject":{"format":"opaque"}}})",
       "claim"},
      {"two events", kJane,
       "{\"" + kRisc + "account-disabled\":{},\"" + kCaep + R"(session-revoked":{"subject":)" +
           both + "}}",
       "subject(jane)@1615305160 session(s1) "},
  };
  for (const auto& c : cases) {
    Payload payload;
    payload.sub_id = c.sub_id;
    payload.events = c.events;
    EXPECT_EQ(effect_of(payload.token()), c.want) << c.name;
  }
}

TEST(SecurityEvent, CountsFromWhenItHappened) {
  struct MomentCase {
    std::string name;
    std::string stamp;
    std::string toe;
    std::string want;
  };
  const std::vector<MomentCase> cases = {
      {"of the event", "1615304991", "1615304000", "1615304992"},
      {"of the token, RFC 8417 section 2.2", "", "1615304000", "1615304001"},
      {"when it was signed", "", "", "1615305160"},
      {"milliseconds, as in the examples of CAEP", "1615304991643", "", "1615305160"},
      {"a second after it was signed", "1615305160", "", "1615305160"},
      {"a text", R"("1615304991")", "", "1615305160"},
      {"negative", "-1", "", "1615305160"},
  };
  for (const auto& c : cases) {
    Payload payload;
    payload.toe = c.toe;
    payload.events = "{\"" + kCaep + "session-revoked\":{" +
                     (c.stamp.empty() ? "" : "\"event_timestamp\":" + c.stamp) + "}}";
    EXPECT_EQ(effect_of(payload.token()), "subject(jane)@" + c.want + " ") << c.name;
  }
}

TEST(SecurityEvent, CountsFromItsSignatureWhereItsMomentIsOfNoUse) {
  Payload payload;
  const auto before = [&](const std::string& stamp, std::optional<std::chrono::seconds> keep) {
    payload.events = "{\"" + kCaep + "session-revoked\":{\"event_timestamp\":" + stamp + "}}";
    return read(payload.token(), kNow, keep)->entries.at(0).before;
  };
  EXPECT_EQ(before("0", 1h), kSigned + 1s);
  EXPECT_EQ(before("1615301558", 1h), kSigned + 1s) << "a second more than an hour before";
  EXPECT_EQ(before("1615301559", 1h), kSigned - 1h + 1s);
  EXPECT_EQ(before("0", {}), WallTime(1s));
}

TEST(SecurityEvent, EndsByTheLaterOfTheTwoClocks) {
  EXPECT_EQ(read(Payload().token(), kSigned - 299s, 12h)->entries.at(0).end, kSigned + 12h);
}

TEST(SecurityEvent, SaysWhatItPassedOver) {
  Payload payload;
  payload.events = "{\"" + kCaep + R"(session-revoked":{},"urn:x":true})";
  const auto event = read(payload.token());
  ASSERT_TRUE(event && event->passed_over);
  EXPECT_EQ(event->passed_over->detail, "an event is no object");
  EXPECT_FALSE(read(Payload().token())->passed_over);
}

TEST(SecurityEvent, SaysWhatItIsAndHowLongItCounts) {
  const auto event = read(Payload().token(), kNow, 12h);
  ASSERT_TRUE(event) << event.error().detail;
  EXPECT_EQ(event->id, kId);
  EXPECT_EQ(event->reason, "session-revoked");
  EXPECT_EQ(event->issued_at, kSigned);
  EXPECT_EQ(event->key_id, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
  ASSERT_EQ(event->entries.size(), 1U);
  EXPECT_EQ(event->entries[0].end, kNow + 12h);
  EXPECT_EQ(read(Payload().token())->entries[0].end, std::nullopt);
}

TEST(SecurityEvent, IsSignedByAnAlgorithmThatIsAllowed) {
  const auto keys = jose::JwkSet::parse(testing::jwk_set({key().jwk()})).value();
  const std::string token = key().token(kSetHeader, Payload().text());
  jose::Scratch scratch;
  const auto with = [&](const std::vector<jose::Algorithm>& allowed) {
    return read_security_event(token, kId, {kIssuer, kAudiences, keys, kIssuers, {}, allowed},
                               names(), kNow, scratch);
  };
  EXPECT_TRUE(with({}));
  EXPECT_TRUE(with({jose::Algorithm::rs256, jose::Algorithm::eddsa}));
  EXPECT_EQ(with({jose::Algorithm::rs256}).error().fault, ItemFault::signature);
}

// The subject of a JWT, where nothing else says whom it is about.
TEST(SecurityEvent, TakesThePlainSubjectLast) {
  Payload payload;
  payload.sub = R"("joe")";
  EXPECT_EQ(effect_of(payload.token()), "subject(jane)@1615304992 ");
  payload.sub_id.clear();
  EXPECT_EQ(effect_of(payload.token()), "subject(joe)@1615304992 ");
}

TEST(SecurityEvent, TellsTheTransmitterWhyItWasRefused) {
  EXPECT_EQ(set_error_code(ItemFault::form), "invalid_request");
  EXPECT_EQ(set_error_code(ItemFault::expired), "invalid_request");
  EXPECT_EQ(set_error_code(ItemFault::key), "invalid_key");
  EXPECT_EQ(set_error_code(ItemFault::signature), "authentication_failed");
  EXPECT_EQ(set_error_code(ItemFault::issuer), "invalid_issuer");
  EXPECT_EQ(set_error_code(ItemFault::audience), "invalid_audience");
  EXPECT_EQ(set_error_code(ItemFault::subject), "access_denied");
  EXPECT_EQ(set_error_code(ItemFault::ahead), std::nullopt) << "it is to come again";
  EXPECT_EQ(set_error_code(ItemFault::memory), std::nullopt);
}

}  // namespace
}  // namespace latchkey::revocation::security_event_test
