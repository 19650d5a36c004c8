// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/login_book.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace latchkey::latchkeyd {
namespace {

WallTime at(int seconds) { return WallTime(std::chrono::seconds(seconds)); }

std::shared_ptr<const Login> login(std::string id, std::string person, int started = 0) {
  return std::make_shared<const Login>(Login{.id = std::move(id),
                                             .service = "sshd",
                                             .user = std::move(person),
                                             .started_at = at(started)});
}

LastSeen seen(int seconds, std::string subject = "s") {
  LastSeen seen;
  seen.claims.subject = std::move(subject);
  seen.seen_at = at(seconds);
  return seen;
}

std::vector<std::string> present(const LoginBook& book, std::string_view person,
                                 std::vector<std::string> ids) {
  std::erase_if(ids, [&](const std::string& id) { return book.find(id, person) == nullptr; });
  return ids;
}

TEST(LoginBook, GivesALoginForItsIdAndItsPersonOnly) {
  LoginBook book;
  EXPECT_TRUE(book.put(login("id1", "alice")).value().empty());
  struct Case {
    std::string_view name, id, person;
    bool want;
  };
  const Case cases[] = {
      {"found under its id and person", "id1", "alice", true},
      {"not found under another id", "id2", "alice", false},
      {"not found for another person", "id1", "bob", false},
      {"not found without an id", "", "alice", false},
      {"not found by a prefix of the id", "id", "alice", false},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    const auto found = book.find(test.id, test.person);
    ASSERT_EQ(found != nullptr, test.want);
    EXPECT_TRUE(found == nullptr || found->id == "id1");
  }
}

TEST(LoginBook, AClosedLoginIsGoneAndCanBeClosedOnce) {
  LoginBook book;
  book.put(login("id1", "alice"));
  book.put(login("id2", "alice"));
  EXPECT_FALSE(book.close("id1", "bob"));
  EXPECT_TRUE(book.close("id1", "alice"));
  EXPECT_FALSE(book.close("id1", "alice"));
  EXPECT_EQ(present(book, "alice", {"id1", "id2"}), std::vector<std::string>{"id2"});
  EXPECT_EQ(book.logins(), 1U);
}

TEST(LoginBook, LoginWithASessionIsForgottenForNoOther) {
  LoginBook book({.logins_per_person = 2});
  book.put(login("id1", "alice"));
  book.place("id1", "alice", {.pid = 1});
  book.put(login("id2", "alice"));
  EXPECT_EQ(book.put(login("id3", "alice")).value(), std::vector<std::string>{"id2"});
  book.place("id3", "alice", {.pid = 2});
  EXPECT_EQ(book.put(login("id4", "alice")), std::nullopt) << "both have a session";
  EXPECT_EQ(present(book, "alice", {"id1", "id2", "id3", "id4"}),
            (std::vector<std::string>{"id1", "id3"}));
  book.close("id1", "alice");
  EXPECT_TRUE(book.put(login("id5", "alice")).value().empty());
}

TEST(LoginBook, LoginsOfOthersWithASessionAreNotForgottenEither) {
  LoginBook book({.logins = 32});  // two a shard
  book.put(login("id1", "alice"));
  book.place("id1", "alice", {.pid = 1});
  for (int i = 0; i < 1'000; ++i) book.put(login("x" + std::to_string(i), std::to_string(i)));
  EXPECT_NE(book.find("id1", "alice"), nullptr);
  EXPECT_LE(book.logins(), 32U);
}

TEST(LoginBook, APersonBeyondItsLimitLosesItsOwnOldestLogin) {
  LoginBook book({.logins_per_person = 2});
  book.put(login("bob1", "bob"));
  book.put(login("id1", "alice"));
  book.put(login("id2", "alice"));
  EXPECT_EQ(book.put(login("id3", "alice")).value(), std::vector<std::string>{"id1"});
  EXPECT_EQ(present(book, "alice", {"id1", "id2", "id3"}),
            (std::vector<std::string>{"id2", "id3"}));
  EXPECT_EQ(present(book, "bob", {"bob1"}), std::vector<std::string>{"bob1"});
}

TEST(LoginBook, AFullBookForgetsTheOldestAndSaysSo) {
  LoginBook book({.logins = 64});  // 4 a shard
  std::vector<std::string> forgotten;
  for (int i = 0; i < 1'000; ++i) {
    auto ids = book.put(login("id" + std::to_string(i), "user" + std::to_string(i))).value();
    for (std::string& id : ids) forgotten.push_back(std::move(id));
  }
  EXPECT_LE(book.logins(), 64U);
  EXPECT_EQ(forgotten.size() + book.logins(), 1'000U);
  EXPECT_EQ(book.find("id0", "user0"), nullptr);
  EXPECT_NE(book.find("id999", "user999"), nullptr);
}

TEST(LoginBook, KeepsTheLastOfTwoSightings) {
  LoginBook book;
  EXPECT_EQ(book.last_seen("alice"), nullptr);
  book.saw("alice", seen(10, "first"));
  book.saw("alice", seen(20, "second"));
  ASSERT_NE(book.last_seen("alice"), nullptr);
  EXPECT_EQ(book.last_seen("alice")->claims.subject, "second");
  EXPECT_EQ(book.names(), 1U);
  EXPECT_EQ(book.last_seen("bob"), nullptr);
}

TEST(LoginBook, AFullBookForgetsTheNameSeenLongestAgo) {
  LoginBook book({.names = 64});
  for (int i = 0; i < 1'000; ++i) {
    book.saw("user" + std::to_string(i), seen(i));
    book.saw("always", seen(i));
  }
  EXPECT_LE(book.names(), 64U);
  EXPECT_EQ(book.last_seen("user0"), nullptr);
  EXPECT_NE(book.last_seen("user999"), nullptr);
  EXPECT_NE(book.last_seen("always"), nullptr);
}

// Else the claims of a sign-in under a clock that was ahead would stand for hours over newer ones.
TEST(LoginBook, TheLastSightingCountsAlsoWhereTheClockWentBack) {
  LoginBook book;
  book.saw("alice", seen(7'200, "before"));
  book.saw("alice", seen(10, "after"));
  ASSERT_NE(book.last_seen("alice"), nullptr);
  EXPECT_EQ(book.last_seen("alice")->claims.subject, "after");
  EXPECT_EQ(book.last_seen("alice")->seen_at, at(10));
}

TEST(LoginBook, ALoginAndASightingOfOnePersonEndApart) {
  LoginBook book({.names = 16});  // 1 a shard
  book.put(login("id1", "alice"));
  book.saw("alice", seen(1));
  for (int i = 0; i < 100; ++i) book.saw("user" + std::to_string(i), seen(2 + i));
  EXPECT_EQ(book.last_seen("alice"), nullptr);
  EXPECT_NE(book.find("id1", "alice"), nullptr);
  EXPECT_TRUE(book.close("id1", "alice"));
}

TEST(LoginBook, LoadsWhatWasStored) {
  LoginBook book;
  std::vector<Login> logins{*login("id1", "alice", 1), *login("id2", "bob", 2)};
  book.load(std::move(logins), {{"alice", seen(30)}, {"carol", seen(10)}});
  EXPECT_NE(book.find("id1", "alice"), nullptr);
  EXPECT_NE(book.find("id2", "bob"), nullptr);
  ASSERT_NE(book.last_seen("carol"), nullptr);
  EXPECT_EQ(book.last_seen("carol")->seen_at, at(10));
}

TEST(LoginBook, WhatWasFoundOutlivesItsClosing) {
  LoginBook book;
  book.put(login("id1", "alice"));
  const auto found = book.find("id1", "alice");
  book.close("id1", "alice");
  EXPECT_EQ(found->user, "alice");
}

}  // namespace
}  // namespace latchkey::latchkeyd
