// SPDX-License-Identifier: Apache-2.0
//
// A Signaller on a made-up host: what it has sent to whom.
#pragma once

#include <algorithm>
#include <chrono>
#include <csignal>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "daemon/endd/signaller.h"
#include "tests/unit/endd/world.h"

namespace latchkey::endd::testing {

using namespace std::chrono_literals;

class SignallerTest : public ::testing::Test {
 protected:
  explicit SignallerTest(bool whole_user = false) : signaller(parts(whole_user)) {
    world.ssh_session();
  }

  static std::string word(pid_t pid, int signal) {
    const std::string name = signal == SIGTERM   ? "TERM"
                             : signal == SIGHUP  ? "HUP"
                             : signal == SIGCONT ? "CONT"
                             : signal == SIGSTOP ? "STOP"
                             : signal == SIGKILL ? "KILL"
                                                 : "?";
    return name + " " + std::to_string(pid);
  }
  std::vector<std::string> of(const std::string& name) const {
    std::vector<std::string> some;
    for (const std::string& each : sent)
      if (each.starts_with(name)) some.push_back(each);
    return some;
  }

  World world;
  Checks checks = world.checks();
  Log log{false};
  // Tells of time at the pace that it asks for, until the jobs are over or what lives on is left
  // for a while.
  void run() {
    const SteadyTime over = now + 25s;
    while (signaller.next() < over) signaller.tick(now = signaller.next());
  }

  std::vector<std::string> sent;
  std::function<void(pid_t, int)> on_signal;
  SteadyTime now{std::chrono::hours(1)};
  std::size_t looks = 0;  // at all processes
  bool looks_fail = false;
  std::function<void()> on_look;
  Signaller::Parts parts(bool whole_user) {
    return {.checks = checks,
            .send =
                [this](const Process& process, int signal) {
                  sent.push_back(word(process.pid, signal));
                  if (on_signal) on_signal(process.pid, signal);
                  return true;
                },
            .log = log,
            .all =
                [this] {
                  ++looks;
                  if (on_look) on_look();
                  return looks_fail ? std::vector<Process>() : checks.processes().all();
                },
            .whole_user = whole_user};
  }
  Signaller signaller;

  // At once, the word and the first step.
  std::string end(const std::string& login = kLogin) {
    std::string outcome = signaller.end({login, 0, "session"}, now).outcome;
    signaller.tick(now);
    return outcome;
  }
  // Sessions of alice, each with a host process and a shell.
  std::vector<std::string> more_sessions(int count) {
    std::vector<std::string> logins;
    for (int i = 0; i < count; ++i) {
      const pid_t pid = 1'000 + 10 * i;
      world.put({.pid = pid, .parent = 400, .comm = "sshd"});
      world.put({.pid = pid + 1, .parent = pid, .comm = "sshd", .start = 101, .uid = 1000});
      world.put({.pid = pid + 2, .parent = pid + 1, .session = pid + 2, .uid = 1000});
      logins.push_back(login_of(i));
      world.note(World::text("sshd", "alice", "", pid), logins.back());
    }
    return logins;
  }
  static std::string login_of(int number) {
    std::string login = std::to_string(number);
    return std::string(32 - login.size(), 'a') + login;
  }
};

}  // namespace latchkey::endd::testing
