// SPDX-License-Identifier: Apache-2.0
#include "core/claims/validated_claims.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/base/limits.h"

namespace latchkey::claims {
namespace {

ClaimsRecord full() {
  return {
      .issuer = "https://id.example.com",
      .subject = "u-1",
      .token_id = "t-1",
      .token_digest = "digest",
      .key_id = "key",
      .users = {"alice", "al"},
      .groups = {"dev", "", std::string("s\0e", 3), std::string(limits::kClaimStringBytes, 'g')},
      .client = "cli",
      .session = "s-1",
      .acr = "mfa",
      .amr = {"pwd"},
      .status_uri = "https://status.example.com/1",
      .conditions = {"+1", "-2"},
      .person = "oid=o",
      .auth_time = WallTime(std::chrono::seconds(1)),
      .issued_at = WallTime(std::chrono::seconds(2)),
      .not_before = WallTime(std::chrono::seconds(3)),
      .expires_at = WallTime(std::chrono::seconds(4))};
}

TEST(ValidatedClaims, GiveBackEachClaimAsItWas) {
  EXPECT_EQ(ValidatedClaims::recall(full()).record(), full());
  EXPECT_EQ(ValidatedClaims::recall(ClaimsRecord{}).record(), ClaimsRecord{});
}

TEST(ValidatedClaims, AreReadAsTheRecordIs) {
  const auto claims = ValidatedClaims::recall(full());
  EXPECT_EQ(claims->issuer, "https://id.example.com");
  EXPECT_EQ(claims->users, (std::vector<std::string>{"alice", "al"}));
  EXPECT_EQ(claims->groups, full().groups);
  EXPECT_EQ(claims->groups.size(), 4U);
  EXPECT_EQ(claims->users.front(), "alice");
  EXPECT_EQ(claims->acr, "mfa");
  EXPECT_EQ(claims->not_before, full().not_before);
}

TEST(ValidatedClaims, DifferWhereOneValueDoes) {
  const auto claims = ValidatedClaims::recall(full());
  const auto differs = [&](const auto& change) {
    ClaimsRecord record = full();
    change(record);
    return !(*ValidatedClaims::recall(record) == *claims);
  };
  EXPECT_FALSE(differs([](ClaimsRecord&) {}));
  EXPECT_TRUE(differs([](ClaimsRecord& r) { r.acr = "mfb"; }));
  EXPECT_TRUE(differs([](ClaimsRecord& r) { r.users = {"al", "alice"}; }));
  EXPECT_TRUE(differs([](ClaimsRecord& r) { r.users = {"alice"}; }));
  EXPECT_TRUE(differs([](ClaimsRecord& r) { r.users.emplace_back(""); }));
  EXPECT_TRUE(differs([](ClaimsRecord& r) { r.amr = {"pw", "d"}; }));
  EXPECT_TRUE(differs([](ClaimsRecord& r) { r.auth_time.reset(); }));
}

// Nobody's memory is borrowed: neither the record's nor the first owner's.
TEST(ValidatedClaims, OwnTheirTexts) {
  std::optional<ValidatedClaims> first;
  {
    const ClaimsRecord record = full();
    first = ValidatedClaims::recall(record);
  }
  const ValidatedClaims copy(*first);
  ValidatedClaims moved(*std::exchange(first, std::nullopt));
  EXPECT_EQ(moved.record(), full());
  moved = ValidatedClaims::recall(ClaimsRecord{});
  EXPECT_EQ(copy.record(), full());
}

TEST(Pack, TakesAsManyBytesAsItSaysAndGivesThemBack) {
  const auto claims = ValidatedClaims::recall(full());
  const std::size_t size = packed_size(*claims);
  std::vector<char> place(size + 1, '#');
  const PackedClaims packed = pack(*claims, place.data());
  EXPECT_EQ(place.back(), '#');
  const Claims unpacked = unpack(packed, place.data());
  EXPECT_EQ(unpacked, *claims);
  EXPECT_EQ(unpacked.person.data() + unpacked.person.size(), place.data() + size);

  const std::vector<char> elsewhere = place;
  place.assign(place.size(), '#');
  EXPECT_EQ(unpack(packed, elsewhere.data()), *claims) << "wherever the texts lie";
}

}  // namespace
}  // namespace latchkey::claims
