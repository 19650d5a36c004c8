// SPDX-License-Identifier: Apache-2.0
//
// 515 strings that broke other programs, in every place of a good login where somebody else chooses
// the bytes: none of them opens anything, and what is said about them is one line of printable
// ASCII.
#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/signing.h"
#include "tests/support/vectors.h"
#include "tests/unit/verify/provider.h"

namespace latchkey {
namespace {

using jose::Algorithm;
using testing::kNow;
using testing::signing_key;

constexpr std::string_view kFile = "naughty-strings/blns.json";

std::string payload(const std::string& iss, const std::string& user, const std::string& group) {
  return R"({"iss":)" + iss +
         R"(,"sub":"u","aud":"ssh-prod","exp":1900000600,"iat":1899999990,"preferred_username":)" +
         user + R"(,"groups":[)" + group + "]}";
}

bool one_printable_line(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

TEST(NaughtyStrings, OpenNothing) {
  LATCHKEY_SKIP_WITHOUT_VECTORS(kFile);
  const testing::VectorFile file(*testing::vector_path(kFile));
  const testing::SigningKey& key = signing_key(Algorithm::eddsa);
  const Snapshot snapshot =
      testing::make_snapshot({testing::make_issuer("corp", "https://id.example")},
                             {testing::make_keys(testing::jwk_set({key.jwk()}))}, kNow);
  const std::string iss = "\"https://id.example\"";
  ASSERT_TRUE(
      testing::decide_at(key.token(payload(iss, "\"alice\"", "\"g\"")), "alice", snapshot, kNow)
          .allowed());
  std::size_t ran = 0;
  for (const jose::JsonValue value : file.root().elements()) {
    const std::string json = testing::to_json(value);
    const std::string text(value.as_string().value_or(""));
    ++ran;
    const auto refused = [&](const std::string& token, const std::string& user,
                             std::string_view role) {
      const Decision decision = testing::decide_at(token, user, snapshot, kNow);
      EXPECT_FALSE(decision.allowed()) << role << ' ' << json;
      EXPECT_TRUE(one_printable_line(decision.detail))
          << role << ' ' << json << ": " << decision.detail;
      return decision.reason;
    };
    const Reason named = refused(key.token(payload(iss, json, "\"g\"")), text, "user");
    if (!accounts::usable_name(text)) {
      EXPECT_TRUE(named == Reason::name_unusable || named == Reason::claim_invalid)
          << json << ": " << code(named);
    }
    refused(key.token(payload(iss, "\"alice\"", "\"g\"")), text, "PAM_USER");
    refused(key.token(payload(json, "\"alice\"", "\"g\"")), "alice", "iss");
    refused(key.token(R"({"alg":"EdDSA","kid":)" + json + "}", payload(iss, "\"alice\"", "\"g\"")),
            "alice", "kid");
    refused(text, "alice", "token");
    const Decision grouped =
        testing::decide_at(key.token(payload(iss, "\"alice\"", json)), "alice", snapshot, kNow);
    ASSERT_TRUE(grouped.allowed()) << json << ": " << code(grouped.reason);
    EXPECT_TRUE(grouped.identity->groups.empty()) << json;
  }
  testing::report_cases("naughty strings, in six places", ran, 515);
}

}  // namespace
}  // namespace latchkey
