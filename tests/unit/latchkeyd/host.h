// SPDX-License-Identifier: Apache-2.0
//
// A small host for conversation tests: one worker on a thread of its own with the real core behind
// it, a store and needs that do what the test says, and the module's end of real SOCK_SEQPACKET
// connections. Nothing waits for time: where nothing comes, a receive deadline ends the test.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "core/jose/algorithm.h"
#include "core/snapshot.h"
#include "daemon/latchkeyd/service/worker.h"
#include "ipc/fd.h"
#include "tests/unit/latchkeyd/fakes.h"
#include "wire/codec.h"

namespace latchkey::latchkeyd::testing {

inline constexpr std::string_view kIssuer = "https://id.example.com/realms/corp";

// What the store was told; it never fails.
class FakeStore final : public StateStore {
 public:
  Expected<StoredState> load() override { return StoredState{}; }
  void bind(NewBinding, Executor&, Done) override {}
  void remove_binding(std::string, Executor&, DoneFound) override {}
  void put_login(std::shared_ptr<const Login> login) override;
  void close_login(std::string id, WallTime at) override;
  void put_last_seen(std::string user, LastSeen seen) override;
  void add_revocations(std::vector<revocation::Revocation>, Executor&, DoneIds) override {}
  void list_revocations(RevocationPage, Executor&, DoneListed) override {}
  void forget_revocations(WallTime, Executor&, DoneCount) override {}
  void remove_revocation(std::int64_t, Executor&, DoneFound) override {}
  void drain(Executor&, std::function<void()>) override {}

  std::map<std::string, Login> logins() const;
  std::vector<std::string> seen() const;  // names, in order

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Login> logins_;
  std::vector<std::string> seen_;
};

// The control thread as the test plays it. Everything runs on the worker's thread.
struct FakeNeeds final : Needs {
  void request_keys(std::string issuer, std::uint64_t seen_generation, Executor& reply_to,
                    std::function<void(KeysOutcome)> done) override;
  void request_introspection(IntrospectionOrder order, Executor& reply_to,
                             std::function<void(IntrospectionReply)> done) override;
  void request_status_list(StatusNeed need, Executor& reply_to,
                           std::function<void(StatusReply)> done) override;
  bool accounts_changed(const Snapshot& /*snapshot*/) const override { return accounts_changed_; }
  void request_accounts(Executor& reply_to, std::function<void()> done) override;
  void bind(NewBinding binding, Executor& reply_to,
            std::function<void(Expected<void>)> done) override;
  void keep_names(accounts::NamesChange change, Executor& reply_to,
                  std::function<void(Expected<void>)> done) override;

  // Called before the answer; where one gives nothing, there is no answer.
  std::function<std::optional<KeysOutcome>()> on_keys = [] { return KeysOutcome::failed; };
  std::function<std::optional<IntrospectionReply>(const IntrospectionOrder&)> on_introspection =
      [](const IntrospectionOrder& /*order*/) { return IntrospectionReply{}; };
  std::function<std::optional<StatusReply>(const StatusNeed&)> on_status =
      [](const StatusNeed& /*need*/) {
        return StatusReply{false, "nobody answers"};
      };
  std::function<std::optional<Expected<void>>(const NewBinding&)> on_bind;
  std::function<std::optional<Expected<void>>(const accounts::NamesChange&)> on_names;
  std::function<void()> on_accounts = [] {};
  bool accounts_changed_ = false;
  std::vector<std::string> keys_requested;
};

// The module's end of one connection.
class Client {
 public:
  // `socket` may be non-blocking; it blocks from then on, and no receive waits for ever.
  explicit Client(ipc::Fd socket);

  void send(std::string_view bytes);
  void begin(wire::Begin begin);
  void answer(std::string_view text);
  void no_answer(wire::NoAnswer code);

  // The next frame as it is; empty at the end of the connection.
  std::string receive();
  std::string ask();  // its text; fails the test where it is none
  wire::Verdict verdict();
  bool ended() { return receive().empty(); }
  bool waits() const;  // nothing has come yet
  void close() { socket_.reset(); }

 private:
  ipc::Fd socket_;
  std::string frame_;  // what the last Verdict's views point into
};

class Host {
 private:
  mutable std::string parsed_text_;
  mutable std::shared_ptr<const config::Config> config_;

 public:
  explicit Host(Patience patience = {});
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  Client connect();
  pid_t peer_pid = 4'711;  // of who connects from now on

  // Runs `work` on the worker's thread and waits for it.
  void on_worker(const std::function<void()>& work);

  // The parts of the snapshot; publish() hands a new one to the worker.
  std::string config_text;  // YAML
  std::string jwks;
  std::string passwd;
  std::string group;
  accounts::Bindings bindings;
  std::optional<accounts::NamesContent> names;  // of the names file
  std::vector<revocation::Revocation> revocations;
  std::shared_ptr<const revocation::StatusLists> statuses =
      std::make_shared<const revocation::StatusLists>();
  std::uint64_t generation = 1;
  std::chrono::hours keys_age{0};
  void publish();

  // The same from the worker's own thread.
  void take_new() { worker.take(snapshot()); }
  // An account that the worker learns of only when it asks for the accounts as they are now.
  void make_carol_a_moment_ago() {
    needs.accounts_changed_ = true;
    needs.on_accounts = [this] {
      passwd += "carol:x:1002:1002::/:/bin/sh\n";
      needs.accounts_changed_ = false;
      take_new();
    };
  }

  // A good token of alice (or of somebody else) with these changes to its claims, which are
  // written as JSON values.
  using Claims = std::map<std::string, std::string, std::less<>>;
  std::string token(const Claims& changes = {},
                    jose::Algorithm algorithm = jose::Algorithm::es256) const;

  // A whole authenticate of alice with that token.
  wire::Verdict sign_in(Client& client, std::string_view token, wire::Begin begin = alice());
  static wire::Begin alice() {
    return {.operation = wire::Operation::authenticate,
            .service = "sshd",
            .user = "alice",
            .rhost = "192.0.2.1",
            .tty = "ssh"};
  }

  // For workers besides the host's own.
  Services services() {
    return {.clock = clock,
            .journal = journal,
            .store = store,
            .needs = needs,
            .logins = logins,
            .memory = memory,
            .introspections = introspections,
            .budgets = budgets,
            .decisions = decisions,
            .counters = counters};
  }
  SnapshotPtr snapshot() const;

  // The newest decision.
  LoggedDecision last() const;
  Reason last_reason() const { return last().decision.reason; }

  FakeClock clock;
  FakeJournal journal;
  FakeStore store;
  FakeNeeds needs;
  LoginBook logins;
  TokenMemory memory;
  IntrospectionMemory introspections;
  Budgets budgets;
  DecisionLog decisions{1'000};
  Counters counters;
  Worker worker;

 private:
  std::shared_ptr<const config::Config> config() const;

  std::thread thread_;
};

// The value of LATCHKEY_LOGIN; empty where there is none.
std::string login_id(const wire::Verdict& verdict);

}  // namespace latchkey::latchkeyd::testing
