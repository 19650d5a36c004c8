// SPDX-License-Identifier: Apache-2.0
//
// Several workers on one real path socket: who may speak, what happens where descriptors run out,
// and how they stop.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "daemon/latchkeyd/service/crew.h"
#include "daemon/latchkeyd/service/snapshot_hub.h"
#include "ipc/unix_socket.h"
#include "tests/unit/latchkeyd/host.h"

namespace latchkey::latchkeyd {
namespace {

using testing::Client;
using testing::Host;
using namespace std::chrono_literals;

// A crew in front of a host's services. The test's own thread is the control thread.
struct Ship {
  explicit Ship(std::size_t workers)
      : listener(*ipc::listen_at({.path = folder / "pam.sock"})),
        hub(control, *(host.bindings = host.bindings.with(
                           "alice", {std::string(testing::kIssuer), "subject-of-alice"}),
                       host.snapshot())),
        crew(workers, host.services(), {}, listener, hub, control) {
    listener.reset();
    crew.start();
  }

  Client connect() {
    auto socket = ipc::connect_to(folder / "pam.sock", ipc::SocketType::seqpacket, 10s);
    if (!socket) {
      ADD_FAILURE() << socket.error().detail;
      return Client(ipc::Fd());
    }
    return Client(*std::move(socket));
  }

  wire::Result sign_in(std::string_view token) {
    Client client = connect();
    client.begin(Host::alice());
    client.ask();
    client.answer(token);
    return client.verdict().result;
  }

  // Comes back when the worker has done what it was doing.
  void pass_worker() {
    std::promise<void> passed;
    crew.executors().front()->post([&] { passed.set_value(); });
    passed.get_future().wait();
  }

  Host host;
  testing::TempDir folder;
  testing::TestLoop control;
  ipc::Fd listener;
  SnapshotHub hub;
  Crew crew;
};

TEST(Crew, ManyClientsAreServedByAllWorkersAtOnce) {
  Ship ship(4);
  const std::string token = ship.host.token();
  std::atomic<int> allowed = 0;
  std::vector<std::thread> clients;
  for (int client = 0; client < 8; ++client) {
    clients.emplace_back([&] {
      for (int i = 0; i < 25; ++i) {
        if (ship.sign_in(token) == wire::Result::allow) ++allowed;
      }
    });
  }
  for (int i = 0; i < 20; ++i) {
    bool done = false;
    ship.hub.publish(Snapshot(*ship.hub.current()), [&] { done = true; });
    ship.control.run_until([&] { return done; });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(allowed, 200);
  EXPECT_EQ(ship.host.counters.counted(ReasonClass::allowed), 200);
}

TEST(Crew, ARevocationHoldsForEveryLoginAfterItWasPublished) {
  Ship ship(3);
  const std::string token = ship.host.token();
  ASSERT_EQ(ship.sign_in(token), wire::Result::allow);
  ship.host.revocations = {{.kind = revocation::Kind::user, .value = "alice"}};
  bool done = false;
  ship.hub.publish(Snapshot(*ship.host.snapshot()), [&] { done = true; });
  ship.control.run_until([&] { return done; });
  for (int i = 0; i < 50; ++i) EXPECT_EQ(ship.sign_in(token), wire::Result::refused);
}

TEST(Crew, APeerThatIsNotRootIsTurnedAway) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to become somebody else";
  Ship ship(1);
  const std::string path = ship.folder / "pam.sock";
  ASSERT_EQ(::chmod(ship.folder.path().c_str(), 0755), 0);
  ASSERT_EQ(::chmod(path.c_str(), 0777), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setuid(65534) != 0) ::_exit(2);
    const auto socket = ipc::connect_to(path, ipc::SocketType::seqpacket, 10s);
    if (!socket) ::_exit(3);
    char byte = 0;
    while (::recv(socket->get(), &byte, 1, 0) < 0) {
      if (errno != EAGAIN && errno != EINTR) break;
      ::sched_yield();
    }
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(ship.host.journal.count("not root was turned away"), 1U);
  EXPECT_EQ(ship.host.journal.count("peer_uid=65534"), 1U);
}

TEST(Crew, WithoutDescriptorsItRefusesAtOnceAndGoesOnLater) {
  Ship ship(1);
  const std::string token = ship.host.token();
  ASSERT_EQ(ship.sign_in(token), wire::Result::allow);
  while (ship.host.counters.conversations != 0) std::this_thread::yield();
  ship.pass_worker();  // its end of that connection is closed
  ipc::Fd late(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  rlimit old{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &old), 0);
  // Every number below the limit is taken, so accept() has none.
  std::vector<ipc::Fd> taken;
  rlimit none = old;
  none.rlim_cur = 64;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  while (true) {
    ipc::Fd fd(::dup(2));
    if (!fd) break;
    taken.push_back(std::move(fd));
  }
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  const std::string path = ship.folder / "pam.sock";
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::connect(late.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  char byte = 0;
  EXPECT_EQ(::recv(late.get(), &byte, 1, 0), 0);
  taken.clear();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &old), 0);
  ship.pass_worker();  // what it refuses, it refuses before this
  EXPECT_EQ(ship.sign_in(token), wire::Result::allow);
  EXPECT_EQ(ship.host.journal.count("connections cannot be accepted"), 1U) << "said once";
  EXPECT_EQ(ship.host.journal.count("connections are accepted again"), 1U);
}

TEST(Crew, ADrainEndsWhatWaitsAndAcceptsNoMore) {
  Ship ship(2);
  std::vector<Client> waiting;
  for (int i = 0; i < 4; ++i) {
    waiting.push_back(ship.connect());
    waiting.back().begin(Host::alice());
    waiting.back().ask();
  }
  bool idle = false;
  ship.crew.drain([&] { idle = true; });
  ship.control.run_until([&] { return idle; });
  for (Client& client : waiting) EXPECT_TRUE(client.ended());
  EXPECT_FALSE(ipc::connect_to(ship.folder / "pam.sock", ipc::SocketType::seqpacket, 10s));
  EXPECT_EQ(ship.host.counters.conversations, 0);
}

TEST(Crew, EndsWithConversationsOpen) {
  Client client{ipc::Fd()};
  {
    Ship ship(2);
    client = ship.connect();
    client.begin(Host::alice());
    client.ask();
  }
  EXPECT_TRUE(client.ended());
}

}  // namespace
}  // namespace latchkey::latchkeyd
