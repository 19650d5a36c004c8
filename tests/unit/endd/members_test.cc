// SPDX-License-Identifier: Apache-2.0
#include "daemon/endd/processes.h"

#include <unistd.h>

#include <algorithm>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/endd/world.h"

namespace latchkey::endd {
namespace {

using testing::FakeProcess;
using testing::World;

std::set<pid_t> members_of(const World& world, pid_t leader, pid_t self = 999) {
  const Processes processes(world.folder / "proc");
  std::set<pid_t> pids;
  for (const Process& process : members(processes.all(), processes.find(leader).value(), self))
    pids.insert(process.pid);
  return pids;
}

TEST(MembersTest, WhatDescendsFromTheHostProcessBelongsToTheSession) {
  const World world;
  world.ssh_session();
  world.put({.pid = 1, .parent = 0, .comm = "systemd"});
  world.put({.pid = 600, .parent = 400, .comm = "sshd"});  // another login
  world.put({.pid = 601, .parent = 600, .comm = "bash"});
  EXPECT_EQ(members_of(world, 500), (std::set<pid_t>{501, 502}));
}

TEST(MembersTest, WhatLostItsParentBelongsToItByThePosixSession) {
  const World world;
  world.ssh_session();
  world.put({.pid = 510, .parent = 1, .start = 110, .session = 502, .uid = 1000});
  world.put({.pid = 511, .parent = 1, .start = 111, .session = 700, .uid = 1000});
  EXPECT_EQ(members_of(world, 500), (std::set<pid_t>{501, 502, 510}));
}

TEST(MembersTest, HostProcessesOwnPosixSessionIsNotTheLogins) {
  const World world;
  world.ssh_session();
  // sshd started from a shell: the listener, this login's monitor and the shell share a session.
  world.put({.pid = 500, .parent = 400, .comm = "sshd", .session = 300});
  world.put({.pid = 300, .parent = 1, .start = 10, .session = 300});
  world.put({.pid = 310, .parent = 1, .start = 11, .session = 300});
  EXPECT_EQ(members_of(world, 500), (std::set<pid_t>{501, 502}));
}

TEST(MembersTest, AuditSessionThatTheLoginBeganBelongsToIt) {
  const World world;
  world.ssh_session();
  world.put({.pid = 500, .parent = 400, .comm = "sshd", .audit = 42});
  world.put({.pid = 520, .parent = 1, .session = 520, .uid = 1000, .audit = 42});
  world.put({.pid = 521, .parent = 1, .session = 521, .uid = 1001, .audit = 43});
  EXPECT_EQ(members_of(world, 500), (std::set<pid_t>{501, 502, 520}));
}

TEST(MembersTest, AuditSessionAroundASudoIsNotTheSudos) {
  const World world;
  world.put({.pid = 502, .parent = 501, .comm = "bash", .uid = 1000, .audit = 42});
  world.put({.pid = 530, .parent = 502, .comm = "sudo", .audit = 42});
  world.put({.pid = 531, .parent = 530, .comm = "sleep", .audit = 42});
  EXPECT_EQ(members_of(world, 530), (std::set<pid_t>{531}));
}

TEST(MembersTest, ProcessesOutsideOfAnyAuditSessionHaveNoneInCommon) {
  const World world;
  world.ssh_session();
  world.put({.pid = 540, .parent = 1, .session = 540});
  EXPECT_EQ(members_of(world, 500), (std::set<pid_t>{501, 502}));
}

TEST(MembersTest, HostProcessThatLeadsAPosixSessionHasWhatLostItsParentThere) {
  const World world;
  world.put({.pid = 400, .comm = "bash", .start = 50});
  world.put({.pid = 500, .parent = 400, .comm = "sudo", .session = 500});
  world.put({.pid = 550, .parent = 1, .start = 150, .session = 500});
  EXPECT_EQ(members_of(world, 500), (std::set<pid_t>{550}));
}

TEST(MembersTest, LoginOutsideOfAnyAuditSessionDoesNotTakeAllThatIs) {
  const World world;
  world.put({.pid = 400, .comm = "bash", .start = 50, .audit = 42});
  world.put({.pid = 500, .parent = 400, .comm = "sshd"});
  world.put({.pid = 540, .parent = 1, .session = 540});
  EXPECT_EQ(members_of(world, 500), (std::set<pid_t>{}));
}

TEST(MembersTest, NeitherTheFirstProcessNorOurselvesBelongToAnything) {
  const World world;
  world.ssh_session();
  world.put({.pid = 1, .parent = 500, .comm = "systemd"});
  world.put({.pid = 503, .parent = 500});
  EXPECT_EQ(members_of(world, 500, 503), (std::set<pid_t>{501, 502}));
}

TEST(MembersTest, RealProcessIsReadAsItIs) {
  const auto own = Processes().find(::getpid());
  ASSERT_TRUE(own);
  EXPECT_EQ(own->parent, ::getppid());
  EXPECT_EQ(own->session, ::getsid(0));
  EXPECT_EQ(own->uid, ::geteuid());
  EXPECT_TRUE(own->alive());
  EXPECT_GT(own->start, 0U);
  const auto all = Processes().all();
  EXPECT_TRUE(std::any_of(all.begin(), all.end(), [&](const Process& each) {
    return each.pid == own->pid && each.start == own->start;
  }));
}

}  // namespace
}  // namespace latchkey::endd
