// SPDX-License-Identifier: Apache-2.0
#include <functional>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/signing.h"
#include "tests/unit/verify/provider.h"

namespace latchkey {
namespace {

using jose::Algorithm;
using std::chrono::seconds;
using testing::jwk_set;
using testing::kNow;
using testing::make_issuer;
using testing::make_keys;
using testing::signing_key;

constexpr std::string_view kPayload =
    R"({"iss":"https://id.example","sub":"u","aud":"ssh-prod","exp":1900000600,"nbf":1899999980,"iat":1899999990,)"
    R"("preferred_username":"alice"})";

const testing::SigningKey& key() { return signing_key(Algorithm::rs256); }

Snapshot snapshot() {
  return testing::make_snapshot({make_issuer("corp", "https://id.example")},
                                {make_keys(jwk_set({key().plain_jwk(R"(,"kid":"RS256")")}))}, kNow);
}

config::Config& config_of(Snapshot& of) { return const_cast<config::Config&>(*of.config); }

// A fetch that changed the set.
void publish(Snapshot& of, const std::string& keys) {
  of.keys[0].keys = make_keys(keys);
  ++of.keys[0].generation;
}

struct Case {
  std::string_view name;
  Reason want;
  std::optional<Check> failed;
  std::function<void(Snapshot&)> change = [](Snapshot&) {};
  WallTime now = kNow;
};

TEST(Recheck, RunsAnewWhatMayHaveChanged) {
  constexpr auto kNo = std::nullopt;
  const auto of_claims = [](std::function<void(claims::ClaimsPolicy&)> change) {
    return [change](Snapshot& s) { change(config_of(s).issuers[0].config.claims); };
  };
  const auto nothing = [](Snapshot&) {};
  const Case cases[] = {
      {"holds when nothing changed", Reason::allowed, kNo},
      {"holds within the leeway", Reason::allowed, kNo, nothing, kNow + seconds(659)},
      {"refused at the end of the leeway", Reason::token_expired, Check::lifetime, nothing,
       kNow + seconds(660)},
      {"refused when the clock went back before nbf", Reason::token_not_yet_valid, Check::lifetime,
       nothing, kNow - seconds(81)},
      {"refused when the age is shorter now", Reason::token_too_old, Check::lifetime,
       of_claims([](auto& policy) { policy.max_token_age = seconds(5); }), kNow + seconds(100)},
      {"holds when another key joined", Reason::allowed, kNo,
       [](Snapshot& s) {
         publish(s, jwk_set({signing_key(Algorithm::es256).jwk(),
                             key().plain_jwk(R"(,"kid":"RS256")")}));
       }},
      {"holds when the key has another kid", Reason::allowed, kNo,
       [](Snapshot& s) { publish(s, jwk_set({key().plain_jwk(R"(,"kid":"renamed")")})); }},
      {"refused when the key was withdrawn", Reason::key_unknown, Check::key,
       [](Snapshot& s) { publish(s, jwk_set({signing_key(Algorithm::es256).jwk()})); }},
      {"refused when the key serves another algorithm now", Reason::key_unknown, Check::key,
       [](Snapshot& s) {
         publish(s, jwk_set({key().plain_jwk(R"(,"kid":"RS256","alg":"PS256")")}));
       }},
      {"refused when the key is for encryption now", Reason::key_unknown, Check::key,
       [](Snapshot& s) {
         publish(s, jwk_set({key().plain_jwk(R"(,"kid":"RS256","use":"enc")")}));
       }},
      {"refused when there are no keys", Reason::keys_missing, Check::keys,
       [](Snapshot& s) { s.keys[0].keys = nullptr; }},
      {"refused when the keys are too old", Reason::keys_stale, Check::keys,
       [](Snapshot& s) { s.keys[0].fetched_at = kNow - std::chrono::hours(25); }},
      {"refused when the issuer's section changed", Reason::issuer_unknown, Check::issuer,
       [](Snapshot& s) { config_of(s).issuers[0].config.digest = "another"; }},
      {"refused when another issuer stands in its place", Reason::issuer_unknown, Check::issuer,
       [](Snapshot& s) { config_of(s).issuers[0].config.issuer = "https://other.example"; }},
      {"refused when the issuer is gone", Reason::issuer_unknown, Check::issuer,
       [](Snapshot& s) { config_of(s).issuers.clear(); }},
  };
  jose::Scratch scratch;
  for (const Case& c : cases) {
    Snapshot current = snapshot();
    Trace first;
    const auto verified = verify(key().token(kPayload), current, kNow, scratch, first);
    ASSERT_TRUE(verified) << c.name;
    c.change(current);
    Trace trace;
    const auto result = recheck(*verified, current, c.now, trace);
    EXPECT_EQ(code(result ? Reason::allowed : result.error().reason), code(c.want)) << c.name;
    if (c.failed) {
      EXPECT_EQ(static_cast<int>(trace[*c.failed]), static_cast<int>(Outcome::failed)) << c.name;
    } else {
      EXPECT_EQ(static_cast<int>(trace[Check::signature]), static_cast<int>(Outcome::passed))
          << c.name;
      EXPECT_EQ(static_cast<int>(trace[Check::revocation]), static_cast<int>(Outcome::not_reached))
          << c.name;
    }
  }
}

}  // namespace
}  // namespace latchkey
