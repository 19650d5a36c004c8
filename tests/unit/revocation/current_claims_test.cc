// SPDX-License-Identifier: Apache-2.0
#include "core/revocation/current_claims.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace latchkey::revocation {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::uint8_t, 16> kKey{};
constexpr WallTime kNow{1'700'000'000s};
const std::string kIssuer = "https://id.example.com";

struct Case {
  std::string name;
  std::vector<Revocation> revocations;
  std::string user;
  Reason want;
};

TEST(CurrentClaims, AreMadeOnlyOfWhatIsNotRevoked) {
  claims::ClaimsRecord record;
  record.issuer = kIssuer;
  record.subject = "subject-1";
  record.token_id = "t1";
  record.users = {"alice"};
  record.issued_at = kNow;
  const auto claims = claims::ValidatedClaims::recall(record);
  const Revocation token{.kind = Kind::token, .issuer = kIssuer, .value = "t1"};
  const Revocation subject{
      .kind = Kind::subject, .issuer = kIssuer, .value = "subject-1", .before = kNow + 1h};
  const Revocation alice{.kind = Kind::user, .value = "alice"};
  const Revocation bob{.kind = Kind::user, .value = "bob"};
  const std::vector<Case> cases = {
      {"made where nothing is revoked", {}, "alice", Reason::allowed},
      {"refused for a revoked token", {token}, "alice", Reason::revoked_token},
      {"refused for a revoked subject", {subject}, "alice", Reason::revoked_subject},
      {"refused for a revoked user", {alice}, "alice", Reason::revoked_user},
      {"the token comes first", {alice, subject, token}, "alice", Reason::revoked_token},
      {"made for a user that is not revoked", {bob}, "alice", Reason::allowed},
      {"silent about a revoked user whom the token does not name", {bob}, "bob", Reason::allowed},
  };
  for (const auto& c : cases) {
    const auto current =
        revocation::current(claims, c.user, RevocationSet::build(c.revocations, kKey));
    EXPECT_EQ(current ? Reason::allowed : current.error().reason, c.want) << c.name;
    if (current) {
      EXPECT_EQ(**current, *claims) << c.name;
    }
  }
}

}  // namespace
}  // namespace latchkey::revocation
