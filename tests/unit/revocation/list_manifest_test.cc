// SPDX-License-Identifier: Apache-2.0
#include "core/revocation/list_manifest.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/signing.h"

namespace latchkey::revocation {
namespace {

using namespace std::chrono_literals;
using jose::Algorithm;
using testing::SigningKey;

constexpr WallTime kNow{1'764'331'260s};
const std::string kList = "https://lists.example.com/corp";
const std::string kSha(64, 'a');
const std::string kHeader = R"({"alg":"EdDSA","kid":"list","typ":"latchkey-revocations+jwt"})";

const SigningKey& list_key() {
  static const SigningKey key = SigningKey::of_the_rfc("list");
  return key;
}

std::string chunk(const std::string& rest) { return R"({"sha256":")" + kSha + "\"," + rest + "}"; }
const std::string kToken = chunk(R"("size":32,"kind":"token","op":"add","entries":2)");
const std::string kRemoval = chunk(R"("size":16,"kind":"subject","op":"remove","entries":1)");

std::string step(std::uint64_t from, std::uint64_t to, const std::string& chunks = {}) {
  return R"({"from":)" + std::to_string(from) + R"(,"to":)" + std::to_string(to) +
         R"(,"chunks":[)" + chunks + "]}";
}

std::string joined(const std::vector<std::string>& parts) {
  std::string out;
  for (const auto& part : parts) out += (out.empty() ? "" : ",") + part;
  return out;
}

// A good manifest of version 8, and what a case writes in place of a member.
struct Payload {
  std::string iss = '"' + kList + '"';
  std::string format = "1";
  std::string iat = "1764331260";
  std::string version = "8";
  std::string max_age = "3600";
  std::string steps = "[" + step(0, 7, kToken) + "," + step(7, 8, kRemoval) + "]";

