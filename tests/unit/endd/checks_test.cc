// SPDX-License-Identifier: Apache-2.0
#include "daemon/endd/checks.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <latch>
#include <limits>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/endd/world.h"

namespace latchkey::endd {
namespace {

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
  // Called in a session of bob's, with a command that runs as a third: neither is asked.
  world.put({.pid = 400, .comm = "bash", .uid = 1001, .audit = 42, .login_uid = 1001});
  world.put({.pid = 500,
             .parent = 400,
             .comm = "sudo",
             .audit = 42,
             .login_uid = 1001,
             .real_uid = 1000});
  world.put({.pid = 501, .parent = 500, .comm = "sudo", .uid = 1002});
  world.note(World::text("sudo", "carol", "alice"));
  const auto target = world.checks().examine(kLogin);
  ASSERT_TRUE(target) << target.error().why;
  EXPECT_EQ(target->person, "alice");
  EXPECT_EQ(target->uid, 1000U);
}

TEST(ChecksTest, SudoIsItsCallersToName) {
  const World world;
  world.put({.pid = 400, .comm = "bash", .uid = 1000, .audit = 42, .login_uid = 1000});
  world.put({.pid = 500, .parent = 400, .comm = "harmless", .audit = 42, .real_uid = 1000});
  world.note(World::text("sudo", "root", "alice"));
  const auto target = world.checks().examine(kLogin);
  ASSERT_TRUE(target) << target.error().why;
  EXPECT_EQ(target->uid, 1000U);
}

// What the kernel says of an sshd's process, its parent and its children, and whose session it is.
struct Facts {
  std::string name;
  std::string service;
  std::function<void(World&)> set;  // the host process is 500
  uid_t want;                       // 0: refused
};

void put_listener(const World& world, std::uint32_t audit, std::uint32_t login_uid) {
  world.put({.pid = 400, .comm = "sshd", .start = 50, .audit = audit, .login_uid = login_uid});
}

void put_leader(const World& world, const std::string& comm, std::uint32_t audit,
                std::uint32_t login_uid) {
  world.put({.pid = 500, .parent = 400, .comm = comm, .audit = audit, .login_uid = login_uid});
}

void put_child(const World& world, const std::string& comm, uid_t uid, pid_t pid = 501) {
  world.put({.pid = pid, .parent = 500, .comm = comm, .uid = uid});
}

constexpr std::uint32_t kNone = kNoAuditSession;

const std::vector<Facts>& facts() {
  static const std::vector<Facts> all{
      {"sshd: its login's uid where it has no child yet", "sshd",
       [](World& w) { put_leader(w, "sshd", 42, 1000); }, 1000},
      {"sshd: its child where the kernel has no audit", "sshd",
       [](World& w) { put_leader(w, "sshd", kNone, kNone), put_child(w, "sshd", 1000); }, 1000},
      {"sshd: its child where an administrator started it and no login was begun", "sshd",
       [](World& w) {
         put_listener(w, 7, 1001);
         put_leader(w, "sshd", 7, 1001);
         put_child(w, "sshd", 1000);
       },
       1000},
      {"sshd: the same where who started it is gone, with the listener", "sshd",
       [](World& w) {
         put_listener(w, kNone, kNone);
         put_leader(w, "sshd", 7, 1001);
         put_child(w, "sshd", 1000);
       },
       1000},
      {"sshd: nobody where an administrator started it, no login was begun and no child is there",
       "sshd", [](World& w) { put_listener(w, 7, 1001), put_leader(w, "sshd", 7, 1001); }, 0},
      {"sshd: nobody where there is neither a login nor a child", "sshd",
       [](World& w) { put_leader(w, "sshd", kNone, kNone); }, 0},
      {"sshd: nobody by a child of another program", "sshd",
       [](World& w) { put_leader(w, "sshd", kNone, kNone), put_child(w, "pam_helper", 1000); }, 0},
      {"sshd: nobody by a child of root's", "sshd",
       [](World& w) { put_leader(w, "sshd", kNone, kNone), put_child(w, "sshd", 0); }, 0},
      {"sshd: nobody by children of several users", "sshd",
       [](World& w) {
         put_leader(w, "sshd", kNone, kNone);
         put_child(w, "sshd", 1000);
         put_child(w, "sshd", 1001, 502);
       },
       0},
      {"sshd: nobody where the login is root's, whoever its child is", "sshd",
       [](World& w) { put_leader(w, "sshd", 42, 0), put_child(w, "sshd", 1000); }, 0},
      {"sshd: a child that is root's beside the person's is a helper", "sshd",
       [](World& w) {
         put_leader(w, "sshd", kNone, kNone);
         put_child(w, "sshd", 1000);
         put_child(w, "sshd", 0, 502);
       },
       1000},
      {"login: its login's uid whatever became of the shell, root", "login",
       [](World& w) { put_leader(w, "login", 42, 1000), put_child(w, "sudo", 0); }, 1000},
      {"login: its login's uid whatever became of the shell, another user", "login",
       [](World& w) { put_leader(w, "login", 42, 1000), put_child(w, "login", 1001); }, 1000},
      {"login: nobody by its child, which is the user's own program", "login",
       [](World& w) { put_leader(w, "login", kNone, kNone), put_child(w, "login", 1001); }, 0},
      {"login: nobody by the login that it was started in", "login",
       [](World& w) { put_listener(w, 7, 1001), put_leader(w, "login", 7, 1001); }, 0},
      {"login: nobody where its parent is gone, for now", "login",
       [](World& w) { w.end(400), put_leader(w, "login", 42, 1000); }, 0},
      {"login: nobody where the login is root's", "login",
       [](World& w) { put_leader(w, "login", 42, 0), put_child(w, "bash", 1000); }, 0},
      {"login: nobody where the session is begun and its uid is not", "login",
       [](World& w) { put_leader(w, "login", 42, kNone); }, 0},
  };
  return all;
}

TEST(ChecksTest, SessionIsWhoseTheKernelSays) {
  for (const Facts& each : facts()) {
    World world;
    put_listener(world, kNone, kNone);
    world.note(World::text(each.service));
    each.set(world);
    const auto target = world.checks().examine(kLogin);
    EXPECT_EQ(target ? target->uid : 0, each.want) << each.name;
    if (target) continue;
    EXPECT_EQ(target.error().outcome, Outcome::refused) << each.name;
    EXPECT_FALSE(target.error().why.empty()) << each.name;
  }
}

TEST(ChecksTest, NameThatNobodyKnowsAnyMoreIsNoReasonToRefuse) {
  const World world;
  world.ssh_session();
  world.note(World::text("sshd", "nobody-of-that-name"));
  EXPECT_TRUE(world.checks().examine(kLogin));
}

TEST(ProcessesTest, ChildrenAreFoundByTheKernelsListOfThem) {
  const World world;
  world.ssh_session();
  world.put({.pid = 503, .parent = 500, .comm = "sshd"});  // made since
  std::ofstream(world.children_of(500)) << "501 502 999 ";
  const auto children = world.processes().children(*world.processes().find(500));
  ASSERT_EQ(children.size(), 1U) << "502 is another's by now, 999 is gone";
  EXPECT_EQ(children[0].pid, 501);
}

TEST(ProcessesTest, FamilyIsTheProcessItsParentAndAllThatDescendsFromIt) {
  const World world;
  world.ssh_session();
  world.put({.pid = 503, .parent = 502, .start = 103});
  world.put({.pid = 600, .parent = 400, .comm = "sshd"});  // another login
  world.put({.pid = 510, .parent = 1, .start = 110, .session = 502});
  const auto pids = [](const std::vector<Process>& processes) {
    std::set<pid_t> each;
    for (const Process& process : processes) each.insert(process.pid);
    EXPECT_EQ(each.size(), processes.size());
    return each;
  };
  const Processes processes = world.processes();
  EXPECT_EQ(pids(processes.family(*processes.find(500))),
            (std::set<pid_t>{400, 500, 501, 502, 503}));
  std::ofstream(world.children_of(502), std::ios::app) << "600 510 ";
  EXPECT_EQ(pids(processes.family(*processes.find(500))),
            (std::set<pid_t>{400, 500, 501, 502, 503}))
      << "somebody else's by now";
  std::filesystem::remove(world.children_of(502));
  EXPECT_TRUE(pids(processes.family(*processes.find(500))).contains(600))
      << "a kernel that does not list them: all there are";
}

// The kernel lists a process's children by the thread that made them.
TEST(ProcessesTest, FamilyOfARealProcessHasTheChildrenOfItsThreadsAndTheirs) {
  std::array<int, 2> ready{};
  ASSERT_EQ(::pipe2(ready.data(), O_CLOEXEC), 0);
  pid_t child = 0;
  std::latch looked(1);
  std::thread maker([&] {
    child = ::fork();
    if (child == 0) {
      const pid_t inner = ::fork();
      ::alarm(60);  // should the test not live to end them
      if (inner != 0) static_cast<void>(!::write(ready[1], &inner, sizeof inner));
      for (;;) ::pause();
    }
    looked.wait();
  });
  pid_t inner = 0;
  EXPECT_EQ(::read(ready[0], &inner, sizeof inner), static_cast<ssize_t>(sizeof inner));
  const Processes processes;
  std::set<pid_t> pids;
  for (const Process& each : processes.family(*processes.find(::getpid()))) pids.insert(each.pid);
  looked.count_down();
  maker.join();
  for (const pid_t pid : {inner, child})
    if (pid > 0) ::kill(pid, SIGKILL);
  ::waitpid(child, nullptr, 0);
  for (const int end : ready) ::close(end);
  pids.erase(::getppid());
  EXPECT_EQ(pids, (std::set<pid_t>{::getpid(), child, inner}));
}

TEST(ProcessesTest, ChildrenOfARealProcessAreFound) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    for (;;) ::pause();
  }
  const Processes processes;
  const auto found = processes.children(*processes.find(::getpid()));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].pid, child);
  EXPECT_EQ(found[0].real_uid, ::getuid());
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
      {"what /proc says of the process makes no sense",
       [](World& w) { std::ofstream(w.folder / "proc/500/stat") << "500 (sshd"; }, Outcome::refused,
       "the process of the session cannot be looked at"},
      {"the person is root", [](World& w) { w.note(World::text("sshd", "root")); },
       Outcome::refused},
      {"the person is root by another name",
       [](World& w) {
         w.put({.pid = 500, .parent = 400, .comm = "sshd", .audit = 42, .login_uid = 0});
         w.note(World::text("sshd", "toor"));
       },
       Outcome::refused, "sessions of root are not ended"},
      {"root called sudo",
       [](World& w) {
         w.put({.pid = 500, .comm = "sudo"});
         w.note(World::text("sudo", "alice", "toor"));
       },
       Outcome::refused, "sessions of root are not ended"},
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

TEST(ChecksTest, ProcessThatProcHidesIsNotGone) {
  const World world;
  world.note(World::text());
  const Processes hidden(world.folder / "proc", [](pid_t pid) { return pid == 500; });
  const auto target =
      Checks(Records(world.folder / "notes", ::getuid()), hidden, default_services())
          .examine(kLogin);
  ASSERT_FALSE(target);
  EXPECT_EQ(target.error().outcome, Outcome::refused) << target.error().why;
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
