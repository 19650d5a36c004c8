// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/revocation_book.h"

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tests/unit/latchkeyd/fakes.h"

namespace latchkey::latchkeyd {
namespace {

using namespace std::chrono_literals;
using revocation::Kind;
using revocation::Revocation;
using testing::TestLoop;

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

TEST(RevocationBook, HoldsManyThatCameOneByOne) {
  RevocationBook book{std::vector<Revocation>{}};
  for (int i = 1; i <= 4'200; ++i) add(book, token(i, "t" + std::to_string(i)));
  EXPECT_EQ(found(book), Reason::revoked_token);
  EXPECT_EQ(book.set()->size(), 4'200U);
  for (int i = 1; i <= 200; ++i) book.remove(i);
  EXPECT_EQ(found(book), std::nullopt);
  EXPECT_EQ(book.set()->size(), 4'000U);
}

TEST(RevocationBook, LetsGoOfWhatHasEndedAndTakesItUpAgainWhereTheClockWasSetBack) {
  auto ended = token(1);
  ended.end = kNow;
  auto later = token(3, "t3");
  later.end = kNow + 2h;
  RevocationBook book(std::vector<Revocation>{ended, token(2, "t2"), later});
  EXPECT_FALSE(book.settle(kNow - 1h));
  EXPECT_EQ(found(book), Reason::revoked_token);
  EXPECT_TRUE(book.settle(kNow));
  EXPECT_EQ(found(book), std::nullopt);
  EXPECT_EQ(book.set()->size(), 2U);
  EXPECT_FALSE(book.settle(kNow + 1h)) << "nothing more has ended";
  EXPECT_TRUE(book.settle(kNow - 1h));
  EXPECT_EQ(found(book), Reason::revoked_token);
  EXPECT_EQ(book.set()->size(), 3U);
  EXPECT_TRUE(book.settle(kNow + 3h));
  book.forget(kNow + 1h);
  EXPECT_EQ(book.size(), 2U);
  EXPECT_TRUE(book.settle(kNow - 2h));
  EXPECT_EQ(found(book), std::nullopt) << "it is forgotten";
  EXPECT_EQ(book.set()->size(), 2U);
}

TEST(RevocationBook, WhatAnotherOneNamesStaysThoughOneOfThemHasEnded) {
  auto ended = token(1);
  ended.end = kNow;
  auto longer = token(2);
  longer.end = kNow + 1h;
  RevocationBook book(std::vector<Revocation>{ended, longer});
  EXPECT_TRUE(book.settle(kNow));
  EXPECT_EQ(found(book), Reason::revoked_token);
  EXPECT_TRUE(book.settle(kNow + 1h));
  EXPECT_EQ(found(book), std::nullopt);
}

// More than is kept as a change on top: the new base is made elsewhere, and what is changed
// meanwhile stays so.
TEST(RevocationBook, GetsANewBaseBesideTheChangesThatGoOn) {
  TestLoop builder;
  TestLoop control;
  RevocationBook book{std::vector<Revocation>{}};
  std::size_t published = 0;
  const auto consider = [&] {
    book.merge_in(builder, control, [&](const std::function<void()>& done) {
      ++published;
      done();
    });
  };
  for (int i = 1; i <= 4'200; ++i) add(book, token(i, "t" + std::to_string(i)));
  EXPECT_EQ(book.source()->base_size(), 0U);
  consider();
  consider();  // once is enough
  EXPECT_EQ(book.source()->base_size(), 0U) << "not on this thread";
  EXPECT_EQ(builder.run_ready(), 1U);
  book.remove(1);
  book.remove(2);
  add(book, token(5'000, "t2"));
  add(book, token(5'001, "t5001"));
  EXPECT_EQ(found(book), std::nullopt);
  control.run_ready();
  EXPECT_EQ(published, 1U);
  EXPECT_EQ(book.source()->base_size(), 4'200U);
  EXPECT_LE(book.source()->delta_size(), 4U);
  EXPECT_EQ(book.set()->size(), 4'200U);
  EXPECT_EQ(found(book), std::nullopt) << "t1 was taken back";
  add(book, token(5'002));
  EXPECT_EQ(found(book), Reason::revoked_token);
}

TEST(RevocationBook, WhatHadEndedWhenItCameRevokesNothing) {
  RevocationBook book{std::vector<Revocation>{}};
  book.settle(kNow);
  auto late = token(1);
  late.end = kNow;
  add(book, late);
  EXPECT_EQ(found(book), std::nullopt);
  EXPECT_TRUE(book.settle(kNow - 1h)) << "the clock was ahead";
  EXPECT_EQ(found(book), Reason::revoked_token);
}

TEST(RevocationBook, WhatIsForgottenWhileTheClockIsSetBackRevokesNoMore) {
  auto ended = token(1);
  ended.end = kNow;
  auto other = token(2);
  other.end = kNow + 2h;
  RevocationBook book(std::vector<Revocation>{ended, token(3, "t3")});
  book.settle(kNow);
  book.settle(kNow - 1h);
  EXPECT_EQ(found(book), Reason::revoked_token);
  book.forget(kNow);  // as was asked for before the clock was set
  EXPECT_EQ(found(book), std::nullopt);
  add(book, ended);
  add(book, other);
  book.forget(kNow);
  EXPECT_EQ(found(book), Reason::revoked_token) << "another one names it";
}

TEST(RevocationBook, WhatIsMadeForABookThatIsGoneIsNobodys) {
  TestLoop builder;
  TestLoop control;
  {
    RevocationBook book{std::vector<Revocation>{}};
    for (int i = 1; i <= 4'200; ++i) add(book, token(i, "t" + std::to_string(i)));
    book.merge_in(builder, control, [](const std::function<void()>&) { FAIL(); });
  }
  builder.run_ready();
  control.run_ready();
}

}  // namespace
}  // namespace latchkey::latchkeyd
