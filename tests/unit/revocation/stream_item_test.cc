// SPDX-License-Identifier: Apache-2.0
#include "core/revocation/stream_item.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/signing.h"

namespace latchkey::revocation {
namespace {

using namespace std::chrono_literals;
using testing::SigningKey;

constexpr WallTime kNow{1'764'331'300s};
const std::string kStream = "https://fleet.example.com/revocations";
const std::string kThumbprint = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
const std::string kHeader =
    R"({"alg":"EdDSA","kid":"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k","typ":"latchkey-revocation+jwt"})";
const std::string kDigest = "1a73256c5ecc2abef3b885ae3637cbc3";

const SigningKey& key() {
  static const SigningKey made = SigningKey::of_the_rfc(kThumbprint);
  return made;
}

ItemResult<StreamItem> read(const std::string& item, WallTime now = kNow) {
  static const auto keys = jose::JwkSet::parse(testing::jwk_set({key().jwk()})).value();
  jose::Scratch scratch;
  return read_stream_item(item, {kStream, keys}, now, scratch);
}

std::string fault_of(const std::string& item, WallTime now = kNow) {
  const auto read_item = read(item, now);
  return read_item ? "good" : std::string(item_fault_name(read_item.error().fault));
}

std::string entry(const std::string& rest) {
  return R"({"digest":")" + kDigest + "\"," + rest + "}";
}

// A good item, and what a case writes in place of a member. An empty member is not there.
struct Payload {
  std::string iss = '"' + kStream + '"';
  std::string format = "1";
  std::string iat = "1764331260";
  std::string seq = "8";
  std::string prev = "7";
  std::string entries = "[" + entry(R"("kind":"token")") + "]";
  std::string seen;
  std::string lost;
  std::string max_age;

