// SPDX-License-Identifier: Apache-2.0
//
// What is stored, and that it is there again.
#include "daemon/latchkeyd/io/state_store.h"

#include <sys/stat.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "daemon/latchkeyd/io/sqlite.h"
#include "tests/unit/latchkeyd/fakes.h"
#include "tests/unit/latchkeyd/state_store_host.h"

namespace latchkey::latchkeyd {
namespace {

using testing::TempDir;
namespace fs = std::filesystem;
using state_store_test::claims_of;
using state_store_test::login_of;
using state_store_test::revocation_of;
using state_store_test::Store;

const std::string kId1(32, '1');
const std::string kId2(32, '2');

TEST(StateStore, EmptyAtFirstAndReadableByItsOwnerOnly) {
  const TempDir folder;
  Store store(folder.path());
  ASSERT_TRUE(store.loaded) << store.loaded.error().detail;
  EXPECT_EQ(store.loaded->bindings.size(), 0U);
  EXPECT_TRUE(store.loaded->revocations.empty());
  ASSERT_TRUE(store.bind("alice", "s-1"));
  for (const auto& entry : fs::directory_iterator(folder.path())) {
    struct stat status {};
    ASSERT_EQ(::stat(entry.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0600U) << entry.path();
  }
}

TEST(StateStore, EverythingIsThereAfterTheNextStart) {
  const TempDir folder;
  auto subject = revocation_of(revocation::Kind::subject, "https://id.example.com", "s-9");
  subject.before = WallTime(std::chrono::milliseconds(1'700'000'000'456));
  {
    Store store(folder.path());
    ASSERT_TRUE(store.bind("alice", "s-1"));
    ASSERT_TRUE(store.revoke(subject));
    ASSERT_TRUE(store.revoke(revocation_of(revocation::Kind::user, "", "mallory")));
    store->put_login(std::make_shared<const Login>(login_of(kId1, "alice")));
    store->put_last_seen("alice", LastSeen{claims_of("s-1"), WallTime(std::chrono::seconds(5))});
    // No drain: an ordinary end writes what was queued.
  }
  Store store(folder.path());
  ASSERT_TRUE(store.loaded) << store.loaded.error().detail;
  ASSERT_NE(store.loaded->bindings.find("alice"), nullptr);
  EXPECT_EQ(store.loaded->bindings.find("alice")->subject, "s-1");
  ASSERT_EQ(store.loaded->revocations.size(), 2U);
  const auto& first = store.loaded->revocations.front();
  EXPECT_EQ(first.kind, revocation::Kind::subject);
  EXPECT_EQ(first.issuer, subject.issuer);
  EXPECT_EQ(first.value, "s-9");
  EXPECT_EQ(first.before, subject.before);
  EXPECT_EQ(first.created_at, subject.created_at);
  EXPECT_EQ(first.comment, subject.comment);
  ASSERT_EQ(store.loaded->logins.size(), 1U);
  EXPECT_EQ(store.loaded->logins[0].id, kId1);
  EXPECT_EQ(store.loaded->logins[0].service, "sshd");
  EXPECT_EQ(store.loaded->logins[0].user, "alice");
  EXPECT_EQ(store.loaded->logins[0].started_at, login_of(kId1, "alice").started_at);
  EXPECT_EQ(store.loaded->logins[0].claims, claims_of("s-1"));
  ASSERT_EQ(store.loaded->last_seen.size(), 1U);
  EXPECT_EQ(store.loaded->last_seen[0].first, "alice");
  EXPECT_EQ(store.loaded->last_seen[0].second.claims, claims_of("s-1"));
  EXPECT_EQ(store.loaded->last_seen[0].second.seen_at, WallTime(std::chrono::seconds(5)));
}

TEST(StateStore, SecondSubjectOfANameIsAConflictAndTheFirstOneStays) {
  const TempDir folder;
  {
    Store store(folder.path());
    ASSERT_TRUE(store.bind("alice", "s-1"));
    EXPECT_TRUE(store.bind("alice", "s-1"));
    const auto second = store.bind("alice", "s-2");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().reason, Reason::subject_conflict);
    EXPECT_FALSE(store->trouble());
  }
  Store store(folder.path());
  EXPECT_EQ(store.loaded->bindings.find("alice")->subject, "s-1");
}

TEST(StateStore, ConflictAmongManyQueuedBindingsRefusesOnlyTheLaterOne) {
  const TempDir folder;
  Store store(folder.path());
  std::vector<Expected<void>> results;
  const auto keep = [&](Expected<void> done) { results.push_back(std::move(done)); };
  for (const char* subject : {"s-1", "s-2", "s-1"})
    store->bind({"bob", "https://i", subject}, store.loop, keep);
  store->bind({"carol", "https://i", "s-2"}, store.loop, keep);
  store.loop.run_until([&] { return results.size() == 4; });
  EXPECT_TRUE(results[0]);
  EXPECT_FALSE(results[1]);
  EXPECT_TRUE(results[2]);
  EXPECT_TRUE(results[3]);
}

TEST(StateStore, RemovedBindingFreesTheName) {
  const TempDir folder;
  {
    Store store(folder.path());
    ASSERT_TRUE(store.bind("alice", "s-1"));
    EXPECT_EQ(store.unbind("alice").value(), true);
    EXPECT_EQ(store.unbind("alice").value(), false);
    EXPECT_TRUE(store.bind("alice", "s-2"));
  }
  Store store(folder.path());
  ASSERT_TRUE(store.loaded) << store.loaded.error().detail;
  EXPECT_EQ(store.loaded->bindings.find("alice")->subject, "s-2");
}

TEST(StateStore, RevocationIsRemovedByIdAndIdsAreNeverUsedAgain) {
  const TempDir folder;
  {
    Store store(folder.path());
    const auto first = store.revoke(revocation_of(revocation::Kind::user, "", "mallory"));
    ASSERT_TRUE(first);
    EXPECT_EQ(store.remove(*first).value(), true);
    EXPECT_EQ(store.remove(*first).value(), false);
    const auto second = store.revoke(revocation_of(revocation::Kind::user, "", "mallory"));
    ASSERT_TRUE(second);
    EXPECT_GT(*second, *first);
  }
  Store store(folder.path());
  ASSERT_TRUE(store.loaded) << store.loaded.error().detail;
  EXPECT_EQ(store.loaded->revocations.size(), 1U);
}

TEST(StateStore, SameRevocationTwiceIsOneEntry) {
  const TempDir folder;
  Store store(folder.path());
  const auto first = store.revoke(revocation_of(revocation::Kind::token, "https://i", "jti"));
  const auto other = store.revoke(revocation_of(revocation::Kind::token, "https://other", "jti"));
  const auto again = store.revoke(revocation_of(revocation::Kind::token, "https://i", "jti"));
  ASSERT_TRUE(first && other && again);
  EXPECT_EQ(*first, *again);
  EXPECT_NE(*first, *other);
}

TEST(StateStore, OfTwoEndsOfOneRevocationTheLaterOneHoldsAndNoneIsTheLatest) {
  const TempDir folder;
  auto revocation = revocation_of(revocation::Kind::session, "https://i", "sid");
  const auto end = WallTime(std::chrono::seconds(1'800'000'000));
  {
    Store store(folder.path());
    std::int64_t id = 0;
    for (const auto& [given, want] :
         std::vector<std::pair<std::optional<WallTime>, std::optional<WallTime>>>{
             {end, end},
             {end - std::chrono::hours(1), end},
             {end + std::chrono::hours(1), end + std::chrono::hours(1)},
             {std::nullopt, std::nullopt},
             {end, std::nullopt}}) {
      revocation.end = given;
      const auto again = store.revoke(revocation);
      ASSERT_TRUE(again);
      if (id == 0) id = *again;
      EXPECT_EQ(*again, id);
      EXPECT_EQ(store.list({.after = 0, .kind = {}, .most = 9}).at(0).end, want);
    }
  }
  Store store(folder.path());
  ASSERT_TRUE(store.loaded) << store.loaded.error().detail;
  EXPECT_EQ(store.loaded->revocations.at(0).end, std::nullopt);
}

TEST(StateStore, AStoreOfTheFirstSchemaKeepsWhatItHasAndLearnsTheNewKinds) {
  const TempDir folder;
  const auto user = revocation_of(revocation::Kind::user, "", "mallory");
  std::int64_t last = 0;
  {
    Store store(folder.path());
    ASSERT_TRUE(store.revoke(user));
    ASSERT_TRUE(store.revoke(revocation_of(revocation::Kind::token, "https://i", "jti")));
    last = store.revoke(revocation_of(revocation::Kind::token, "https://i", "gone")).value();
    ASSERT_TRUE(store.remove(last));
  }
  {
    auto connection = sqlite::Connection::open(std::string(folder.path()) + "/latchkey.sqlite");
    ASSERT_TRUE(connection && connection->execute(R"(
BEGIN IMMEDIATE;
CREATE TABLE first (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL CHECK (kind IN ('token', 'subject', 'user')),
  issuer TEXT NOT NULL CHECK ((issuer = '') = (kind = 'user')),
  value TEXT NOT NULL CHECK (value <> ''),
  before_ms INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL,
  comment TEXT NOT NULL
) STRICT;
INSERT INTO first SELECT id, kind, issuer, value, before_ms, created_at_ms, comment FROM revocation;
UPDATE sqlite_sequence SET seq = (SELECT seq FROM sqlite_sequence WHERE name = 'revocation') WHERE name = 'first';
DROP TABLE revocation;
ALTER TABLE first RENAME TO revocation;
CREATE UNIQUE INDEX revocation_once ON revocation (value, issuer, kind, before_ms);
PRAGMA user_version=1;
COMMIT;)"));
  }
  for (int i = 0; i < 2; ++i) {
    Store store(folder.path());
    ASSERT_TRUE(store.loaded) << store.loaded.error().detail;
    EXPECT_EQ(store.loaded->revocations.size(), i == 0 ? 2U : 3U);
    EXPECT_EQ(store.loaded->revocations[0].value, "mallory");
    auto session = revocation_of(revocation::Kind::session, "https://i", "sid");
    session.end = WallTime(std::chrono::seconds(1'900'000'000));
    EXPECT_GT(store.revoke(session).value(), last) << "no id is used again";
  }
}

TEST(StateStore, WhatHasEndedIsForgottenAndTheRestStays) {
  const TempDir folder;
  const auto end = WallTime(std::chrono::seconds(1'800'000'000));
  {
    Store store(folder.path());
    auto revocation = revocation_of(revocation::Kind::key, "", "kPrK");
    ASSERT_TRUE(store.revoke(revocation));
    revocation.kind = revocation::Kind::token_hash;
    revocation.end = end;
    ASSERT_TRUE(store.revoke(revocation));
    EXPECT_EQ(store.forget(end - std::chrono::milliseconds(1)).value(), 0);
    EXPECT_EQ(store.forget(end).value(), 1);
    EXPECT_EQ(store.forget(end).value(), 0);
  }
  Store store(folder.path());
  ASSERT_TRUE(store.loaded) << store.loaded.error().detail;
  ASSERT_EQ(store.loaded->revocations.size(), 1U);
  EXPECT_EQ(store.loaded->revocations[0].kind, revocation::Kind::key);
}

TEST(StateStore, RevocationsAreListedInPagesAndByKind) {
  const TempDir folder;
  Store store(folder.path());
  for (int i = 0; i < 5; ++i) {
    const std::string value = std::to_string(i);
    ASSERT_TRUE(store.revoke(revocation_of(revocation::Kind::user, "", value)));
    ASSERT_TRUE(store.revoke(revocation_of(revocation::Kind::token, "https://i", value)));
  }
  EXPECT_EQ(store.list({.after = 0, .kind = {}, .most = 3}).size(), 3U);
  EXPECT_EQ(store.list({.after = 8, .kind = {}, .most = 3}).size(), 2U);
  const auto users = store.list({.after = 2, .kind = revocation::Kind::user, .most = 3});
  ASSERT_EQ(users.size(), 3U);
  EXPECT_EQ(users[0].value, "1");
}

TEST(StateStore, RevocationThatTheSchemaForbidsIsRefusedAndLeavesTheStoreWell) {
  const TempDir folder;
  {
    Store store(folder.path());
    EXPECT_FALSE(store.revoke(revocation_of(revocation::Kind::user, "https://i", "alice")));
    EXPECT_FALSE(store.revoke(revocation_of(revocation::Kind::token, "", "jti")));
    EXPECT_FALSE(store.revoke(revocation_of(revocation::Kind::user, "", "")));
    EXPECT_TRUE(store.revoke(revocation_of(revocation::Kind::user, "", "mallory")));
    EXPECT_FALSE(store->trouble());
  }
  Store store(folder.path());
  ASSERT_TRUE(store.loaded) << store.loaded.error().detail;
  EXPECT_EQ(store.loaded->revocations.size(), 1U);
}

}  // namespace
}  // namespace latchkey::latchkeyd
