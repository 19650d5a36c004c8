// SPDX-License-Identifier: Apache-2.0
//
// Logout tokens (OpenID Connect Back-Channel Logout 1.0).
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/revocation/security_event_payload.h"

namespace latchkey::revocation::security_event_test {
namespace {

// OpenID Connect Back-Channel Logout 1.0, sections 2.4 and 2.6.
TEST(LogoutToken, EndsTheSessionOrAllOfTheSubject) {
  struct LogoutCase {
    std::string name;
    std::string Payload::*member;
    std::string value;
    std::string want;
  };
  const std::vector<LogoutCase> cases = {
      {"a session of a subject", &Payload::toe, "", "session(08a5019c) "},
      {"a session", &Payload::sub, "", "session(08a5019c) "},
      {"a subject", &Payload::sid, "", "subject(248289761001)@1615305160 "},
      {"a nonce, section 2.4", &Payload::nonce, R"("n-0S6_WzA2Mj")", "claim"},
      {"a nonce that is null", &Payload::nonce, "null", "claim"},
      {"no exp, section 2.4", &Payload::exp, "", "claim"},
      {"exp has passed: it was polled late", &Payload::exp, "1615305140", "session(08a5019c) "},
      {"exp is no date", &Payload::exp, "\"soon\"", "claim"},
      {"no jti, section 2.4", &Payload::jti, "", "claim"},
      {"no events, section 2.4", &Payload::events, "", "claim"},
      {"other events alone, section 2.4", &Payload::events, R"({"urn:x":{}})", "claim"},
      {"its event is no object, section 2.4", &Payload::events, "{\"" + kLogout + "\":true}",
       "claim"},
      {"sid is empty", &Payload::sid, R"("")", "claim"},
      {"sub is a number", &Payload::sub, "1", "claim"},
      {"another audience", &Payload::aud, R"("x")", "audience"},
      {"another issuer", &Payload::iss, R"("x")", "issuer"},
  };
  for (const auto& c : cases) {
    Payload payload = logout();
    payload.*c.member = c.value;
    EXPECT_EQ(effect_of(key().token(kLogoutHeader, payload.text())), c.want) << c.name;
  }
  Payload nobody = logout();
  nobody.sub.clear();
  nobody.sid.clear();
  EXPECT_EQ(effect_of(key().token(kLogoutHeader, nobody.text())), "claim")
      << "neither sub nor sid, section 2.4";
  Payload plain = logout();
  plain.exp.clear();
  EXPECT_EQ(effect_of(plain.token()), "session(08a5019c) ") << "as any security event token";
}

TEST(LogoutToken, ThatWasPolledLateCountsWhileATokenThatItMeansCouldBeAccepted) {
  Payload late = logout();
  late.exp = "1615305279";
  const std::string token = key().token(kLogoutHeader, late.text());
  EXPECT_TRUE(read(token, kSigned + 2h - 1s, 2h));
  const auto over = read(token, kSigned + 2h, 2h);
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().fault, ItemFault::expired);
  EXPECT_TRUE(read(token, kSigned + 1'000h)) << "where tokens have no greatest age";
}

// RFC 8935 section 2.4.

TEST(LogoutToken, IsTheIssuersOwnAlsoInAStreamOfAnotherTransmitter) {
  const auto keys = jose::JwkSet::parse(testing::jwk_set({key().jwk()})).value();
  jose::Scratch scratch;
  const auto fault = [&](const std::string& token) {
    const auto event = read_security_event(token, kId, {"https://t", kAudiences, keys, kIssuers},
                                           names(), kNow, scratch);
    return event ? "good" : std::string(item_fault_name(event.error().fault));
  };
  EXPECT_EQ(fault(key().token(kLogoutHeader, logout().text())), "good");
  EXPECT_EQ(fault(logout().token()), "issuer") << "another type is the transmitter's";
  Payload other = logout();
  other.iss = '"' + kOther + '"';
  EXPECT_EQ(fault(key().token(kLogoutHeader, other.text())), "issuer");
}

}  // namespace
}  // namespace latchkey::revocation::security_event_test