  std::string text() const {
    std::string out;
    const std::vector<std::pair<std::string, const std::string*>> all = {
        {"iss", &iss},   {"format", &format}, {"iat", &iat},
        {"seq", &seq},   {"prev", &prev},     {"entries", &entries},
        {"seen", &seen}, {"lost", &lost},     {"max_age", &max_age}};
    for (const auto& [name, value] : all)
      if (!value->empty()) out += (out.empty() ? "\"" : ",\"") + name + "\":" + *value;
    return "{" + out + "}";
  }
  std::string item() const { return key().token(kHeader, text()); }
};

// Those of docs/REVOCATION-STREAM.md, which stream_vectors.py made.
const std::string kItem =
    "eyJhbGciOiJFZERTQSIsInR5cCI6ImxhdGNoa2V5LXJldm9jYXRpb24rand0Iiwia2lkIjoia1ByS19xbXhW"
    "V2FZVkE5d3dCRjZJdW8zdlZ6ejdUeEhDVHdYQnlnclM0ayJ9.eyJpc3MiOiJodHRwczovL2ZsZWV0LmV4YW1"
    "wbGUuY29tL3Jldm9jYXRpb25zIiwiZm9ybWF0IjoxLCJpYXQiOjE3NjQzMzEyNjAsInNlcSI6MTc2NDMzMTI"
    "2MDAwMDAwMCwicHJldiI6MCwiZW50cmllcyI6W3sia2luZCI6InRva2VuIiwiZGlnZXN0IjoiMWE3MzI1NmM"
    "1ZWNjMmFiZWYzYjg4NWFlMzYzN2NiYzMiLCJlbmQiOjE3NjcyMjU2MDAsInJlYXNvbiI6ImxhcHRvcCAxNyB"
    "zdG9sZW4ifSx7ImtpbmQiOiJzdWJqZWN0IiwiZGlnZXN0IjoiNTYxNGI1MzhjZTI1NDJiZjk4NWQ4MGU0OTQ"
    "yNWI1MzciLCJiZWZvcmUiOjE3NjQzMzEyMDAwMDB9XX0.LnNm2SGL04JaUqCYwwY13WjX6UZ4LNKiroTyf6V"
    "3GeX24beL8R0LvLQVbtYONB8yb9KIA6mUN_PG04XoXltMDg";
const std::string kBeat =
    "eyJhbGciOiJFZERTQSIsInR5cCI6ImxhdGNoa2V5LXJldm9jYXRpb24rand0Iiwia2lkIjoia1ByS19xbXhW"
    "V2FZVkE5d3dCRjZJdW8zdlZ6ejdUeEhDVHdYQnlnclM0ayJ9.eyJpc3MiOiJodHRwczovL2ZsZWV0LmV4YW1"
    "wbGUuY29tL3Jldm9jYXRpb25zIiwiZm9ybWF0IjoxLCJpYXQiOjE3NjQzMzEyOTAsInNlcSI6MTc2NDMzMTI"
    "5MDAwMDAwMCwicHJldiI6MTc2NDMzMTI2MDAwMDAwMCwiZW50cmllcyI6W10sInNlZW4iOnsia1ByS19xbXh"
    "WV2FZVkE5d3dCRjZJdW8zdlZ6ejdUeEhDVHdYQnlnclM0ayI6MTc2NDMzMTI2MDAwMDAwMH0sIm1heF9hZ2U"
    "iOjEyMH0.gOnbqoJ_lGMIHQuIJnrCuCn54ht5fPn0NsbPiMMsWoI_M8J6frdnCIfZa0rQYLADbE7oKoU1uLS"
    "4dodD9bmXAQ";

TEST(StreamItem, OfThePageIsGood) {
  const auto item = read(kItem);
  ASSERT_TRUE(item) << item.error().detail;
  EXPECT_EQ(item->issued_at, WallTime(1'764'331'260s));
  EXPECT_EQ(item->seq, 1'764'331'260'000'000U);
  EXPECT_EQ(item->prev, 0U);
  EXPECT_EQ(item->key_id, kThumbprint);
  EXPECT_EQ(item->max_age, std::nullopt);
  ASSERT_EQ(item->entries.size(), 2U);
  const Names names;
  const std::string issuer = "https://id.example.com/realms/corp";
  const Entry token{
      .kind = EntryKind::token,
      .digest =
          names.digest(EntryKind::token, issuer, "5a0f2c9e-6a0b-4a53-9a3c-3f2f1c0d9b11").value(),
      .end = WallTime(1'767'225'600s)};
  const Entry subject{.kind = EntryKind::subject,
                      .digest = names.digest(EntryKind::subject, issuer, "248289761001").value(),
                      .before = WallTime(1'764'331'200s)};
  EXPECT_EQ(item->entries[0].entry, token);
  EXPECT_EQ(item->entries[0].reason, "laptop 17 stolen");
  EXPECT_EQ(item->entries[1].entry, subject);
  EXPECT_EQ(item->entries[1].reason, "");
  const auto beat = read(kBeat);
  ASSERT_TRUE(beat) << beat.error().detail;
  EXPECT_EQ(beat->prev, item->seq);
  EXPECT_TRUE(beat->entries.empty());
  EXPECT_EQ(beat->max_age, 120s);
  EXPECT_EQ(beat->seen, (std::vector<StreamSeen>{{kThumbprint, item->seq}}));
}

TEST(StreamItem, IsWrittenAsThePageWritesIt) {
  for (const std::string& vector : {kItem, kBeat}) {
    const auto item = read(vector);
    ASSERT_TRUE(item);
    const std::string header =
        R"({"alg":"EdDSA","typ":"latchkey-revocation+jwt","kid":")" + kThumbprint + "\"}";
    EXPECT_EQ(key().token(header, write_stream_payload(*item, kStream)), vector);
  }
}

TEST(StreamItem, IsRefusedWhereItIsNotSignedForThisStream) {
  const std::string good = Payload().text();
  const auto stranger = SigningKey::generate(jose::Algorithm::eddsa, kThumbprint);
  std::string changed = Payload().item();
  changed[changed.size() - 10] = changed[changed.size() - 10] == 'A' ? 'B' : 'A';
  const auto typed = [&](const std::string& typ) {
    return key().token(R"({"alg":"EdDSA","kid":")" + kThumbprint + "\"" + typ + "}", good);
  };
  struct Case {
    std::string name;
    std::string item;
    std::string want;
  };
  const std::vector<Case> cases = {
      {"good", Payload().item(), "good"},
      {"empty", "", "form"},
      {"a line feed behind it", Payload().item() + "\n", "form"},
      {"JSON", good, "form"},
      {"by a stranger", stranger.token(kHeader, good), "signature"},
      {"changed", changed, "signature"},
      {"by another key",
       key().token(R"({"alg":"EdDSA","kid":"o","typ":"latchkey-revocation+jwt"})", good), "key"},
      {"no typ", typed(""), "type"},
      {"an access token", typed(R"(,"typ":"at+jwt")"), "type"},
      {"a list's manifest", typed(R"(,"typ":"latchkey-revocations+jwt")"), "type"},
      {"typ written out", typed(R"(,"typ":"application/Latchkey-Revocation+JWT")"), "good"},
      {"no object", key().token(kHeader, "[]"), "form"},
      {"a member twice", key().token(kHeader, R"({"iss":1,)" + good.substr(1)), "form"},
      {"a member that nobody knows",
       key().token(kHeader, good.substr(0, good.size() - 1) + R"(,"x":{}})"), "good"},
  };
  for (const auto& c : cases) EXPECT_EQ(fault_of(c.item), c.want) << c.name;
}

TEST(StreamItem, KeepsTheBoundsOfItsMembers) {
  struct Case {
    std::string name;
    std::string Payload::*member;
    std::string value;
    std::string want;
  };
  std::string many = "[";
  for (int i = 0; i < 64; ++i) many += entry(R"("kind":"token")") + ",";
  std::string most = many;
  most.back() = ']';
  const std::vector<Case> cases = {
      {"another stream", &Payload::iss, R"("https://fleet.example.com/revocations/")", "issuer"},
      {"no iss", &Payload::iss, "", "claim"},
      {"another format", &Payload::format, "2", "claim"},
      {"no format", &Payload::format, "", "claim"},
      {"iat 300 s ahead", &Payload::iat, "1764331600", "good"},
      {"iat 301 s ahead", &Payload::iat, "1764331601", "ahead"},
      {"iat long ago", &Payload::iat, "0", "good"},
      {"iat beyond 9999", &Payload::iat, "253402300800", "bounds"},
      {"iat with a fraction", &Payload::iat, "1764331260.5", "claim"},
      {"no iat", &Payload::iat, "", "claim"},
      {"seq of 0", &Payload::seq, "0", "bounds"},
      {"the greatest seq", &Payload::seq, "9007199254740991", "good"},
      {"a greater seq", &Payload::seq, "9007199254740992", "bounds"},
      {"seq is a text", &Payload::seq, R"("8")", "claim"},
      {"prev of 0", &Payload::prev, "0", "good"},
      {"prev of seq", &Payload::prev, "8", "bounds"},
      {"prev beyond seq", &Payload::prev, "9", "bounds"},
      {"no prev", &Payload::prev, "", "claim"},
      {"no entries", &Payload::entries, "", "claim"},
      {"entries is an object", &Payload::entries, "{}", "claim"},
      {"nothing said", &Payload::entries, "[]", "claim"},
      {"64 entries", &Payload::entries, most, "good"},
      {"65 entries", &Payload::entries, many + entry(R"("kind":"token")") + "]", "bounds"},
      {"an entry that is a text", &Payload::entries, R"(["x"])", "claim"},
      {"seen is a list", &Payload::seen, "[]", "claim"},
      {"seen by nobody", &Payload::seen, "{}", "good"},
      {"lost is a number", &Payload::lost, "8", "claim"},
      {"lost beside entries", &Payload::lost, "{\"" + kThumbprint + "\":[1,9]}", "claim"},
      {"max_age of 59", &Payload::max_age, "59", "bounds"},
      {"max_age of 60", &Payload::max_age, "60", "good"},
      {"max_age of 30 days", &Payload::max_age, "2592000", "good"},
      {"max_age of more", &Payload::max_age, "2592001", "bounds"},
      {"max_age is a text", &Payload::max_age, R"("60")", "claim"},
  };
  for (const auto& c : cases) {
    Payload payload;
    payload.*c.member = c.value;
    EXPECT_EQ(fault_of(payload.item()), c.want) << c.name;
  }
}

TEST(StreamItem, KeepsTheBoundsOfItsEntries) {
  struct Case {
    std::string name;
    std::string entry;
    std::string want;
  };
  const auto digest = [](const std::string& value) {
    return R"({"kind":"token","digest":)" + value + "}";
  };
  const auto with = [](const std::string& members) {
    return entry(R"("kind":"token",)" + members);
  };
  const auto subject = [](const std::string& members) {
    return entry(R"("kind":"subject")" + members);
  };
  const std::string longest(255, 'x');
  const std::vector<Case> cases = {
      {"a token hash", entry(R"("kind":"token_hash")"), "good"},
      {"a session", entry(R"("kind":"session")"), "good"},
      {"a key", entry(R"("kind":"key")"), "good"},
      {"a user", entry(R"("kind":"user")"), "good"},
      {"another kind", entry(R"("kind":"kid")"), "claim"},
      {"reasons are no kind", entry(R"("kind":"reasons")"), "claim"},
      {"no kind", "{\"digest\":\"" + kDigest + "\"}", "claim"},
      {"no digest", R"({"kind":"token"})", "claim"},
      {"31 digits", digest("\"" + kDigest.substr(1) + "\""), "claim"},
      {"33 digits", digest("\"0" + kDigest + "\""), "claim"},
      {"upper case", digest(R"("1A73256c5ecc2abef3b885ae3637cbc3")"), "claim"},
      {"no digit", digest(R"("ga73256c5ecc2abef3b885ae3637cbc3")"), "claim"},
      {"a number", digest("1"), "claim"},
      {"a subject", subject(R"(,"before":1764331200000)"), "good"},
      {"a subject without its moment", subject(""), "claim"},
      {"a subject of 1969", subject(R"(,"before":-1)"), "claim"},
      {"a subject of 9999", subject(R"(,"before":253402300799000)"), "good"},
      {"a subject beyond", subject(R"(,"before":253402300799001)"), "bounds"},
      {"a token with a moment", with(R"("before":1764331200000)"), "claim"},
      {"an end", with(R"("end":1)"), "good"},
      {"an end of 0", with(R"("end":0)"), "bounds"},
      {"an end beyond 9999", with(R"("end":253402300800)"), "bounds"},
      {"an end that is a text", with(R"("end":"1")"), "claim"},
      {"a reason", with(R"("reason":"Z\u00fcrich")"), "good"},
      {"a reason of 255 bytes", with(R"("reason":")" + longest + "\""), "good"},
      {"a reason of 256 bytes", with(R"("reason":")" + longest + "x\""), "bounds"},
      {"an empty reason", with(R"("reason":"")"), "claim"},
      {"a reason with a line feed", with(R"("reason":"a\nb")"), "bounds"},
      {"a reason with a delete", with(R"("reason":"a\u007fb")"), "bounds"},
      {"another member", with(R"("op":"remove")"), "claim"},
  };
  for (const auto& c : cases) {
    Payload payload;
    payload.entries = "[" + c.entry + "]";
    EXPECT_EQ(fault_of(payload.item()), c.want) << c.name;
  }
}

TEST(StreamItem, PassesOverWhatIsSaidOfKeysThatAreNotTheStreams) {
  Payload payload;
  const std::string other = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
  payload.seen = "{\"" + other + "\":9,\"" + kThumbprint + "\":7}";
  payload.lost = "{\"" + other + "\":[0,9],\"" + kThumbprint + "\":[4,6]}";
  payload.max_age = "60";
  payload.entries = "[]";
  const auto item = read(payload.item());
  ASSERT_TRUE(item) << item.error().detail;
  EXPECT_EQ(item->seen, (std::vector<StreamSeen>{{kThumbprint, 7}}));
  EXPECT_EQ(item->lost, (std::vector<StreamLost>{{kThumbprint, 4, 6}}));
}

TEST(StreamLost, IsAnObjectOfThumbprintsAndRanges) {
  const auto lost = [](const std::string& json) {
    jose::JsonReader reader;
    return read_stream_lost(reader.read(json).value());
  };
  const auto of = [](const std::string& range) {
    return "{\"" + kThumbprint + "\":" + range + "}";
  };
  EXPECT_EQ(lost("{}"), std::vector<StreamLost>());
  EXPECT_EQ(lost(of("[0,1]")), (std::vector<StreamLost>{{kThumbprint, 0, 1}}));
  EXPECT_EQ(lost(of("[7,9007199254740991]")),
            (std::vector<StreamLost>{{kThumbprint, 7, stream_limits::kSeq}}));
  EXPECT_EQ(
      lost(of("[0,1,1,5,7,9]")),
      (std::vector<StreamLost>{{kThumbprint, 0, 1}, {kThumbprint, 1, 5}, {kThumbprint, 7, 9}}));
  std::string most = "[0,1";
  for (int i = 1; i < 16; ++i)
    most += "," + std::to_string(2 * i) + "," + std::to_string(2 * i + 1);
  EXPECT_EQ(lost(of(most + "]")).value_or(std::vector<StreamLost>()).size(), 16U);
  EXPECT_EQ(lost(of(most + ",50,51]")), std::nullopt);
  for (const char* bad : {"1", "[]", "[1]", "[1,2,3]", "[2,2]", "[3,2]", "[-1,2]", "[\"1\",2]",
                          "[1,\"2\"]", "[1.5,2]", "{\"from\":1}", "[1,9007199254740992]", "[[1],2]",
                          "null", "[1,5,4,6]", "[1,5,6,6]", "[[1,2]]"})
    EXPECT_EQ(lost(of(bad)), std::nullopt) << bad;
  EXPECT_EQ(lost("[]"), std::nullopt);
  EXPECT_EQ(lost(R"({"x":[1,2]})"), std::nullopt);
}

TEST(StreamSeen, IsAnObjectOfThumbprintsAndNumbers) {
  const auto count = [](const std::string& json) {
    jose::JsonReader reader;
    const auto seen = read_stream_seen(reader.read(json).value());
    return seen ? static_cast<int>(seen->size()) : -1;
  };
  const auto of = [](const std::string& seq) { return "{\"" + kThumbprint + "\":" + seq + "}"; };
  EXPECT_EQ(count("{}"), 0);
  EXPECT_EQ(count(of("1")), 1);
  EXPECT_EQ(count(of("9007199254740991")), 1);
  EXPECT_EQ(count(of("0")), -1);
  EXPECT_EQ(count(of("9007199254740992")), -1);
  EXPECT_EQ(count(of("-1")), -1);
  EXPECT_EQ(count(of(R"("1")")), -1);
  EXPECT_EQ(count("[]"), -1);
  EXPECT_EQ(count("null"), -1);
  EXPECT_EQ(count(R"({"alice":1})"), -1);
  EXPECT_EQ(count("{\"" + kThumbprint + "A\":1}"), -1);
  std::string many = "{";
  for (int i = 0; i < 64; ++i) {
    std::string each = kThumbprint;
    each[0] = static_cast<char>('A' + i % 26);
    each[1] = static_cast<char>('a' + i / 26);
    many += "\"" + each + "\":1,";
  }
  EXPECT_EQ(count(many.substr(0, many.size() - 1) + "}"), 64);
  EXPECT_EQ(count(many + "\"" + kThumbprint + "\":1}"), -1);
}

}  // namespace
}  // namespace latchkey::revocation
