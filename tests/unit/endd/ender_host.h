// SPDX-License-Identifier: Apache-2.0
//
// An Ender on a made-up host: what it has told, signalled and asked of logind.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "daemon/endd/ender.h"
#include "tests/unit/endd/world.h"

namespace latchkey::endd::testing {

using std::chrono::seconds;

class FakeLogind final : public SessionManager {
 public:
  std::optional<std::string> find(pid_t /*leader*/, uid_t /*uid*/) override { return session; }
  ipc::Result<void> terminate(const std::string& which) override {
    done.push_back("terminate " + which);
    if (fails) return ipc::fault(ipc::FaultKind::denied, "no");
    return {};
  }
  ipc::Result<void> kill(const std::string& which) override {
    done.push_back("kill " + which);
    return {};
  }
  ipc::Result<void> terminate_user(uid_t uid) override {
    if (on_user) on_user();
    done.push_back("terminate user " + std::to_string(uid));
    return {};
  }

  std::optional<std::string> session;
  bool fails = false;
  std::function<void()> on_user;
  std::vector<std::string> done;
};

class EnderTest : public ::testing::Test {
 protected:
  EnderTest() { world.ssh_session(); }

  std::string end(std::int64_t grace_s = 10, const std::string& scope = "session",
                  const std::string& login = kLogin) {
    return ender->end({login, grace_s, "revoked", scope}, now).outcome;
  }
  void pass(seconds by) {
    now += by;
    ender->tick(now);
  }

  // Each step when it is due.
  void run_until(SteadyTime time) {
    while (ender->next() <= time) ender->tick(now = ender->next());
    now = time;
  }

  World world;
  Checks checks = world.checks();
  FakeLogind logind;
  Log log{false};
  std::vector<std::string> told;
  std::vector<std::string> signalled;
  ipc::Result<ipc::control::SignalAnswer> signal_answer{{"ending", "", 3}};
  SteadyTime now{std::chrono::hours(1)};
  EndLimits limits;
  std::size_t jobs_most = Ender::kJobsMost;
  std::unique_ptr<Ender> make() {
    return std::make_unique<Ender>(Ender::Parts{
        .checks = checks,
        .sessions = logind,
        .log = log,
        .tell =
            [this](auto processes, uid_t owner, std::string_view text) {
              told.push_back(std::to_string(processes.size()) + " of " + std::to_string(owner) +
                             ": " + std::string(text));
              return processes.size();
            },
        .signal =
            [this](const ipc::control::SignalRequest& request) {
              signalled.push_back((request.grace_s > 0 ? "watch " : "") + request.login +
                                  (request.scope == "user" ? " whole user" : ""));
              return signal_answer;
            },
        .limits = limits,
        .all =
            [this] {
              ++looks;
              return checks.processes().all();
            },
        .jobs_most = jobs_most});
  }
  std::size_t looks = 0;  // at all processes
  std::unique_ptr<Ender> ender = make();
};

}  // namespace latchkey::endd::testing
