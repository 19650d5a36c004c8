// SPDX-License-Identifier: Apache-2.0
#include "core/revocation/status_list_token.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/jose/base64url.h"
#include "tests/support/signing.h"
#include "tests/unit/revocation/packed.h"

namespace latchkey::revocation {
namespace {

using namespace std::chrono_literals;
using testing::SigningKey;

constexpr WallTime kNow{1'764'331'260s};
const std::string kIssuer = "https://id.example.com/realms/corp";
const std::string kUri = "https://id.example.com/statuslists/1";
const std::string kHeader = R"({"alg":"EdDSA","kid":"k","typ":"statuslist+jwt"})";

const SigningKey& key() {
  static const SigningKey made = SigningKey::of_the_rfc("k");
  return made;
}

const jose::JwkSet& keys() {
  static const auto set = jose::JwkSet::parse(testing::jwk_set({key().jwk()})).value();
  return set;
}

ItemResult<StatusListToken> read(const std::string& token, std::optional<WallTime> accepted = {},
                                 WallTime now = kNow, std::size_t most = 1'000) {
  jose::Scratch scratch(status_token_bytes(most));
  return read_status_list_token(token, kUri, {kIssuer, keys(), most}, accepted, now, scratch);
}

std::string fault_of(const std::string& token, std::optional<WallTime> accepted = {},
                     WallTime now = kNow) {
  const auto list = read(token, accepted, now);
  return list ? "good" : std::string(item_fault_name(list.error().fault));
}

// A good token, and what a case writes in place of a member. An empty member is not there.
struct Payload {
  std::string iss = '"' + kIssuer + '"';
  std::string sub = '"' + kUri + '"';
  std::string iat = "1764331260";
  std::string nbf;
  std::string exp = "1764417660";
  std::string ttl = "43200";
  std::string status_list = R"({"bits":1,"lst":"eNrbuRgAAhcBXQ"})";

  std::string text() const {
    std::string out;
    const std::vector<std::pair<std::string, const std::string*>> all = {
        {"iss", &iss},
        {"sub", &sub},
        {"iat", &iat},
        {"nbf", &nbf},
        {"exp", &exp},
        {"ttl", &ttl},
        {"status_list", &status_list}};
    for (const auto& [name, value] : all)
      if (!value->empty()) out += (out.empty() ? "\"" : ",\"") + name + "\":" + *value;
    return "{" + out + "}";
  }
  std::string token() const { return key().token(kHeader, text()); }
};

// Section 5.1.
TEST(StatusListToken, IsReadAsTheDraftWritesIt) {
  Payload payload;
  payload.iss.clear();
  const auto token = read(payload.token());
  ASSERT_TRUE(token) << token.error().detail;
  EXPECT_EQ(token->list.at(0), TokenStatus::invalid);
  EXPECT_EQ(token->list.at(1), TokenStatus::valid);
  EXPECT_EQ(token->list.size(), 16U);
  EXPECT_EQ(token->uri, kUri);
  EXPECT_EQ(token->issued_at, kNow);
  EXPECT_EQ(token->expires_at, kNow + 24h);
  EXPECT_EQ(token->ttl, 12h);
  EXPECT_EQ(token->key_id, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

TEST(StatusListToken, IsRefusedWhereTheIssuerDidNotSignIt) {
  const std::string good = Payload().text();
  const auto stranger = SigningKey::generate(jose::Algorithm::eddsa, "k");
  const auto headed = [&](const std::string& header) { return key().token(header, good); };
  const auto typed = [&](const std::string& typ) {
    return headed(R"({"alg":"EdDSA","kid":"k")" + typ + "}");
  };
  struct Case {
    std::string name;
    std::string token;
    std::string want;
  };
  const std::vector<Case> cases = {
      {"good", Payload().token(), "good"},
      {"empty", "", "form"},
      {"JSON", good, "form"},
      {"by a stranger", stranger.token(kHeader, good), "signature"},
      {"by another key", headed(R"({"alg":"EdDSA","kid":"o","typ":"statuslist+jwt"})"), "key"},
      {"by nobody", headed(R"({"alg":"none","kid":"k","typ":"statuslist+jwt"})"), "form"},
      {"with a MAC", headed(R"({"alg":"HS256","kid":"k","typ":"statuslist+jwt"})"), "form"},
      {"no typ, section 5.1", typed(""), "type"},
      {"an access token's typ", typed(R"(,"typ":"at+jwt")"), "type"},
      {"a list of ours", typed(R"(,"typ":"latchkey-revocations+jwt")"), "type"},
      {"typ written out", typed(R"(,"typ":"application/StatusList+JWT")"), "good"},
      {"longer than the list's bound lets it be",
       key().token(kHeader, good.substr(0, good.size() - 1) + R"(,"x":")" +
                                std::string(40'000, 'x') + "\"}"),
       "form"},
  };
  for (const auto& c : cases) EXPECT_EQ(fault_of(c.token), c.want) << c.name;
}

TEST(StatusListToken, KeepsTheRulesOfItsClaims) {
  struct Case {
    std::string name;
    std::string Payload::*member;
    std::string value;
    std::string want;
  };
  const std::string long_text = '"' + std::string(2'049, 'x') + '"';
  const std::vector<Case> cases = {
      {"no iss", &Payload::iss, "", "good"},
      {"another issuer", &Payload::iss, R"("https://id.example.com/realms/corp/")", "issuer"},
      {"iss is a number", &Payload::iss, "1", "claim"},
      {"iss is empty", &Payload::iss, R"("")", "claim"},
      {"no sub, section 8.3 step 3 b", &Payload::sub, "", "claim"},
      {"sub is an array", &Payload::sub, R"(["https://id.example.com/statuslists/1"])", "claim"},
      {"another list, section 8.3 step 4 a", &Payload::sub,
       R"("https://id.example.com/statuslists/2")", "subject"},
      {"sub in another case", &Payload::sub, R"("https://ID.example.com/statuslists/1")",
       "subject"},
      {"sub is too long", &Payload::sub, long_text, "claim"},
      {"no iat, section 8.3 step 3 b", &Payload::iat, "", "claim"},
      {"iat is a text", &Payload::iat, R"("1764331260")", "claim"},
      {"iat is negative", &Payload::iat, "-1", "claim"},
      {"iat 300 s ahead", &Payload::iat, "1764331560", "good"},
      {"iat 301 s ahead", &Payload::iat, "1764331561", "ahead"},
      {"nbf 60 s ahead", &Payload::nbf, "1764331320", "good"},
      {"nbf 61 s ahead", &Payload::nbf, "1764331321", "ahead"},
      {"nbf is null", &Payload::nbf, "null", "claim"},
      {"no exp", &Payload::exp, "", "good"},
      {"exp 59 s ago", &Payload::exp, "1764331201", "good"},
      {"exp 60 s ago, section 8.3 step 4 c", &Payload::exp, "1764331200", "expired"},
      {"exp is a text", &Payload::exp, R"("1764417660")", "claim"},
      {"exp beyond every year", &Payload::exp, "253402300800", "claim"},
      {"no ttl", &Payload::ttl, "", "good"},
      {"ttl of a moment", &Payload::ttl, "0.5", "good"},
      {"ttl of 0, section 5.1", &Payload::ttl, "0", "claim"},
      {"a negative ttl, section 5.1", &Payload::ttl, "-1", "claim"},
      {"ttl is a text, section 5.1", &Payload::ttl, R"("43200")", "claim"},
      {"a ttl beyond every year", &Payload::ttl, "1e300", "good"},
      {"no status_list, section 8.3 step 3 b", &Payload::status_list, "", "claim"},
      {"status_list is an array", &Payload::status_list, "[]", "claim"},
      {"no bits", &Payload::status_list, R"({"lst":"eNrbuRgAAhcBXQ"})", "claim"},
      {"bits is a text", &Payload::status_list, R"({"bits":"1","lst":"eNrbuRgAAhcBXQ"})", "claim"},
      {"three bits", &Payload::status_list, R"({"bits":3,"lst":"eNrbuRgAAhcBXQ"})", "claim"},
      {"no lst", &Payload::status_list, R"({"bits":1})", "claim"},
      {"lst is an array", &Payload::status_list, R"({"bits":1,"lst":[]})", "claim"},
      {"lst is padded", &Payload::status_list, R"({"bits":1,"lst":"eNrbuRgAAhcBXQ=="})", "form"},
      {"lst is empty", &Payload::status_list, R"({"bits":1,"lst":""})", "form"},
      {"lst is no ZLIB data", &Payload::status_list, R"({"bits":1,"lst":"AAAA"})", "form"},
      {"with an aggregation", &Payload::status_list,
       R"({"bits":1,"lst":"eNrbuRgAAhcBXQ","aggregation_uri":"https://x"})", "good"},
      {"more than is configured", &Payload::status_list,
       R"({"bits":1,"lst":")" + jose::encode_base64url(testing::packed(std::string(1'001, '\0'))) +
           "\"}",
       "bounds"},
  };
  for (const auto& c : cases) {
    Payload payload;
    payload.*c.member = c.value;
    EXPECT_EQ(fault_of(payload.token()), c.want) << c.name;
  }
}

TEST(StatusListToken, NeverGoesBackBehindAnOlderOne) {
  EXPECT_EQ(fault_of(Payload().token(), kNow - 1s), "good");
  EXPECT_EQ(fault_of(Payload().token(), kNow), "good");
  EXPECT_EQ(fault_of(Payload().token(), kNow + 1s), "old");
}

TEST(StatusListToken, OfTenMillionTokensFits) {
  std::string array(1'250'000, '\0');
  std::uint32_t next = 1;  // what no packing makes shorter
  for (char& byte : array) {
    next = next * 1'664'525 + 1'013'904'223;
    byte = static_cast<char>(next >> 24);
  }
  Payload payload;
  payload.status_list =
      R"({"bits":1,"lst":")" + jose::encode_base64url(testing::packed(array)) + "\"}";
  const std::string token = payload.token();
  EXPECT_GT(token.size(), limits::kTokenBytes);
  EXPECT_LE(token.size(), status_token_bytes(array.size()));
  const auto list = read(token, {}, kNow, array.size());
  ASSERT_TRUE(list) << list.error().detail;
  EXPECT_EQ(list->list.bytes(), array.size());
  jose::Scratch of_a_token;
  const auto refused =
      read_status_list_token(token, kUri, {kIssuer, keys(), array.size()}, {}, kNow, of_a_token);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault, ItemFault::form);
}

TEST(StatusListToken, SaysHowLongItServes) {
  Payload payload;
  auto token = read(payload.token()).value();
  EXPECT_TRUE(token.in_force(kNow + 24h + 59s));
  EXPECT_FALSE(token.in_force(kNow + 24h + 60s));
  token.expires_at.reset();
  EXPECT_TRUE(token.in_force(kNow + 24h * 365));
}

}  // namespace
}  // namespace latchkey::revocation