  std::string text() const {
    return R"({"iss":)" + iss + R"(,"format":)" + format + R"(,"iat":)" + iat + R"(,"version":)" +
           version + R"(,"max_age":)" + max_age + R"(,"steps":)" + steps + "}";
  }
};

std::string fault_of(const std::string& manifest, std::optional<ListState> accepted = {},
                     WallTime now = kNow) {
  const auto keys = jose::JwkSet::parse(testing::jwk_set({list_key().jwk()})).value();
  jose::Scratch scratch;
  const auto read = read_manifest(manifest, {kList, keys}, accepted, now, scratch);
  return read ? "good" : std::string(list_fault_name(read.error().fault));
}

std::string signed_by_the_list(const std::string& payload) {
  return list_key().token(kHeader, payload);
}

struct Case {
  std::string name;
  std::string steps;
  std::string want;
};

TEST(ListManifest, IsReadAsItWasSigned) {
  const auto keys = jose::JwkSet::parse(testing::jwk_set({list_key().jwk()})).value();
  jose::Scratch scratch;
  Payload payload;
  payload.steps =
      "[" +
      step(0, 8,
           kToken + "," +
               chunk(R"("size":48,"kind":"subject","op":"add","entries":2,"end":1767225600)") +
               "," + chunk(R"("size":100,"kind":"reasons","op":"add","entries":3)")) +
      "," + step(7, 8, kRemoval) + "," + step(6, 7) + "]";
  const auto read = read_manifest(signed_by_the_list(payload.text()) + "\n", {kList, keys},
                                  std::nullopt, kNow, scratch);
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(read->version, 8U);
  EXPECT_EQ(read->issued_at, kNow);
  EXPECT_EQ(read->max_age, 1h);
  EXPECT_EQ(read->key_id, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
  ASSERT_EQ(read->steps.size(), 3U);
  const auto& chunks = read->steps[0].chunks;
  ASSERT_EQ(chunks.size(), 3U);
  EXPECT_EQ(chunks[0].kind, EntryKind::token);
  EXPECT_EQ(chunks[0].end, std::nullopt);
  EXPECT_EQ(chunks[0].sha256, kSha);
  EXPECT_EQ(chunks[1].end, WallTime(1'767'225'600s));
  EXPECT_EQ(chunks[1].size, 48U);
  EXPECT_EQ(chunks[2].kind, std::nullopt);
  EXPECT_EQ(chunks[2].entries, 3U);
  EXPECT_TRUE(read->steps[1].chunks[0].remove);
  EXPECT_EQ(read->steps[1].from, 7U);
}

// The manifest of docs/REVOCATION-LIST.md, which list_vectors.py made.
TEST(ListManifest, OfThePageIsGood) {
  const std::string manifest =
      "eyJhbGciOiJFZERTQSIsInR5cCI6ImxhdGNoa2V5LXJldm9jYXRpb25zK2p3dCIsImtpZCI6ImtQcktfcW14"
      "VldhWVZBOXd3QkY2SXVvM3ZWeno3VHhIQ1R3WEJ5Z3JTNGsifQ.eyJpc3MiOiJodHRwczovL2xpc3RzLmV4Y"
      "W1wbGUuY29tL2NvcnAiLCJmb3JtYXQiOjEsImlhdCI6MTc2NDMzMTI2MCwidmVyc2lvbiI6OCwibWF4X2FnZ"
      "SI6MzYwMCwic3RlcHMiOlt7ImZyb20iOjAsInRvIjo3LCJjaHVua3MiOlt7InNoYTI1NiI6IjJkZGRmZWZlZ"
      "WM1ZTkyNzg0NjE0YzVjZjQxMTI4OTc3YTRjMTAyYTIyM2RmMzU2Y2NjMmI1YjExNDM1N2MxODEiLCJzaXplI"
      "jozMiwia2luZCI6InRva2VuIiwib3AiOiJhZGQiLCJlbnRyaWVzIjoyLCJlbmQiOjE3NjcyMjU2MDB9LHsic"
      "2hhMjU2IjoiOWRiN2IzODMxNjI5YTEyNDZjNjhhZjNhZWQ4MTgxY2E2M2I2NDI0ZjhmYzhiNTk2YWRkYTYzN"
      "DNhMTk0ODdhMSIsInNpemUiOjI0LCJraW5kIjoic3ViamVjdCIsIm9wIjoiYWRkIiwiZW50cmllcyI6MX0se"
      "yJzaGEyNTYiOiIxMzEwMjk2ODNlOTg2NTU2OTA3NGE2ZTEyODc4Njc3NGQ1MDhmYjExZjJjOWZkOTIxYTEzN"
      "2ZhYWQ3ZTYyNTEyIiwic2l6ZSI6MzQsImtpbmQiOiJyZWFzb25zIiwib3AiOiJhZGQiLCJlbnRyaWVzIjoxf"
      "V19LHsiZnJvbSI6NywidG8iOjgsImNodW5rcyI6W3sic2hhMjU2IjoiNDU3MmI4MzgxNGNkNzNhMmI0NTAwM"
      "mIzMjAwZmY5MGNiZWU4ZWY1NmNkMjY4ODdkNDcwMzc3YjEyYzU0NDNkNSIsInNpemUiOjE2LCJraW5kIjoid"
      "G9rZW4iLCJvcCI6InJlbW92ZSIsImVudHJpZXMiOjF9XX1dfQ.AJPbVJ4MvQF2kZlAcJqe25n44Dm4D07ZBa"
      "QrVYdbuO9mtXVt6-OjF3vIHJ4mV78Bg8S9Erl7UcRNAVLPfaqVDw";
  const auto keys =
      jose::JwkSet::parse(testing::jwk_set({list_key().plain_jwk(
                              R"(,"kid":"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")")}))
          .value();
  jose::Scratch scratch;
  const auto read = read_manifest(manifest, {kList, keys}, std::nullopt, kNow, scratch);
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(read->steps.size(), 2U);
}

TEST(ListManifest, IsRefusedWhereItIsNotSignedForThisList) {
  const std::string good = Payload().text();
  const auto stranger = SigningKey::generate(Algorithm::eddsa, "list");
  std::string changed = signed_by_the_list(good);
  changed[changed.size() - 10] = changed[changed.size() - 10] == 'A' ? 'B' : 'A';
  const auto typed = [&](const std::string& typ) {
    return list_key().token(R"({"alg":"EdDSA","kid":"list")" + typ + "}", good);
  };
  const std::vector<std::pair<std::string, std::string>> cases = {
      {signed_by_the_list(good), "good"},
      {signed_by_the_list(good) + "\n\n", "form"},
      {"", "form"},
      {good, "form"},
      {stranger.token(kHeader, good), "signature"},
      {changed, "signature"},
      {list_key().token(R"({"alg":"EdDSA","kid":"other","typ":"latchkey-revocations+jwt"})", good),
       "key"},
      {list_key().token(R"({"alg":"none","kid":"list","typ":"latchkey-revocations+jwt"})", good),
       "form"},
      {list_key().token(
           R"({"alg":"EdDSA","kid":"list","typ":"latchkey-revocations+jwt","crit":["x"]})", good),
       "form"},
      {typed(""), "type"},
      {typed(R"(,"typ":"at+jwt")"), "type"},
      {typed(R"(,"typ":"application/Latchkey-Revocations+JWT")"), "good"},
      {signed_by_the_list("[]"), "form"},
      {signed_by_the_list(R"({"iss":1,)" + good.substr(1)), "form"},
  };
  for (const auto& [manifest, want] : cases) EXPECT_EQ(fault_of(manifest), want) << manifest;
}

TEST(ListManifest, KeepsTheBoundsOfItsMembers) {
  struct MemberCase {
    std::string Payload::*member;
    std::string value;
    std::string want;
  };
  const std::vector<MemberCase> cases = {
      {&Payload::iss, R"("https://lists.example.com/corp/")", "issuer"},
      {&Payload::iss, R"("")", "issuer"},
      {&Payload::iss, "1", "form"},
      {&Payload::format, "2", "format"},
      {&Payload::format, "0", "format"},
      {&Payload::format, R"("1")", "format"},
      {&Payload::format, "1.0", "format"},
      {&Payload::iat, R"("1764331260")", "form"},
      {&Payload::iat, "-1", "form"},
      {&Payload::iat, "1764331260.5", "form"},
      {&Payload::iat, "0", "good"},
      {&Payload::iat, "1764331560", "good"},
      {&Payload::iat, "1764331561", "ahead"},
      {&Payload::iat, "253402300800", "bounds"},
      {&Payload::version, "0", "bounds"},
      {&Payload::version, "9007199254740992", "bounds"},
      {&Payload::version, "null", "form"},
      {&Payload::max_age, "59", "bounds"},
      {&Payload::max_age, "60", "good"},
      {&Payload::max_age, "2592000", "good"},
      {&Payload::max_age, "2592001", "bounds"},
      {&Payload::steps, "{}", "form"},
      {&Payload::steps, "[]", "no_way"},
      {&Payload::steps, "[1]", "form"},
  };
  for (const auto& c : cases) {
    Payload payload;
    payload.*c.member = c.value;
    EXPECT_EQ(fault_of(signed_by_the_list(payload.text())), c.want) << c.value;
  }
  const std::string good = Payload().text();
  EXPECT_EQ(fault_of(signed_by_the_list(good.substr(0, good.size() - 1) + R"(,"more":{}})")),
            "good");
}

// docs/REVOCATION-STREAM.md section 4.
TEST(ListManifest, OfASnapshotSaysWhatItCovers) {
  const std::string thumbprint = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
  const auto with = [](const std::string& seen) {
    const std::string good = Payload().text();
    return signed_by_the_list(good.substr(0, good.size() - 1) + R"(,"seen":)" + seen + "}");
  };
  const auto keys = jose::JwkSet::parse(testing::jwk_set({list_key().jwk()})).value();
  jose::Scratch scratch;
  const auto read =
      read_manifest(with("{\"" + thumbprint + "\":7}"), {kList, keys}, std::nullopt, kNow, scratch);
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(read->seen, (std::vector<StreamSeen>{{thumbprint, 7}}));
  EXPECT_EQ(fault_of(with("{}")), "good");
  EXPECT_EQ(fault_of(with("[]")), "form");
  EXPECT_EQ(fault_of(with("{\"" + thumbprint + "\":0}")), "form");
}

TEST(ListManifest, KeepsTheBoundsOfItsChunks) {
  const auto of = [](const std::string& rest) { return step(0, 8, chunk(rest)); };
  const auto removing = [](const std::string& rest) {
    return step(0, 7) + "," + step(7, 8, chunk(rest));
  };
  std::string upper = kToken;
  upper.replace(upper.find("aaaa"), 1, "A");
  std::string brief = kToken;
  brief.erase(brief.find("aaaa"), 1);
  std::string other = kToken;
  other.replace(other.find("aaaa"), 1, "g");
  const std::vector<Case> cases = {
      {"a token", of(R"("size":16,"kind":"token","op":"add","entries":1)"), "good"},
      {"the largest", of(R"("size":16777216,"kind":"token","op":"add","entries":1048576)"), "good"},
      {"one larger", of(R"("size":16777232,"kind":"token","op":"add","entries":1048577)"),
       "bounds"},
      {"more entries", of(R"("size":16777215,"kind":"reasons","op":"add","entries":1048577)"),
       "bounds"},
      {"too large by its records",
       of(R"("size":16777224,"kind":"subject","op":"add","entries":699051)"), "bounds"},
      {"none", of(R"("size":0,"kind":"token","op":"add","entries":0)"), "bounds"},
      {"a byte less", of(R"("size":31,"kind":"token","op":"add","entries":2)"), "bounds"},
      {"a byte more", of(R"("size":33,"kind":"token","op":"add","entries":2)"), "bounds"},
      {"a subject", of(R"("size":24,"kind":"subject","op":"add","entries":1)"), "good"},
      {"a subject without its moment", of(R"("size":16,"kind":"subject","op":"add","entries":1)"),
       "bounds"},
      {"a subject removed", removing(R"("size":16,"kind":"subject","op":"remove","entries":1)"),
       "good"},
      {"removed with a moment", removing(R"("size":24,"kind":"subject","op":"remove","entries":1)"),
       "bounds"},
      {"a hash", of(R"("size":16,"kind":"token_hash","op":"add","entries":1)"), "good"},
      {"a session", of(R"("size":16,"kind":"session","op":"add","entries":1)"), "good"},
      {"a key", of(R"("size":16,"kind":"key","op":"add","entries":1)"), "good"},
      {"a user", of(R"("size":16,"kind":"user","op":"add","entries":1)"), "good"},
      {"an unknown kind", of(R"("size":16,"kind":"kid","op":"add","entries":1)"), "form"},
      {"no kind", of(R"("size":16,"op":"add","entries":1)"), "form"},
      {"an unknown op", of(R"("size":16,"kind":"token","op":"replace","entries":1)"), "form"},
      {"no op", of(R"("size":16,"kind":"token","entries":1)"), "form"},
      {"no size", of(R"("kind":"token","op":"add","entries":1)"), "form"},
      {"no entries", of(R"("size":16,"kind":"token","op":"add")"), "form"},
      {"another member", of(R"("size":16,"kind":"token","op":"add","entries":1,"url":"x")"),
       "form"},
      {"removed from nothing", of(R"("size":16,"kind":"token","op":"remove","entries":1)"),
       "bounds"},
      {"an end", of(R"("size":16,"kind":"token","op":"add","entries":1,"end":1)"), "good"},
      {"an end of 0", of(R"("size":16,"kind":"token","op":"add","entries":1,"end":0)"), "bounds"},
      {"an end beyond 9999",
       of(R"("size":16,"kind":"token","op":"add","entries":1,"end":253402300800)"), "bounds"},
      {"an end that is a text", of(R"("size":16,"kind":"token","op":"add","entries":1,"end":"1")"),
       "form"},
      {"removed with an end",
       removing(R"("size":16,"kind":"token","op":"remove","entries":1,"end":1)"), "bounds"},
      {"reasons", of(R"("size":19,"kind":"reasons","op":"add","entries":1)"), "good"},
      {"reasons, a byte less", of(R"("size":18,"kind":"reasons","op":"add","entries":1)"),
       "bounds"},
      {"reasons removed", removing(R"("size":19,"kind":"reasons","op":"remove","entries":1)"),
       "bounds"},
      {"reasons with an end", of(R"("size":19,"kind":"reasons","op":"add","entries":1,"end":1)"),
       "bounds"},
      {"upper case digits", step(0, 8, upper), "form"},
      {"63 digits", step(0, 8, brief), "form"},
      {"a digit of none", step(0, 8, other), "form"},
      {"no object", step(0, 8, "1"), "form"},
  };
  for (const auto& c : cases) {
    Payload payload;
    payload.steps = "[" + c.steps + "]";
    EXPECT_EQ(fault_of(signed_by_the_list(payload.text())), c.want) << c.name;
  }
}

TEST(ListManifest, HasAWayFromWhereverAStepEnds) {
  std::vector<std::string> chain;
  for (std::uint64_t i = 0; i < 64; ++i) chain.push_back(step(i, i + 1));
  const std::vector<std::string> shorter(chain.begin(), chain.begin() + 63);
  const std::vector<std::string> full(256, kToken);
  const std::vector<std::string> more(257, kToken);
  const std::vector<std::string> heavy(
      64, chunk(R"("size":16777216,"kind":"token","op":"add","entries":1048576)"));
  const std::vector<Case> cases = {
      {"in one step", step(0, 8), "good"},
      {"with a shorter way for those who follow", step(0, 8) + "," + step(5, 7) + "," + step(7, 8),
       "good"},
      {"not without a step from 0", step(1, 8), "no_way"},
      {"not where the step from 0 ends before", step(0, 7), "no_way"},
      {"not where a step of followers ends nowhere", step(0, 8) + "," + step(5, 6), "no_way"},
      {"the greater step leads into the dead end", step(0, 7) + "," + step(0, 6) + "," + step(6, 8),
       "no_way"},
      {"not with the same step twice", step(0, 8) + "," + step(0, 8), "bounds"},
      {"not backwards", step(0, 8) + "," + step(7, 6), "bounds"},
      {"not in a circle", step(0, 8) + "," + step(7, 7), "bounds"},
      {"not beyond the version", step(0, 9), "bounds"},
      {"a step needs chunks, be they none", R"({"from":0,"to":8})", "form"},
      {"a step has nothing else", R"({"from":0,"to":8,"chunks":[],"x":1})", "form"},
      {"with 256 chunks", step(0, 8, joined(full)), "good"},
      {"not with 257", step(0, 8, joined(more)), "bounds"},
      {"nor in two steps", step(0, 7, joined(full)) + "," + step(7, 8, kToken), "bounds"},
      {"with 1 GiB", step(0, 8, joined(heavy)), "good"},
      {"not with more", step(0, 7, joined(heavy)) + "," + step(7, 8, kToken), "bounds"},
  };
  for (const auto& c : cases) {
    Payload payload;
    payload.steps = "[" + c.steps + "]";
    const std::string manifest = signed_by_the_list(payload.text());
    // 256 chunks are near to what fits.
    EXPECT_EQ(fault_of(manifest), manifest.size() > list_limits::kManifestBytes ? "form" : c.want)
        << c.name;
  }
  Payload payload;
  payload.version = "64";
  payload.steps = "[" + joined(chain) + "]";
  EXPECT_EQ(fault_of(signed_by_the_list(payload.text())), "good");
  payload.version = "65";
  chain.push_back(step(64, 65));
  payload.steps = "[" + joined(chain) + "]";
  EXPECT_EQ(fault_of(signed_by_the_list(payload.text())), "bounds");
}

TEST(ListManifest, NeverGoesBack) {
  const std::string manifest = signed_by_the_list(Payload().text());
  EXPECT_EQ(fault_of(manifest, ListState{7, kNow}), "good");
  EXPECT_EQ(fault_of(manifest, ListState{8, kNow}), "good");
  EXPECT_EQ(fault_of(manifest, ListState{8, kNow + 1h}), "good");
  EXPECT_EQ(fault_of(manifest, ListState{9, kNow - 1h}), "rollback");
}

TEST(ListManifest, LeadsAReaderByTheGreatestSteps) {
  ListManifest manifest;
  manifest.version = 9;
  for (const auto& [from, to] : std::vector<std::pair<std::uint64_t, std::uint64_t>>{
           {0, 6}, {6, 7}, {7, 9}, {6, 8}, {8, 9}, {3, 6}})
    manifest.steps.push_back({.from = from, .to = to, .chunks = {}});
  const auto way = [&](std::uint64_t has) {
    std::string out;
    for (const ListStep* step : way_to(manifest, has))
      out += std::to_string(step->from) + ">" + std::to_string(step->to) + " ";
    return out;
  };
  EXPECT_EQ(way(0), "0>6 6>8 8>9 ");
  EXPECT_EQ(way(7), "7>9 ");
  EXPECT_EQ(way(3), "3>6 6>8 8>9 ");
  EXPECT_EQ(way(9), "");
  EXPECT_EQ(way(5), "0>6 6>8 8>9 ") << "nothing goes on from there";
}

}  // namespace
}  // namespace latchkey::revocation
