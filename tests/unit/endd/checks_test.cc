// SPDX-License-Identifier: Apache-2.0
#include "daemon/endd/checks.h"

#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/endd/world.h"

namespace latchkey::endd {
namespace {

using testing::FakeProcess;
using testing::kLogin;
using testing::World;

TEST(ChecksTest, LoginOfARegularUserIsFoundByItsNote) {
  const World world;
  world.ssh_session();
  const auto target = world.checks().examine(kLogin);
  ASSERT_TRUE(target) << target.error().why;
  EXPECT_EQ(target->service, "sshd");
  EXPECT_EQ(target->person, "alice");
  EXPECT_EQ(target->uid, 1000U);
  EXPECT_EQ(target->leader.pid, 500);
}

TEST(ChecksTest, PersonOfASudoIsWhoCalledIt) {
  const World world;
  world.put({.pid = 500, .comm = "sudo"});
  world.note(World::text("sudo", "root", "alice"));
  const auto target = world.checks().examine(kLogin);
  ASSERT_TRUE(target) << target.error().why;
  EXPECT_EQ(target->person, "alice");
}

struct Case {
  std::string name;
  std::function<void(World&)> change;  // of a whole ssh session
  Outcome want;
  std::string why = {};
};

TEST(ChecksTest, NothingElseIsEnded) {
  const std::vector<Case> cases{
      {"no note", [](World& w) { std::filesystem::remove(w.path()); }, Outcome::unknown},
      {"the service is not in the table", [](World& w) { w.note(World::text("cron", "alice")); },
       Outcome::refused, "sessions of that service are not ended"},
      {"the service's name only begins like one",
       [](World& w) { w.note(World::text("sshd2", "alice")); }, Outcome::refused},
      {"the process is no more", [](World& w) { w.end(500); }, Outcome::gone},
      {"another process has its pid by now",
       [](World& w) { w.put({.pid = 500, .parent = 400, .comm = "sshd", .start = 101}); },
       Outcome::gone},
      {"an older process has its pid",
       [](World& w) { w.put({.pid = 500, .parent = 400, .comm = "sshd", .start = 99}); },
       Outcome::gone},
      {"the process waits to be buried",
       [](World& w) { w.put({.pid = 500, .parent = 400, .comm = "sshd", .state = 'Z'}); },
       Outcome::gone},
      {"the process is a user's",
       [](World& w) { w.put({.pid = 500, .parent = 400, .comm = "sshd", .uid = 1000}); },
       Outcome::refused},
      {"the process is another program",
       [](World& w) { w.put({.pid = 500, .parent = 400, .comm = "systemd"}); }, Outcome::refused},
      {"the process is sudo's and the note sshd's",
       [](World& w) { w.put({.pid = 500, .parent = 400, .comm = "sudo"}); }, Outcome::refused},
      {"the person is nobody here", [](World& w) { w.users.erase("alice"); }, Outcome::refused},
      {"the person is root", [](World& w) { w.note(World::text("sshd", "root")); },
       Outcome::refused},
      {"the person is root by another name", [](World& w) { w.note(World::text("sshd", "toor")); },
       Outcome::refused},
      {"root called sudo",
       [](World& w) {
         w.put({.pid = 500, .comm = "sudo"});
         w.note(World::text("sudo", "alice", "root"));
       },
       Outcome::refused},
      {"the note is half a note",
       [](World& w) { w.note("latchkey-session 1\nservice=sshd\nuser=alice\n"); },
       Outcome::refused},
  };
  for (const Case& each : cases) {
    World world;
    world.ssh_session();
    each.change(world);
    const auto target = world.checks().examine(kLogin);
    ASSERT_FALSE(target) << each.name;
    EXPECT_EQ(target.error().outcome, each.want) << each.name << ": " << target.error().why;
    EXPECT_FALSE(target.error().why.empty()) << each.name;
    if (!each.why.empty()) {
      EXPECT_EQ(target.error().why, each.why) << each.name;
    }
  }
}

TEST(ChecksTest, NameOfAProcessMayHoldAnything) {
  const World world;
  world.ssh_session();
  world.put({.pid = 500, .parent = 400, .comm = "sshd) S 1 1 1 (", .start = 100});
  const auto target = world.checks().examine(kLogin);
  ASSERT_FALSE(target);
  EXPECT_EQ(target.error().outcome, Outcome::refused);
}

}  // namespace
}  // namespace latchkey::endd
