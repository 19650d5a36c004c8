// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/login_book.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
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
  LoginBook book({.logins = 32});
  book.put(login("id1", "alice"));
  book.place("id1", "alice", {.pid = 1});
  for (int i = 0; i < 1'000; ++i) book.put(login("x" + std::to_string(i), std::to_string(i)));
  EXPECT_NE(book.find("id1", "alice"), nullptr);
  EXPECT_EQ(book.logins(), 32U);
}

// How the book spreads persons must not be what a person is refused for.
TEST(LoginBook, PersonsOfOneShardMayHaveAllThatThereIs) {
  constexpr std::size_t kMost = 1'024;
  LoginBook book({.logins = kMost, .logins_per_person = 256});
  std::vector<std::string> together;
  for (int i = 0; together.size() < 5; ++i) {
    const std::string name = "user" + std::to_string(i);
    if (std::hash<std::string_view>{}(name) % 16 == 7) together.push_back(name);
  }
  for (std::size_t i = 0; i < kMost - 1; ++i) {
    const std::string id = std::to_string(i);
    const std::string& person = together[i % 4];
    ASSERT_TRUE(book.put(login(id, person)).value().empty());
    ASSERT_NE(book.place(id, person, {.pid = 1}), nullptr);
  }
  EXPECT_TRUE(book.put(login("fifth", together[4])).has_value());
  book.place("fifth", together[4], {.pid = 1});
  EXPECT_EQ(book.logins(), kMost);
  EXPECT_EQ(book.put(login("one more", "anybody")), std::nullopt);
  EXPECT_EQ(book.put(login("one more", together[4])), std::nullopt);
  EXPECT_EQ(book.logins(), kMost);
  book.close("0", together[0]);
  EXPECT_TRUE(book.put(login("one more", "anybody")).has_value());
}

TEST(LoginBook, HasRoomForAsManyAsIsPromised) {
  LoginBook book;
  const auto name = [](std::size_t i) { return "user" + std::to_string(i % 64); };
  for (std::size_t i = 0; i < 16'384; ++i) {
    const std::string id = std::to_string(i);
    ASSERT_TRUE(book.put(login(id, name(i))).value().empty()) << i;
    book.place(id, name(i), {.pid = 1});
  }
  EXPECT_EQ(book.put(login("one more", name(0))), std::nullopt) << "256 a person";
  EXPECT_EQ(book.put(login("one more", "somebody new")), std::nullopt);
  EXPECT_EQ(book.all().size(), 16'384U);
  EXPECT_EQ(book.logins(), 16'384U);
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

TEST(LoginBook, AFullBookForgetsTheOldestOfAllAndSaysSo) {
  LoginBook book({.logins = 64});
  for (int i = 0; i < 1'000; ++i) {
    const std::string number = std::to_string(i);
    const auto forgotten = book.put(login("id" + number, "user" + number)).value();
    ASSERT_EQ(forgotten, i < 64 ? std::vector<std::string>()
                                : std::vector<std::string>{"id" + std::to_string(i - 64)});
    ASSERT_EQ(book.logins(), std::min<std::size_t>(64, static_cast<std::size_t>(i) + 1));
  }
  EXPECT_EQ(book.find("id0", "user0"), nullptr);
  EXPECT_NE(book.find("id999", "user999"), nullptr);
}

TEST(LoginBook, WhoHasAsManyAsMayBeGivesOneOfHisOwnAlsoWhereTheBookIsFull) {
  LoginBook book({.logins = 3, .logins_per_person = 2});
  book.put(login("bob1", "bob"));
  book.put(login("id1", "alice"));
  book.put(login("id2", "alice"));
  EXPECT_EQ(book.put(login("id3", "alice")).value(), std::vector<std::string>{"id1"});
  EXPECT_EQ(book.put(login("carol1", "carol")).value(), std::vector<std::string>{"bob1"});
  EXPECT_EQ(book.logins(), 3U);
}

TEST(LoginBook, WhoGivesHisOwnLoginsTakesNobodyElsesRoom) {
  LoginBook book({.logins = 3, .logins_per_person = 1});
  for (int i = 0; i < 10; ++i) book.put(login("id" + std::to_string(i), "alice"));
  EXPECT_TRUE(book.put(login("bob1", "bob")).value().empty());
  EXPECT_TRUE(book.put(login("carol1", "carol")).value().empty());
  EXPECT_EQ(book.logins(), 3U);
}

TEST(LoginBook, LoginThatWasLoadedWithItsSessionIsNotForgottenEither) {
  LoginBook book({.logins = 2});
  Login with = *login("id1", "alice", 1);
  with.place = LoginPlace{.pid = 1};
  book.load({with, *login("id2", "bob", 2)}, {});
  EXPECT_EQ(book.put(login("id3", "carol")).value(), std::vector<std::string>{"id2"});
  EXPECT_TRUE(book.close("id1", "alice"));
  EXPECT_TRUE(book.put(login("id4", "dave")).value().empty());
  EXPECT_EQ(book.logins(), 2U);
}

// A session that is noted once more stays where it is; what it was forgotten for would be lost.
TEST(LoginBook, SessionThatIsNotedTwiceIsOne) {
  LoginBook book({.logins = 2});
  book.put(login("id1", "alice"));
  book.place("id1", "alice", {.pid = 1});
  EXPECT_EQ(book.place("id1", "alice", {.pid = 2})->place->pid, 2);
  EXPECT_EQ(book.all().size(), 1U);
  EXPECT_TRUE(book.close("id1", "alice"));
  EXPECT_TRUE(book.all().empty());
}

TEST(LoginBook, CountsRightWhateverComesAtOnce) {
  constexpr std::size_t kMost = 10;  // of 12 that 4 persons may have
  LoginBook book({.logins = kMost, .logins_per_person = 3});
  std::atomic<std::size_t> kept{0};
  std::atomic<std::size_t> gone{0};
  const auto work = [&](int worker) {
    for (int i = 0; i < 5'000; ++i) {
      const std::string id = std::to_string(worker) + "-" + std::to_string(i);
      const std::string person = "user" + std::to_string((i / 3) % 4);
      if (const auto forgotten = book.put(login(id, person))) {
        kept += 1;
        gone += forgotten->size();
      }
      if (i % 9 == 0) book.place(id, person, {.pid = 1});
      if (i % 9 < 4 && book.close(id, person)) gone += 1;
    }
  };
  std::vector<std::thread> workers;
  for (int worker = 0; worker < 4; ++worker) workers.emplace_back(work, worker);
  for (std::thread& worker : workers) worker.join();
  EXPECT_LE(book.logins(), kMost);
  EXPECT_EQ(kept - gone, book.logins())
      << "each that was kept is there, or was said to be forgotten";
  EXPECT_EQ(book.all().size(), book.logins());
  std::map<std::string, int> of_each;
  for (const auto& each : book.all()) EXPECT_LE(++of_each[each->user], 3);
  // And there is as much room as before.
  for (const auto& each : book.all()) book.close(each->id, each->user);
  for (std::size_t i = 0; i < kMost; ++i)
    EXPECT_TRUE(book.put(login(std::to_string(i), std::to_string(i))).value().empty());
  EXPECT_EQ(book.put(login("one more", "somebody")).value().size(), 1U);
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
