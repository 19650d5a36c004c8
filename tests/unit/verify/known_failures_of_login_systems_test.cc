// SPDX-License-Identifier: Apache-2.0
//
// What went wrong for other login systems, as far as a verifier of tokens could make the same
// mistake, each as a test named after its advisory.
#include <string>

#include <gtest/gtest.h>

#include "core/base/text.h"
#include "core/jose/base64url.h"
#include "core/jose/compact_jws.h"
#include "tests/support/signing.h"
#include "tests/unit/verify/provider.h"

namespace latchkey {
namespace {

using jose::Algorithm;
using testing::kNow;
using testing::make_issuer;
using testing::signing_key;

struct Sign {
  std::string user = R"("alice")";
  std::string groups = "[]";
  std::string more;

  std::string payload() const {
    return R"({"iss":"https://id.example","sub":"u","aud":"ssh-prod","exp":1900000600,"iat":1899999990,)"
           R"("preferred_username":)" +
           user + R"(,"groups":)" + groups + more + "}";
  }
  std::string token() const { return signing_key(Algorithm::es256).token(payload()); }
};

Snapshot host(const accounts::GroupMap& map = {}) {
  auto issuer = make_issuer("corp", "https://id.example");
  issuer.groups = map;
  return testing::make_snapshot(
      {issuer}, {testing::make_keys(testing::jwk_set({signing_key(Algorithm::es256).jwk()}))},
      kNow);
}

Decision decide_as(const Sign& sign, const std::string& user, const Snapshot& snapshot = host()) {
  return testing::decide_at(sign.token(), user, snapshot, kNow);
}

TEST(KnownFailures, AGoodLoginIsAllowed) { EXPECT_TRUE(decide_as({}, "alice").allowed()); }

// authd CVE-2024-9313: the name of the login was changed to the token's.
TEST(KnownFailures, Authd_CVE_2024_9313) {
  EXPECT_EQ(code(decide_as({}, "bob").reason), "user_mismatch");
  EXPECT_EQ(code(decide_as({.user = R"("bob")"}, "root").reason), "user_mismatch");
  const Decision allowed = decide_as({}, "alice");
  ASSERT_TRUE(allowed.identity);
  EXPECT_EQ(allowed.identity->user, "alice");
}

// authd CVE-2024-9312, CVE-2025-5689, CVE-2026-6970: ids came from a hash, were 0 for a while, or
// changed with a login. Here they are the host's own, whatever the token says.
TEST(KnownFailures, Authd_CVE_2024_9312_and_CVE_2025_5689_and_CVE_2026_6970) {
  const Sign sign{.more = R"(,"uid":0,"gid":0,"uidNumber":0,"gidNumber":0)"};
  const Decision decision = decide_as(sign, "alice", host({{{"dev", {"sudo"}}}}));
  ASSERT_TRUE(decision.identity);
  EXPECT_EQ(decision.identity->uid, 1'000U);
  EXPECT_TRUE(decision.identity->gids.empty());
  EXPECT_EQ(code(decide_as({.user = R"("carol")"}, "carol").reason), "user_unknown")
      << "nobody is invented";
}

// himmelblau CVE-2025-49012 and its return in 2026-03, guest-oslogin CVE-2020-8903, CVE-2020-8907,
// CVE-2020-8933: groups by a name that anyone can create, and root's own groups for everybody.
TEST(KnownFailures, Himmelblau_CVE_2025_49012_and_GuestOslogin_CVE_2020_8903) {
  const Sign sign{.groups = R"(["sudo","docker","root","SUDO","sudo\u0000"])"};
  const Decision unmapped = decide_as(sign, "alice");
  ASSERT_TRUE(unmapped.identity);
  EXPECT_TRUE(unmapped.identity->groups.empty());
  const Decision mapped = decide_as(sign, "alice", host({{{"docker", {"alice"}}}}));
  ASSERT_TRUE(mapped.identity);
  EXPECT_EQ(mapped.identity->groups, std::vector<std::string>{"alice"})
      << "a value of the claim is a key of the map and no group";
}

// himmelblau 2025-01: tokens in the debug log. No detail of a verdict quotes a part of one.
TEST(KnownFailures, Himmelblau_2025_01) {
  const std::string good = Sign{}.token();
  const std::string signature = good.substr(good.rfind('.') + 1);
  const std::string payload = jose::encode_base64url(Sign{}.payload());
  for (std::size_t i = 0; i < good.size(); i += 3) {
    std::string broken = good;
    broken[i] = broken[i] == 'A' ? 'B' : 'A';
    const Decision decision = testing::decide_at(broken, "alice", host(), kNow);
    EXPECT_EQ(decision.detail.find(signature.substr(0, 12)), std::string::npos);
    EXPECT_EQ(decision.detail.find(payload.substr(0, 12)), std::string::npos);
  }
}

// himmelblau 2026-08 (a139def5): a claim of a token that nobody had verified was compared with what
// the caller had brought.
TEST(KnownFailures, Himmelblau_2026_08_a139def5) {
  const testing::SigningKey forger = testing::SigningKey::generate(Algorithm::es256, "ES256");
  const Decision decision =
      testing::decide_at(forger.token(Sign{}.payload()), "alice", host(), kNow);
  EXPECT_EQ(code(decision.reason), "signature_invalid");
  EXPECT_FALSE(decision.identity || decision.binding);
  EXPECT_TRUE(decision.subject.empty() && decision.issuer.empty());
}

// himmelblau 2026-08 (c9070f4f), OpenSSH CVE-2026-35414: a colon, a line break or a comma in a name
// wrote a line, or made two names of one.
TEST(KnownFailures, Himmelblau_2026_08_c9070f4f_and_OpenSSH_CVE_2026_35414) {
  for (const std::string_view name :
       {R"(alice:x:0:0)", R"(alice\n)", R"(alice\nroot)", "alice,root", "root,alice", "alice bob",
        R"(alice\t)", R"(alice\u0000)", "alice;id", "*", "al*", "@alice"}) {
    const Sign sign{.user = '"' + std::string(name) + '"'};
    for (const std::string_view user : {"alice", "root", "bob"}) {
      const Decision decision = decide_as(sign, std::string(user));
      EXPECT_EQ(code(decision.reason), "name_unusable") << name;
      EXPECT_EQ(decision.detail.find('\n'), std::string::npos) << name;
    }
  }
}

// himmelblau 2026-08 (2951573c): an account that the system gives out got in. Here accounts below
// 1000, and nobody, are reached by a rule that names them only.
TEST(KnownFailures, Himmelblau_2026_08_2951573c) {
  EXPECT_FALSE(decide_as({.user = R"("daemon")"}, "daemon").allowed());
  EXPECT_FALSE(decide_as({.user = R"("root")"}, "root").allowed());
}

// kanidm GHSA-xxwr: what was not refused was allowed. Here no rule means no.
TEST(KnownFailures, Kanidm_GHSA_xxwr) {
  Snapshot snapshot = host();
  const_cast<config::Config&>(*snapshot.config).access.clear();
  EXPECT_EQ(code(decide_as({}, "alice", snapshot).reason), "access_denied");
}

// SSSD CVE-2025-11561: where the name did not match, a second way of mapping it did.
TEST(KnownFailures, Sssd_CVE_2025_11561) {
  const Sign sign{.user = R"("al")",
                  .more = R"(,"email":"alice@example.com","email_verified":true,"upn":"alice",)"
                          R"("name":"alice","nickname":"alice","unique_name":"alice")"};
  EXPECT_EQ(code(decide_as(sign, "alice").reason), "user_mismatch");
  const Sign nameless{.user = "null", .more = R"(,"upn":"alice","name":"alice")"};
  EXPECT_EQ(code(decide_as(nameless, "alice").reason), "claim_invalid");
}

// SSSD CVE-2026-14476: a path from the directory held `..`. No name of a token is one.
TEST(KnownFailures, Sssd_CVE_2026_14476) {
  for (const std::string_view name : {"..", ".", "../alice", "alice/..", "/alice", "alice/../root"})
    EXPECT_EQ(code(decide_as({.user = '"' + std::string(name) + '"'}, "alice").reason),
              "name_unusable")
        << name;
}

// linux-pam CVE-2020-27780: an unknown user fell through to an empty password.
TEST(KnownFailures, LinuxPam_CVE_2020_27780) {
  const Decision decision = decide_as({.user = R"("dave")"}, "dave");
  EXPECT_EQ(row(decision.reason).kind, ReasonClass::user_unknown);
  EXPECT_EQ(code(testing::decide_at("", "dave", host(), kNow).reason), "token_missing");
}

// linux-pam CVE-2015-3238: a long answer was worked on before its length was looked at.
TEST(KnownFailures, LinuxPam_CVE_2015_3238) {
  jose::Scratch scratch;
  for (const std::size_t size : {65'537U, 1'000'000U}) {
    const std::string answer(size, 'A');
    EXPECT_EQ(code(testing::decide_at(answer, "alice", host(), kNow).reason), "token_too_long");
    EXPECT_LE(jose::quote(answer, scratch), jose::quote("junk", scratch));
  }
}

// pam_u2f CVE-2025-23013, duo_unix: an error of our own, or a provider that is away, opened the
// door.
TEST(KnownFailures, PamU2f_CVE_2025_23013_and_duo_unix) {
  Snapshot without_keys = host();
  without_keys.keys[0].keys = nullptr;
  Snapshot stale = host();
  stale.keys[0].fetched_at = kNow - std::chrono::hours(25);
  Snapshot broken = host();
  broken.keys.clear();
  Snapshot half = host();
  half.accounts = nullptr;
  for (const Snapshot& snapshot : {without_keys, stale, broken, half})
    EXPECT_EQ(row(decide_as({}, "alice", snapshot).reason).kind, ReasonClass::unavailable);
}

}  // namespace
}  // namespace latchkey
