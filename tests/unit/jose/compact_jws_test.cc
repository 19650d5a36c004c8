// SPDX-License-Identifier: Apache-2.0
#include "core/jose/compact_jws.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/support/signing.h"

namespace latchkey::jose {
namespace {

using testing::compact;

constexpr std::string_view kHeader = R"({"alg":"RS256","kid":"k"})";
constexpr std::string_view kPayload = R"({"iss":"https://id.example"})";

struct Case {
  std::string_view name;
  std::string token;
  Reason want;
};

std::string with_header(std::string_view header) { return compact(header, kPayload, "sig"); }

// Little-endian, of ASCII.
std::string utf_16(std::string_view text) {
  std::string out;
  for (const char c : text) out += {c, '\0'};
  return out;
}

void expect_reasons(std::span<const Case> cases) {
  Scratch scratch;
  for (const Case& c : cases) {
    const auto jws = parse_compact(c.token, scratch);
    const Reason reason = jws ? Reason::allowed : jws.error().reason;
    EXPECT_EQ(code(reason), code(c.want)) << c.name << ": " << (jws ? "" : jws.error().detail);
  }
}

TEST(CompactJws, HasExactlyThreeParts) {
  const std::string good = with_header(kHeader);
  const Case cases[] = {
      {"taken: three parts", good, Reason::allowed},
      {"missing: an empty answer", "", Reason::token_missing},
      {"malformed: no dot", "abc", Reason::token_malformed},
      {"malformed: only dots", "..", Reason::token_malformed},
      {"malformed: one dot", good.substr(0, good.rfind('.')), Reason::token_malformed},
      {"malformed: trailing dot", good + ".", Reason::token_malformed},
      {"malformed: leading dot", "." + good, Reason::token_malformed},
      {"malformed: a fourth part (opkssh CVE-2025-4658)", good + ".AAAA", Reason::token_malformed},
      {"encrypted: five parts, RFC 7516 section 9", good + ".AAAA.BBBB", Reason::token_encrypted},
      {"encrypted: five empty parts", "....", Reason::token_encrypted},
      {"malformed: six parts", good + ".A.B.C", Reason::token_malformed},
      {"malformed: 20000 dots", std::string(20'000, '.'), Reason::token_malformed},
      {"malformed: JSON serialisation", R"({"payload":"e30","signatures":[]})",
       Reason::token_malformed},
      {"malformed: a prefix", "Bearer " + good, Reason::token_malformed},
      {"malformed: trailing newline", good + "\n", Reason::token_malformed},
      {"malformed: padding", compact(kHeader, kPayload, "s") + "==", Reason::token_malformed},
      {"malformed: bad base64url in the payload", "eyJhbGciOiJSUzI1NiJ9.e30=.AAAA",
       Reason::token_malformed},
      {"malformed: an empty header", "." + good.substr(good.find('.') + 1),
       Reason::token_malformed},
      {"malformed: an empty payload", compact(kHeader, "", "sig"), Reason::token_malformed},
      {"taken: an empty signature, which will not verify", compact(kHeader, kPayload, ""),
       Reason::allowed},
      {"taken: 1024 bytes of signature", compact(kHeader, kPayload, std::string(1'024, 's')),
       Reason::allowed},
      {"malformed: 1025 bytes of signature", compact(kHeader, kPayload, std::string(1'025, 's')),
       Reason::token_malformed},
  };
  expect_reasons(cases);
}

TEST(CompactJws, IsBounded) {
  const auto of_size = [](std::size_t size) {
    std::string token = with_header(kHeader);
    token.resize(size, 'A');
    return token;
  };
  const auto header_of = [](std::size_t size) {
    const std::string frame = R"({"alg":"RS256","x":""})";
    return R"({"alg":"RS256","x":")" + std::string(size - frame.size(), 'x') + "\"}";
  };
  const auto kid_of = [](std::size_t size) {
    return R"({"alg":"RS256","kid":")" + std::string(size, 'k') + "\"}";
  };
  const std::string fill(40'000, ' ');
  const Case cases[] = {
      {"too long: 65537 bytes", of_size(65'537), Reason::token_too_long},
      {"malformed, not too long: 65536 bytes of junk", of_size(65'536), Reason::token_malformed},
      {"taken: a header of 4096 bytes", with_header(header_of(4'096)), Reason::allowed},
      {"malformed: a header of 4097 bytes", with_header(header_of(4'097)), Reason::token_malformed},
      {"taken: a kid of 256 bytes", with_header(kid_of(256)), Reason::allowed},
      {"malformed: a kid of 257 bytes", with_header(kid_of(257)), Reason::token_malformed},
      {"taken: a large payload", compact(kHeader, "{" + fill + "}", "s"), Reason::allowed},
  };
  expect_reasons(cases);
}

TEST(CompactJws, HeaderAsksForNothing) {
  const Case cases[] = {
      {"taken: members that nobody knows",
       with_header(R"({"alg":"RS256","x-other":{"a":[1,2]},"nonce":1})"), Reason::allowed},
      {"taken: key carriers are not looked at",
       with_header(
           R"({"alg":"RS256","jku":1,"jwk":[],"x5u":{},"x5c":"no","x5t":null,"x5t#S256":0})"),
       Reason::allowed},
      {"malformed: no object", with_header("[]"), Reason::token_malformed},
      {"malformed: no JSON", with_header("alg"), Reason::token_malformed},
      {"malformed: something behind the object, RFC 7515 section 10.12",
       with_header(R"({"alg":"RS256"}ABCD)"), Reason::token_malformed},
      {"malformed: a byte order mark", with_header("\xEF\xBB\xBF{\"alg\":\"RS256\"}"),
       Reason::token_malformed},
      {"malformed: no UTF-8, RFC 8725 section 3.7",
       with_header("{\"alg\":\"RS256\",\"x\":\"\xff\"}"), Reason::token_malformed},
      {"malformed: UTF-16", with_header(utf_16(kHeader)), Reason::token_malformed},
      {"malformed: UTF-16 with its mark", with_header("\xFF\xFE" + utf_16(kHeader)),
       Reason::token_malformed},
      {"taken: name and value by escape, RFC 7515 section 5.3",
       with_header(R"({"\u0061lg":"R\u0053256"})"), Reason::allowed},
      {"malformed: duplicate alg, RFC 7515 section 4",
       with_header(R"({"alg":"none","alg":"RS256"})"), Reason::token_malformed},
      {"malformed: duplicate by escape", with_header(R"({"alg":"RS256","\u0061lg":"RS256"})"),
       Reason::token_malformed},
      {"malformed: no alg, RFC 7515 section 4.1.1", with_header(R"({"kid":"k"})"),
       Reason::token_malformed},
      {"malformed: alg is an array", with_header(R"({"alg":["RS256"]})"), Reason::token_malformed},
      {"malformed: kid is a number", with_header(R"({"alg":"RS256","kid":1})"),
       Reason::token_malformed},
      {"malformed: typ is an array", with_header(R"({"alg":"RS256","typ":["JWT"]})"),
       Reason::token_malformed},
      {"malformed: cty is null", with_header(R"({"alg":"RS256","cty":null})"),
       Reason::token_malformed},
      {"unsupported: crit unknown, RFC 7515 section 4.1.11 (Authlib CVE-2025-59420, PyJWT "
       "CVE-2026-32597)",
       with_header(R"({"alg":"RS256","crit":["exp2"],"exp2":1})"), Reason::header_unsupported},
      {"unsupported: crit empty", with_header(R"({"alg":"RS256","crit":[]})"),
       Reason::header_unsupported},
      {"unsupported: crit no array", with_header(R"({"alg":"RS256","crit":"b64"})"),
       Reason::header_unsupported},
      {"unsupported: crit names a registered member",
       with_header(R"({"alg":"RS256","crit":["alg"]})"), Reason::header_unsupported},
      {"unsupported: crit by escape", with_header(R"({"alg":"RS256","\u0063rit":["x"],"x":1})"),
       Reason::header_unsupported},
      {"unsupported: b64 false, RFC 7797",
       with_header(R"({"alg":"RS256","b64":false,"crit":["b64"]})"), Reason::header_unsupported},
      {"unsupported: b64 without crit", with_header(R"({"alg":"RS256","b64":true})"),
       Reason::header_unsupported},
      {"unsupported: zip", with_header(R"({"alg":"RS256","zip":"DEF"})"),
       Reason::header_unsupported},
      {"unsupported: nested, RFC 7519 section 5.2", with_header(R"({"alg":"RS256","cty":"JWT"})"),
       Reason::header_unsupported},
      {"unsupported: nested, written out",
       with_header(R"({"alg":"RS256","cty":"Application/jwt"})"), Reason::header_unsupported},
      {"taken: another cty", with_header(R"({"alg":"RS256","cty":"json"})"), Reason::allowed},
      {"algorithm: none", with_header(R"({"alg":"none"})"), Reason::algorithm_unsupported},
      {"algorithm: none in the form of RFC 7519 section 6",
       compact(R"({"alg":"none"})", kPayload, ""), Reason::algorithm_unsupported},
      {"algorithm: None", with_header(R"({"alg":"None"})"), Reason::algorithm_unsupported},
      {"algorithm: empty", with_header(R"({"alg":""})"), Reason::algorithm_unsupported},
      {"algorithm: HMAC", with_header(R"({"alg":"HS256"})"), Reason::algorithm_unsupported},
      {"algorithm: case counts", with_header(R"({"alg":"rs256"})"), Reason::algorithm_unsupported},
      {"algorithm: NUL behind it", with_header(R"({"alg":"RS256\u0000"})"),
       Reason::algorithm_unsupported},
      {"algorithm: of JWE, in three parts", with_header(R"({"alg":"dir","enc":"A256GCM"})"),
       Reason::algorithm_unsupported},
  };
  expect_reasons(cases);
}

TEST(CompactJws, PayloadIsAStrictObject) {
  const auto with_payload = [](std::string_view payload) {
    return compact(kHeader, payload, "sig");
  };
  const Case cases[] = {
      {"malformed: array", with_payload("[]"), Reason::token_malformed},
      {"malformed: array between blanks", with_payload(" [{}] "), Reason::token_malformed},
      {"malformed: a number between blanks", with_payload("\n1\n"), Reason::token_malformed},
      {"malformed: an object's beginning", with_payload(R"({"a":1)"), Reason::token_malformed},
      {"malformed: an object's end", with_payload(R"("a":1})"), Reason::token_malformed},
      {"taken: blanks around the object", with_payload(" \t\r\n{} \t\r\n"), Reason::allowed},
      {"malformed: string", with_payload("\"x\""), Reason::token_malformed},
      {"malformed: duplicate name", with_payload(R"({"sub":"a","sub":"b"})"),
       Reason::token_malformed},
      {"malformed: trailing value", with_payload("{}{}"), Reason::token_malformed},
      {"malformed: byte order mark", with_payload("\xEF\xBB\xBF{}"), Reason::token_malformed},
      {"malformed: broken UTF-8", with_payload("{\"a\":\"\xff\"}"), Reason::token_malformed},
      {"malformed: UTF-16", with_payload(std::string_view("\xff\xfe{\0}\0", 6)),
       Reason::token_malformed},
      {"taken: an empty object", with_payload("{}"), Reason::allowed},
  };
  expect_reasons(cases);
}

TEST(CompactJws, TellsWhatTheHeaderSays) {
  Scratch scratch;
  const std::string token = compact(R"({"typ":"at+jwt","kid":"","alg":"PS384"})", kPayload, "sig");
  const auto jws = parse_compact(token, scratch);
  ASSERT_TRUE(jws);
  EXPECT_EQ(jws->algorithm(), Algorithm::ps384);
  EXPECT_EQ(jws->kid(), "");
  EXPECT_EQ(jws->typ(), "at+jwt");
  EXPECT_EQ(jws->unverified_issuer(), "https://id.example");

  const std::string bare =
      compact(R"({"alg":"EdDSA"})", R"({"iss":["https://id.example"]})", "sig");
  const auto plain = parse_compact(bare, scratch);
  ASSERT_TRUE(plain);
  EXPECT_FALSE(plain->kid());
  EXPECT_FALSE(plain->typ());
  EXPECT_FALSE(plain->unverified_issuer());
}

TEST(CompactJws, AnOpaquePayloadYieldsNoClaims) {
  Scratch scratch;
  const std::string token = compact(kHeader, kPayload, "sig");
  const auto jws = parse_compact(token, scratch, Payload::opaque);
  ASSERT_TRUE(jws);
  EXPECT_FALSE(jws->unverified_issuer());
  EXPECT_TRUE(parse_compact(compact(kHeader, "foo", "sig"), scratch, Payload::opaque));
  EXPECT_FALSE(parse_compact("eyJhbGciOiJSUzI1NiJ9.Zh.AAAA", scratch, Payload::opaque));
}

TEST(CompactJws, NoRefusalQuotesTheTokensClaims) {
  Scratch scratch;
  for (const std::string& token :
       {compact(kHeader, R"({"secret-name":"secret-value",})", "sig"),
        compact(R"({"alg":"RS256","secret-name":"secret-value","crit":[]})", kPayload, "s")}) {
    const auto jws = parse_compact(token, scratch);
    ASSERT_FALSE(jws);
    EXPECT_EQ(jws.error().detail.find("secret"), std::string::npos) << jws.error().detail;
  }
}

// One reason covers all of them; the administrator is told which.
TEST(CompactJws, TheDetailSaysWhatIsMalformed) {
  const std::string good = with_header(kHeader);
  const struct {
    std::string token;
    std::string_view want;
  } cases[] = {
      {"abc", "it has no dot, a compact JWS has two"},
      {good.substr(0, good.rfind('.')), "it has one dot, a compact JWS has two"},
      {good + ".AAAA", "it has more than two dots"},
      {R"({"payload":"e30","signatures":[]})",
       "JSON serialisation is not accepted, only the compact form"},
      {std::string(6'000, 'A') + ".e30.AAAA", "header: too long"},
      {"e30=.e30.AAAA", "header: not canonical base64url"},
      {with_header("[]"), "header: no JSON object"},
      {with_header(" [] "), "header: no JSON object"},
      {compact(kHeader, std::string(40'000, '\0'), "s"), "payload: no JSON object"},
      {compact(kHeader, "{" + std::string(40'000, '\0'), "s"), "payload: no JSON object"},
      {compact(kHeader, "{" + std::string(40'000, '\0') + "}", "s"),
       "payload: the text is not one JSON value"},
      {compact(kHeader, "{}", std::string(1'025, 's')),
       "signature: longer than that of any key that is accepted"},
  };
  Scratch scratch;
  for (const auto& c : cases) {
    const auto jws = parse_compact(c.token, scratch);
    ASSERT_FALSE(jws) << c.want;
    EXPECT_EQ(jws.error().detail, c.want);
  }
}

TEST(Quote, FollowsTheHeaderAndTheSize) {
  using std::chrono::microseconds;
  using std::chrono::nanoseconds;
  Scratch scratch;
  EXPECT_EQ(quote("", scratch), microseconds(20)) << "the conversation that brings it";
  const auto junk = [](std::string_view token) {
    return microseconds(20) + nanoseconds(1) * static_cast<std::int64_t>(token.size());
  };
  for (const std::string& token :
       {std::string("junk"), std::string(limits::kTokenBytes, 'a'), std::string(60'000, '.'),
        with_header(R"({"alg":"none"})"), with_header("{}")})
    EXPECT_EQ(quote(token, scratch), junk(token));
  EXPECT_EQ(quote(std::string(limits::kTokenBytes + 1, 'a'), scratch), microseconds(20))
      << "nothing looks into it";
  const auto read = [](std::string_view token) {
    return microseconds(20) + nanoseconds(4) * static_cast<std::int64_t>(token.size());
  };
  const std::string es384 = with_header(R"({"alg":"ES384"})");
  EXPECT_EQ(quote(es384, scratch), read(es384) + verification_cost(Algorithm::es384));
  // A long token costs its bytes though its signature is cheap, or no issuer has such a key.
  const std::string mac =
      compact(R"({"alg":"HS256"})", "{\"x\":\"" + std::string(45'000, 'x') + "\"}", "mac");
  EXPECT_EQ(quote(mac, scratch), read(mac) + verification_cost(SymmetricAlgorithm::hs256));
  EXPECT_GT(quote(mac, scratch), microseconds(250));
}

}  // namespace
}  // namespace latchkey::jose
