// SPDX-License-Identifier: Apache-2.0
#include "core/claims/token_type.h"

#include <string>

#include <gtest/gtest.h>

namespace latchkey::claims {
namespace {

const ClaimsPolicy kAccess{.kinds = {TokenKind::access}, .typ = {"at+jwt", "jwt", "none"}};
const ClaimsPolicy kStrict{.kinds = {TokenKind::access}, .typ = {"at+jwt"}};
const ClaimsPolicy kId{.kinds = {TokenKind::id}, .typ = {"jwt", "none"}};
const ClaimsPolicy kBoth{.kinds = {TokenKind::access, TokenKind::id},
                         .typ = {"at+jwt", "jwt", "none"}};

const ClaimsPolicy kBearer{
    .kinds = {TokenKind::access}, .typ = {"jwt"}, .payload_typ = {"Bearer", "Access"}};

struct Case {
  std::string_view name;
  const ClaimsPolicy& policy;
  std::optional<std::string_view> typ;
  std::string_view payload;
  bool accepted;
};

TEST(TokenType, OnlyTheConfiguredKindsAreAccepted) {
  constexpr auto kAbsent = std::nullopt;
  const ClaimsPolicy nothing{.kinds = {TokenKind::access}};
  const ClaimsPolicy no_kinds{.typ = {"at+jwt", "jwt", "none"}};
  const ClaimsPolicy careless{.kinds = {TokenKind::access},
                              .typ = {"logout+jwt", "dpop+jwt", "secevent+jwt", "jose+json"}};
  const Case cases[] = {
      {"accepted: at+jwt, RFC 9068 section 2.1", kStrict, "at+jwt", "{}", true},
      {"accepted: case does not count, RFC 7515 section 4.1.9", kStrict, "AT+JWT", "{}", true},
      {"accepted: with application/", kStrict, "application/at+jwt", "{}", true},
      {"refused: JWT where at+jwt is asked for, RFC 9068 section 4", kStrict, "JWT", "{}", false},
      {"refused: absent where at+jwt is asked for", kStrict, kAbsent, "{}", false},
      {"accepted: absent where none is listed", kAccess, kAbsent, "{}", true},
      {"refused: the word none is not an absent typ", kAccess, "none", "{}", false},
      {"refused: an empty typ is not an absent one", kAccess, "", "{}", false},
      {"refused: unknown typ", kAccess, "foo+jwt", "{}", false},
      {"refused: nothing configured", nothing, "at+jwt", "{}", false},
      {"refused: nothing configured, absent", nothing, kAbsent, "{}", false},
      {"refused: no kinds configured", no_kinds, "jwt", "{}", false},
      {"refused: logout token though listed, RFC 8725 section 3.11", careless, "logout+jwt", "{}",
       false},
      {"refused: DPoP proof though listed", careless, "application/DPoP+JWT", "{}", false},
      {"refused: security event though listed", careless, "secevent+jwt", "{}", false},
      {"refused: JSON serialisation though listed", careless, "JOSE+JSON", "{}", false},
      {"refused: federation statement", kAccess, "entity-statement+jwt", "{}", false},
      {"refused: logout token without typ (events)", kAccess, kAbsent, R"({"events":{}})", false},
      {"refused: events of any type", kAccess, "at+jwt", R"({"events":null})", false},
      {"refused: bound to a key, RFC 7800", kAccess, "at+jwt", R"({"cnf":{"jkt":"x"}})", false},
      {"refused: an ID token by its hash", kAccess, "JWT", R"({"at_hash":"x"})", false},
      {"refused: an ID token by its code hash", kAccess, kAbsent, R"({"c_hash":"x"})", false},
      {"refused: Keycloak ID token", kAccess, "JWT", R"({"typ":"ID"})", false},
      {"accepted: Keycloak access token", kAccess, "JWT", R"({"typ":"Bearer"})", true},
      {"accepted: Keycloak access token beside an at_hash", kAccess, "JWT",
       R"({"typ":"Bearer","at_hash":"x"})", true},
      {"accepted: payload typ as configured", kBearer, "JWT", R"({"typ":"Bearer"})", true},
      {"accepted: another configured payload typ", kBearer, "JWT", R"({"typ":"Access"})", true},
      {"refused: payload typ is configured and absent", kBearer, "JWT", "{}", false},
      {"refused: payload typ is compared byte for byte", kBearer, "JWT", R"({"typ":"bearer"})",
       false},
      {"refused: another payload typ", kBearer, "JWT", R"({"typ":"ID"})", false},
      {"refused: payload typ is no string", kBearer, "JWT", R"({"typ":["Bearer"]})", false},
      {"refused: payload typ is null", kBearer, "JWT", R"({"typ":null})", false},
      {"refused: Keycloak refresh token", kBoth, "JWT", R"({"typ":"Refresh"})", false},
      {"refused: Keycloak offline token", kBoth, "JWT", R"({"typ":"Offline"})", false},
      {"refused: Keycloak logout token", kBoth, "JWT", R"({"typ":"Logout"})", false},
      {"refused: Keycloak DPoP-bound token", kBoth, "JWT", R"({"typ":"DPoP"})", false},
      {"accepted: another provider's payload typ", kAccess, "JWT", R"({"typ":"user"})", true},
      {"accepted: ID token where ID tokens are taken", kId, "JWT", R"({"at_hash":"x"})", true},
      {"accepted: ID token without marks", kId, kAbsent, "{}", true},
      {"refused: access token where ID tokens are taken", kId, "JWT", R"({"typ":"Bearer"})", false},
      {"accepted: either, where both are taken", kBoth, "JWT", R"({"typ":"ID"})", true},
      {"accepted: the other, where both are taken", kBoth, "at+jwt", "{}", true},
  };
  jose::JsonReader reader;
  for (const Case& c : cases) {
    const auto kind = check_type(c.typ, *reader.read(c.payload), c.policy);
    EXPECT_EQ(kind.has_value(), c.accepted) << c.name;
    if (!kind) {
      EXPECT_EQ(kind.error().reason, Reason::type_wrong) << c.name;
      EXPECT_FALSE(kind.error().detail.empty()) << c.name;
    }
  }
}

TEST(TokenType, TheKindIsGivenWhereTheTokenShowsIt) {
  jose::JsonReader reader;
  EXPECT_EQ(check_type("at+jwt", *reader.read("{}"), kBoth).value(), TokenKind::access);
  EXPECT_EQ(check_type("at+jwt", *reader.read(R"({"at_hash":"x"})"), kBoth).value(),
            TokenKind::access);
  EXPECT_EQ(check_type("JWT", *reader.read(R"({"s_hash":"x"})"), kBoth).value(), TokenKind::id);
  EXPECT_EQ(check_type("JWT", *reader.read("{}"), kBoth).value(), std::nullopt);
}

TEST(TokenType, NeverAccepted) {
  EXPECT_TRUE(never_accepted_type("logout+jwt"));
  EXPECT_TRUE(never_accepted_type("application/Latchkey-Revocations+jwt"));
  EXPECT_TRUE(never_accepted_type("application/Logout+JWT"));
  EXPECT_FALSE(never_accepted_type("at+jwt"));
  EXPECT_FALSE(never_accepted_type("none"));
}

}  // namespace
}  // namespace latchkey::claims
