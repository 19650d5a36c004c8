// SPDX-License-Identifier: Apache-2.0
//
// Of the logins, and who was seen last: what is stored, and that it is there again.
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

using state_store_test::claims_of;
using state_store_test::login_of;
using state_store_test::Store;
using testing::TempDir;

const std::string kId1(32, '1');
const std::string kId2(32, '2');

TEST(StateStore, ClosedLoginIsGoneAndTheLastSightOfANameCounts) {
  const TempDir folder;
  {
    Store store(folder.path());
    store->put_login(std::make_shared<const Login>(login_of(kId1, "alice")));
    store->put_login(std::make_shared<const Login>(login_of(kId2, "alice")));
    store.drain();
    store->close_login(kId1, WallTime());
    store->close_login(std::string(32, '3'), WallTime());
    store->put_last_seen("alice", LastSeen{claims_of("s-1"), WallTime(std::chrono::seconds(5))});
    store->put_last_seen("alice", LastSeen{claims_of("s-2"), WallTime(std::chrono::seconds(6))});
  }
  Store store(folder.path());
  ASSERT_EQ(store.loaded->logins.size(), 1U);
  EXPECT_EQ(store.loaded->logins[0].id, kId2);
  ASSERT_EQ(store.loaded->last_seen.size(), 1U);
  EXPECT_EQ(store.loaded->last_seen[0].second.claims.subject, "s-2");
}

TEST(StateStore, SessionOfALoginComesBackWithIt) {
  const TempDir folder;
  Login login = login_of(kId1, "alice");
  login.rule = "operators";
  login.rhost = "192.0.2.7";
  {
    Store store(folder.path());
    store->put_login(std::make_shared<const Login>(login));
    store->put_login(std::make_shared<const Login>(login_of(kId2, "bob")));
    store.drain();
    login.place = LoginPlace{.pid = 4711,
                             .tty = "ssh",
                             .session = "c3",
                             .opened_at = WallTime(std::chrono::milliseconds(1'700'000'000'007))};
    store->put_login(std::make_shared<const Login>(login));
  }
  const Store store(folder.path());
  ASSERT_EQ(store.loaded->logins.size(), 2U);
  const bool first = store.loaded->logins[0].id == kId1;
  const Login& loaded = store.loaded->logins[first ? 0 : 1];
  EXPECT_EQ(loaded.rule, "operators");
  EXPECT_EQ(loaded.rhost, "192.0.2.7");
  ASSERT_TRUE(loaded.place);
  EXPECT_EQ(loaded.place->pid, 4711);
  EXPECT_EQ(loaded.place->tty, "ssh");
  EXPECT_EQ(loaded.place->session, "c3");
  EXPECT_EQ(loaded.place->opened_at, login.place->opened_at);
  EXPECT_FALSE(store.loaded->logins[first ? 1 : 0].place) << "it has opened none";
}

TEST(StateStore, LoginClosedBeforeItsSessionWasWrittenIsNotThere) {
  const TempDir folder;
  {
    Store store(folder.path());
    Login login = login_of(kId1, "alice");
    store->put_login(std::make_shared<const Login>(login));
    store.drain();
    login.place = LoginPlace{.pid = 1, .tty = {}, .session = {}};
    store->put_login(std::make_shared<const Login>(login));
    store->close_login(kId1, WallTime());
  }
  const Store store(folder.path());
  EXPECT_TRUE(store.loaded->logins.empty());
}

TEST(StateStore, LoginClosedBeforeItWasWrittenIsNotThere) {
  const TempDir folder;
  {
    Store store(folder.path());
    store->put_login(std::make_shared<const Login>(login_of(kId1, "alice")));
    store->close_login(kId1, WallTime());
  }
  Store store(folder.path());
  EXPECT_TRUE(store.loaded->logins.empty());
}

TEST(StateStore, LoginsOfAnotherBootAreGoneAndTheRestStays) {
  const TempDir folder;
  {
    Store store(folder.path(), {}, "boot-1");
    ASSERT_TRUE(store.bind("alice", "s-1"));
    store->put_login(std::make_shared<const Login>(login_of(kId1, "alice")));
    store->put_last_seen("alice", LastSeen{claims_of("s-1"), WallTime()});
  }
  {
    const Store store(folder.path(), {}, "boot-1");
    EXPECT_EQ(store.loaded->logins.size(), 1U);
  }
  {
    const Store store(folder.path(), {}, "boot-2");
    EXPECT_TRUE(store.loaded->logins.empty());
    EXPECT_EQ(store.loaded->bindings.size(), 1U);
    EXPECT_EQ(store.loaded->last_seen.size(), 1U);
  }
  const Store store(folder.path(), {}, "boot-2");
  EXPECT_TRUE(store.loaded->logins.empty());
}

TEST(StateStore, OneOfBeforeStatusListsAndRulesThatAskForClaimsIsTakenOn) {
  const TempDir folder;
  {
    Store store(folder.path());
    store->put_login(std::make_shared<const Login>(login_of(kId1, "alice")));
    store->put_last_seen("alice", LastSeen{claims_of("s-1"), WallTime(std::chrono::seconds(1))});
  }
  {
    auto connection = sqlite::Connection::open(folder / "latchkey.sqlite");
    ASSERT_TRUE(connection);
    for (const char* table : {"login", "last_seen"}) {
      for (const char* column : {"status_uri", "status_index", "conditions", "person"}) {
        const std::string sql = std::string("ALTER TABLE ") + table + " DROP COLUMN " + column;
        ASSERT_TRUE(connection->execute(sql.c_str()));
      }
    }
  }
  {
    Store store(folder.path());
    ASSERT_EQ(store.loaded->logins.size(), 1U);
    EXPECT_EQ(store.loaded->logins[0].claims.status_uri, "");
    EXPECT_TRUE(store.loaded->logins[0].claims.conditions.empty());
    ASSERT_EQ(store.loaded->last_seen.size(), 1U);
    store->put_login(std::make_shared<const Login>(login_of(kId2, "bob")));
  }
  const Store store(folder.path());
  ASSERT_EQ(store.loaded->logins.size(), 2U);
  const bool first = store.loaded->logins[0].id == kId2;
  EXPECT_EQ(store.loaded->logins[first ? 0 : 1].claims, claims_of("s-1"));
}

}  // namespace
}  // namespace latchkey::latchkeyd
