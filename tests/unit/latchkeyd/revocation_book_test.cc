// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/revocation_book.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace latchkey::latchkeyd {
namespace {

using namespace std::chrono_literals;
using revocation::Kind;
using revocation::Revocation;

constexpr WallTime kNow{1'700'000'000s};
const std::string kIssuer = "https://id.example.com";

Revocation token(std::int64_t id, std::string value = "t1") {
  return {.id = id, .kind = Kind::token, .issuer = kIssuer, .value = std::move(value)};
}
Revocation subject(std::int64_t id, WallTime before) {
  return {.id = id, .kind = Kind::subject, .issuer = kIssuer, .value = "s1", .before = before};
}

void add(RevocationBook& book, const Revocation& revocation) { book.add({&revocation, 1}); }

std::optional<Reason> found(const RevocationBook& book) {
  claims::ClaimsRecord record;
  record.issuer = kIssuer;
  record.subject = "s1";
  record.token_id = "t1";
  record.issued_at = kNow;
  return book.set()->find(*claims::ValidatedClaims::recall(record));
}

TEST(RevocationBook, RevokesWhatWasStoredAndWhatCameSince) {
  RevocationBook book(std::vector<Revocation>{token(1, "t0"), subject(2, kNow - 1h)});
  EXPECT_EQ(found(book), std::nullopt);
  const auto before = book.set();
  add(book, token(3));
  EXPECT_EQ(found(book), Reason::revoked_token);
  EXPECT_EQ(before->size(), 2U) << "a set does not change";
  EXPECT_EQ(book.set()->size(), 3U);
  book.remove(3);
  EXPECT_EQ(found(book), std::nullopt);
  EXPECT_EQ(book.size(), 2U);
}

TEST(RevocationBook, KeepsRevokedWhatAnotherOfItsRevocationsNames) {
  RevocationBook book(std::vector<Revocation>{token(1), token(2)});
  add(book, token(3));
  for (const std::int64_t id : {2, 3}) {
    book.remove(id);
    EXPECT_EQ(found(book), Reason::revoked_token) << id;
  }
  book.remove(1);
  EXPECT_EQ(found(book), std::nullopt);
}

TEST(RevocationBook, GoesBackToTheMomentThatAnotherRevocationNames) {
  RevocationBook book(std::vector<Revocation>{subject(1, kNow - 1h), subject(2, kNow + 1h)});
  EXPECT_EQ(found(book), Reason::revoked_subject);
  book.remove(2);
  EXPECT_EQ(found(book), std::nullopt);
  add(book, subject(3, kNow + 1h));
  book.remove(1);
  EXPECT_EQ(found(book), Reason::revoked_subject);
}

TEST(RevocationBook, TellsKindsAndIssuersApartWhenItRemoves) {
  RevocationBook book(std::vector<Revocation>{token(1)});
  add(book, {.id = 2, .kind = Kind::user, .value = "t1"});
  add(book, {.id = 3, .kind = Kind::token, .issuer = "https://other", .value = "t1"});
  book.remove(1);
  EXPECT_EQ(found(book), std::nullopt);
  EXPECT_TRUE(book.set()->user_revoked("t1"));
  EXPECT_EQ(book.set()->size(), 2U);
}

TEST(RevocationBook, ChangesNothingForAnIdThatItHasOrHasNot) {
  RevocationBook book(std::vector<Revocation>{token(1)});
  add(book, subject(1, kNow + 1h));
  EXPECT_EQ(book.size(), 1U);
  book.remove(1);
  book.remove(1);
  book.remove(7);
  EXPECT_EQ(found(book), std::nullopt);
  EXPECT_EQ(book.set()->size(), 0U);
}

TEST(RevocationBook, PassesOverWhatNamesNothing) {
  RevocationBook book(std::vector<Revocation>{token(1, "")});
  add(book, token(2, ""));
  EXPECT_EQ(book.set()->size(), 0U);
  book.remove(2);
  book.remove(1);
  EXPECT_EQ(book.size(), 0U);
}

// More than is kept as a change on top, so that it is merged on the way.
TEST(RevocationBook, HoldsManyThatCameOneByOne) {
  RevocationBook book{std::vector<Revocation>{}};
  for (int i = 1; i <= 4'200; ++i) add(book, token(i, "t" + std::to_string(i)));
  EXPECT_EQ(found(book), Reason::revoked_token);
  EXPECT_EQ(book.set()->size(), 4'200U);
  for (int i = 1; i <= 200; ++i) book.remove(i);
  EXPECT_EQ(found(book), std::nullopt);
  EXPECT_EQ(book.set()->size(), 4'000U);
}

}  // namespace
}  // namespace latchkey::latchkeyd
