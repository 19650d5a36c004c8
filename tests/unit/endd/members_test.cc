// SPDX-License-Identifier: Apache-2.0
#include "daemon/endd/members.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "daemon/endd/user_processes.h"
#include "tests/unit/endd/world.h"

namespace latchkey::endd {
namespace {

using testing::World;

std::set<pid_t> members_of(const World& world, pid_t leader, pid_t self = 999) {
  const Processes processes = world.processes();
  Members members(processes.find(leader).value(), 1000, self);
  std::set<pid_t> pids;
  for (const Process& process : members.look(Census(processes.all()))) pids.insert(process.pid);
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

TEST(MembersTest, WhatLostItsParentBelongsToItByAPosixSessionWithoutALeaderToo) {
  const World world;
  world.ssh_session();
  world.put({.pid = 503, .parent = 502, .start = 103, .session = 700, .uid = 1000});
  world.put({.pid = 511, .parent = 1, .start = 111, .session = 700, .uid = 1000});
  world.put({.pid = 512, .parent = 511, .start = 112, .session = 512, .uid = 1000});
  world.put({.pid = 513, .parent = 1, .start = 113, .session = 512, .uid = 1000});
  EXPECT_EQ(members_of(world, 500), (std::set<pid_t>{501, 502, 503, 511, 512, 513}));
}

TEST(MembersTest, HostProcessesOwnPosixSessionIsNotTheLogins) {
  const World world;
  world.ssh_session();
  // sshd started from a shell: the listener, this login's monitor and the shell share a session.
  world.put({.pid = 500, .parent = 400, .comm = "sshd", .session = 300});
  world.put({.pid = 300, .parent = 1, .start = 10, .session = 300});
  world.put({.pid = 310, .parent = 1, .start = 11, .session = 300});
  world.put({.pid = 501, .parent = 500, .comm = "sshd", .start = 101, .session = 300});
  EXPECT_EQ(members_of(world, 500), (std::set<pid_t>{501, 502}));
}

TEST(MembersTest, AuditSessionThatTheLoginBeganBelongsToIt) {
  const World world;
  world.ssh_session();
  world.put({.pid = 500, .parent = 400, .comm = "sshd", .audit = 42});
  world.put({.pid = 520, .parent = 1, .session = 520, .uid = 1000, .audit = 42});
  world.put({.pid = 521, .parent = 1, .session = 521, .uid = 1000, .audit = 43});
  world.put({.pid = 522, .parent = 1, .session = 520, .uid = 0, .audit = 42});
  EXPECT_EQ(members_of(world, 500), (std::set<pid_t>{501, 502, 520, 522}));
}

TEST(MembersTest, WhatGetsAnAuditSessionOfItsOwnWhileItIsWatchedStays) {
  const World world;
  world.ssh_session();
  world.put({.pid = 500, .parent = 400, .comm = "sshd", .audit = 42});
  const Processes processes = world.processes();
  Members members(processes.find(500).value(), 1000, 999);
  members.look(Census(processes.all()));
  world.put({.pid = 502, .parent = 501, .start = 102, .session = 502, .uid = 1000, .audit = 43});
  EXPECT_EQ(members.look(Census(processes.all())).size(), 2U);
}

// A service that was restarted from within a login keeps its audit session for good, and so do its
// workers; other people's logins go through it.
TEST(MembersTest, ServiceThatWasRestartedFromWithinTheLoginIsNoPartOfIt) {
  const World world;
  world.ssh_session();
  world.put({.pid = 1, .parent = 0, .comm = "init"});
  world.put({.pid = 500, .parent = 400, .comm = "sshd", .audit = 42});
  world.put({.pid = 800, .comm = "sshd", .start = 300, .session = 800, .audit = 42});
  world.put({.pid = 801, .parent = 800, .comm = "worker", .session = 800, .uid = 33, .audit = 42});
  world.put({.pid = 810, .parent = 800, .comm = "sshd", .session = 810, .audit = 43});
  world.put({.pid = 811, .parent = 810, .session = 811, .uid = 1001, .audit = 43});
  world.put({.pid = 820, .parent = 800, .comm = "sshd", .session = 820, .audit = 44});
  world.put({.pid = 821, .parent = 820, .session = 821, .uid = 1000, .audit = 44});
  EXPECT_EQ(members_of(world, 500), (std::set<pid_t>{501, 502}));
}

// A worker of such a service may be the person's own.
TEST(MembersTest, ServiceWithAWorkerOfThePersonIsNoPartOfItEither) {
  const World world;
  world.ssh_session();
  world.put({.pid = 500, .parent = 400, .comm = "sshd", .audit = 42});
  world.put({.pid = 800, .comm = "fpm", .start = 300, .session = 800, .audit = 42});
  world.put({.pid = 801, .parent = 800, .comm = "fpm", .session = 800, .uid = 1000, .audit = 42});
  world.put({.pid = 802, .parent = 801, .comm = "sh", .session = 800, .uid = 1000, .audit = 42});
  const Processes processes = world.processes();
  Members members(processes.find(500).value(), 1000, 999);
  for (int look = 0; look < 3; ++look) {
    std::set<pid_t> pids;
    for (const Process& process : members.look(Census(processes.all()))) pids.insert(process.pid);
    EXPECT_EQ(pids, (std::set<pid_t>{501, 502, 801, 802})) << look;
  }
}

TEST(MembersTest, WhatIsFoundByItsAuditSessionFirstIsARelativeAllTheSame) {
  const World world;
  world.ssh_session();
  world.put({.pid = 500, .parent = 400, .comm = "sshd", .audit = 42});
  // By rising pid: its parent is found last.
  world.put({.pid = 450, .parent = 501, .session = 700, .uid = 1000, .audit = 42});
  world.put({.pid = 451, .parent = 1, .session = 700});
  EXPECT_EQ(members_of(world, 500), (std::set<pid_t>{450, 451, 501, 502}));
}

TEST(MembersTest, ServiceInTheForegroundOfTheLoginHasItsOwnLoginsNotTheLogins) {
  const World world;
  world.ssh_session();
  world.put({.pid = 500, .parent = 400, .comm = "sshd", .audit = 42});
  world.put({.pid = 800, .parent = 502, .comm = "sshd", .session = 502, .audit = 42});
  world.put({.pid = 810, .parent = 800, .comm = "sshd", .session = 502, .audit = 43});
  world.put({.pid = 811, .parent = 810, .session = 811, .uid = 1001, .audit = 43});
  EXPECT_EQ(members_of(world, 500), (std::set<pid_t>{501, 502, 800}));
}

TEST(MembersTest, SessionIsKnownAfterItsHostProcessAndItsLeaderHaveGone) {
  const World world;
  world.ssh_session();
  const Processes processes = world.processes();
  Members members(processes.find(500).value(), 1000, 999);
  EXPECT_EQ(members.look(Census(processes.all())).size(), 2U);
  for (const pid_t pid : {500, 501, 502}) world.end(pid);
  world.put({.pid = 510, .parent = 1, .start = 900, .session = 502, .uid = 1000});
  world.put({.pid = 514, .parent = 510, .start = 901, .session = 720, .uid = 1000});
  world.put({.pid = 515, .parent = 1, .start = 902, .session = 720, .uid = 1000});
  EXPECT_EQ(members.look(Census(processes.all())).size(), 3U);
  for (const pid_t pid : {510, 514, 515}) world.end(pid);
  EXPECT_EQ(members.look(Census(processes.all())).size(), 0U);
  world.put({.pid = 511, .parent = 1, .start = 901, .session = 502, .uid = 1001});
  EXPECT_EQ(members.look(Census(processes.all())).size(), 0U)
      << "nobody was left to keep the number";
}

TEST(MembersTest, SessionWhoseNumberIsAnothersByNowIsNotTheLogins) {
  const World world;
  world.ssh_session();
  const Processes processes = world.processes();
  Members members(processes.find(500).value(), 1000, 999);
  members.look(Census(processes.all()));
  for (const pid_t pid : {500, 501}) world.end(pid);
  world.put({.pid = 502, .parent = 1, .start = 900, .session = 502, .uid = 1001});
  world.put({.pid = 512, .parent = 502, .start = 901, .session = 502, .uid = 1001});
  EXPECT_EQ(members.look(Census(processes.all())).size(), 0U);
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

TEST(MembersTest, NobodyIsGoneForWantOfDescriptors) {
  const auto own = Processes().find(::getpid());
  ASSERT_TRUE(own);
  const Census census(Processes().all());
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{.rlim_cur = 3, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto found = Processes().find(own->pid);
  const auto login = Processes().login_uid(own->pid);
  const bool others = Processes().all().empty() && Processes().family(*own).empty();
  const bool taken_in = UserProcesses(own->real_uid, true, 1).take_in(census, Processes());
  EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error(), Missing::passing);
  EXPECT_FALSE(login);
  EXPECT_TRUE(others);
  EXPECT_FALSE(taken_in);
}

// Each makes the next and goes: nobody who looks sees one of them twice.
void* relay(void* /*nothing*/) {
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_t next{};
  while (::pthread_create(&next, &attributes, relay, nullptr) != 0) {
  }
  return nullptr;
}

TEST(MembersTest, RealProcessOfThreadsThatComeAndGoLivesInEachLook) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    relay(nullptr);
    ::syscall(SYS_exit, 0);
  }
  auto found = Processes().find(child);
  while (found && found->state != 'Z') found = Processes().find(child);
  for (int i = 0; i < 300; ++i) {
    found = Processes().find(child);
    ASSERT_TRUE(found);
    EXPECT_TRUE(found->alive()) << i;
  }
  ::kill(child, SIGKILL);
  EXPECT_EQ(::waitpid(child, nullptr, 0), child);
}

TEST(MembersTest, ALookThatFailedIsNone) {
  const World world;
  world.ssh_session();
  Members members(*world.processes().find(500), 1000, 999);
  EXPECT_TRUE(members.look(Census({})).empty());
  EXPECT_EQ(members.look(Census(world.processes().all())).size(), 2U);
}

TEST(MembersTest, RealProcessLivesWithoutItsFirstThread) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::close(pipe[1]);
    std::thread([&] {
      char nothing = 0;
      static_cast<void>(::read(pipe[0], &nothing, 1));
      ::_exit(0);
    }).detach();
    ::syscall(SYS_exit, 0);
  }
  ::close(pipe[0]);
  const auto zombie = [&] {
    auto found = Processes().find(child);
    while (found && found->state != 'Z') {
      std::this_thread::yield();
      found = Processes().find(child);
    }
    return found.value_or(Process());
  };
  EXPECT_TRUE(zombie().alive());
  ::close(pipe[1]);
  siginfo_t ended{};
  EXPECT_EQ(::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT), 0);
  EXPECT_FALSE(zombie().alive());
  EXPECT_EQ(::waitpid(child, nullptr, 0), child);
}

}  // namespace
}  // namespace latchkey::endd
