// SPDX-License-Identifier: Apache-2.0
#include "core/revocation/revocation_set.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace latchkey::revocation {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

constexpr std::array<std::uint8_t, 16> kKey = {1, 2,  3,  4,  5,  6,  7,  8,
                                               9, 10, 11, 12, 13, 14, 15, 16};
constexpr WallTime kNow{1'700'000'000s};
const std::string kIssuer = "https://id.example.com";

Revocation token(std::string issuer, std::string id) {
  return {.kind = Kind::token, .issuer = std::move(issuer), .value = std::move(id)};
}
Revocation subject(std::string issuer, std::string value, WallTime before) {
  return {.kind = Kind::subject,
          .issuer = std::move(issuer),
          .value = std::move(value),
          .before = before};
}

claims::ClaimsRecord claims_of(std::string issuer, std::string subject, std::string token_id,
                               std::optional<WallTime> issued_at) {
  claims::ClaimsRecord record;
  record.issuer = std::move(issuer);
  record.subject = std::move(subject);
  record.token_id = std::move(token_id);
  record.issued_at = issued_at;
  return record;
}

struct Case {
  std::string name;
  std::vector<Revocation> revocations;
  claims::ClaimsRecord claims;
  std::optional<Reason> want;
};

TEST(RevocationSet, FindsWhatIsRevokedAndNothingElse) {
  const auto alice = claims_of(kIssuer, "alice", "t1", kNow);
  const auto without_iat = claims_of(kIssuer, "alice", "t1", std::nullopt);
  const auto without_id = claims_of(kIssuer, "alice", "", kNow);
  const std::vector<Case> cases = {
      {"nothing is revoked by an empty set", {}, alice, std::nullopt},
      {"a token by issuer and id", {token(kIssuer, "t1")}, alice, Reason::revoked_token},
      {"not another id", {token(kIssuer, "t2")}, alice, std::nullopt},
      {"not a prefix of the id", {token(kIssuer, "t")}, alice, std::nullopt},
      {"not the id at another issuer", {token("https://other", "t1")}, alice, std::nullopt},
      {"not by another cut between issuer and id",
       {token(kIssuer + "t", "1")},
       alice,
       std::nullopt},
      {"not a token without an id by an entry without one",
       {token(kIssuer, "")},
       without_id,
       std::nullopt},
      {"a subject's token issued before",
       {subject(kIssuer, "alice", kNow + 1ms)},
       alice,
       Reason::revoked_subject},
      {"not one issued at that moment", {subject(kIssuer, "alice", kNow)}, alice, std::nullopt},
      {"not one issued after", {subject(kIssuer, "alice", kNow - 1ms)}, alice, std::nullopt},
      {"a subject's token without iat, whenever",
       {subject(kIssuer, "alice", WallTime{})},
       without_iat,
       Reason::revoked_subject},
      {"not another subject", {subject(kIssuer, "bob", kNow + 1h)}, alice, std::nullopt},
      {"not the subject at another issuer",
       {subject("https://other", "alice", kNow + 1h)},
       alice,
       std::nullopt},
      {"by the latest moment of two",
       {subject(kIssuer, "alice", kNow + 1h), subject(kIssuer, "alice", kNow - 1h)},
       alice,
       Reason::revoked_subject},
      {"by the latest moment in the other order",
       {subject(kIssuer, "alice", kNow - 1h), subject(kIssuer, "alice", kNow + 1h)},
       alice,
       Reason::revoked_subject},
      {"not by a subject's entry that names a token id",
       {subject(kIssuer, "t1", kNow + 1h)},
       alice,
       std::nullopt},
      {"not by a user's entry", {{.kind = Kind::user, .value = "alice"}}, alice, std::nullopt},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(
        RevocationSet::build(c.revocations, kKey).find(*claims::ValidatedClaims::recall(c.claims)),
        c.want)
        << c.name;
  }
}

TEST(RevocationSet, FindsUsersByName) {
  const std::vector<Revocation> revocations = {{.kind = Kind::user, .value = "alice"}};
  const auto set = RevocationSet::build(revocations, kKey);
  EXPECT_TRUE(set.user_revoked("alice"));
  EXPECT_FALSE(set.user_revoked("alic"));
  EXPECT_FALSE(set.user_revoked(""));
}

TEST(RevocationSet, CountsEachEntryOnce) {
  const std::vector<Revocation> revocations = {
      token(kIssuer, "t1"),
      token(kIssuer, "t1"),
      token(kIssuer, "t2"),
      subject(kIssuer, "s", kNow),
      subject(kIssuer, "s", kNow),
      {.kind = Kind::user, .value = "u"},
      {.kind = Kind::user, .value = "u"},
      {.kind = Kind::user, .value = ""},
  };
  EXPECT_EQ(RevocationSet::build(revocations, kKey).size(), 4U);
}

TEST(RevocationSet, HoldsManyTokensAndNoOthers) {
  std::vector<Revocation> revocations;
  for (int i = 0; i < 10'000; ++i) revocations.push_back(token(kIssuer, "id-" + std::to_string(i)));
  const auto set = RevocationSet::build(revocations, kKey);
  EXPECT_EQ(set.size(), 10'000U);
  for (int i = 0; i < 20'000; ++i) {
    const auto claims =
        claims::ValidatedClaims::recall(claims_of(kIssuer, "s", "id-" + std::to_string(i), kNow));
    const auto found = set.find(*claims);
    ASSERT_EQ(found.has_value(), i < 10'000) << i;
  }
}

// 0 marks a free place, and hashes at the end of the table go on at its start.
TEST(HashTable, HoldsTheHashesAtItsEdges) {
  HashTable table(4);
  for (const auto hash :
       {std::uint64_t{0}, ~std::uint64_t{0}, ~std::uint64_t{0} - 1, ~std::uint64_t{0} - 2}) {
    EXPECT_FALSE(table.contains(hash));
    table.insert(hash);
    EXPECT_TRUE(table.contains(hash));
  }
  EXPECT_EQ(table.size(), 4U);
  EXPECT_FALSE(table.contains(std::uint64_t{1} << 63));
  EXPECT_FALSE(HashTable(0).contains(0));
}

TEST(Kind, HasANameAndIsFoundByIt) {
  for (const auto kind : {Kind::token, Kind::subject, Kind::user}) {
    EXPECT_EQ(find_kind(kind_name(kind)), kind);
  }
  EXPECT_FALSE(find_kind("sessions"));
  EXPECT_FALSE(find_kind(""));
}

}  // namespace
}  // namespace latchkey::revocation
