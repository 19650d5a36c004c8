// SPDX-License-Identifier: Apache-2.0
//
// The control plane on the real store; the test is the control thread, the workers and fetchd.
#pragma once

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "daemon/latchkeyd/io/names_disk.h"
#include "daemon/latchkeyd/io/state_store.h"
#include "daemon/latchkeyd/service/control.h"
#include "tests/unit/latchkeyd/fakes.h"
#include "tests/unit/latchkeyd/key_fakes.h"
#include "tests/unit/latchkeyd/session_fakes.h"

namespace latchkey::latchkeyd::control_test {

using testing::FakeClock;
using testing::FakeEnder;
using testing::FakeFetcher;
using testing::FakeIntrospector;
using testing::FakeJournal;
using testing::FakeStorage;
using testing::issuer_config;
using testing::TempDir;
using testing::TestLoop;
namespace control = ipc::control;

inline constexpr std::string_view kCorp = "https://corp.example.com";

inline config::Config corp_config(std::string digest) {
  config::Config config;
  config.issuers.push_back({issuer_config("corp"), {}});
  config.digest = std::move(digest);
  return config;
}

class ControlTest : public ::testing::Test {
 protected:
  explicit ControlTest(std::optional<std::int64_t> growth = {}) {
    std::filesystem::create_directories(root / "etc");
    put_accounts("alice");
    start(growth);
  }

  void put_accounts(const std::string& user) {
    std::ofstream(root / "etc/passwd.new") << user << ":x:1000:1000::/home:/bin/sh\n";
    std::filesystem::permissions(root / "etc/passwd.new", std::filesystem::perms(0644));
    std::filesystem::rename(root / "etc/passwd.new", root / "etc/passwd");
  }

  std::string write_keys(const std::string& text) {
    const std::string file = root / "jwks.json";
    std::ofstream(file) << text;
    std::filesystem::permissions(file, std::filesystem::perms(0644));
    return file;
  }

  // A daemon on the state folder.
  void start(std::optional<std::int64_t> growth = {}) {
    stop();
    store.emplace(SqliteStateStore::Options{.directory = state.path(), .growth_pages_most = growth},
                  clock, journal);
    list_store.emplace(state.path(), journal);
    stream_store.emplace(state.path(), journal);
    status_store.emplace(state.path(), journal);
    event_store.emplace(state.path(), journal);
    names_disk.emplace(root / "names", state.path());
    auto stored = store->load();
    ASSERT_TRUE(stored) << stored.error().detail;
    plane.emplace(
        ControlPlane::Parts{
            .control = loop,
            .clock = clock,
            .journal = journal,
            .store = *store,
            .fetcher = fetcher,
            .list_fetcher = fetcher,
            .list_store = *list_store,
            .stream_fetcher = fetcher,
            .stream_store = *stream_store,
            .status_fetcher = fetcher,
            .status_store = *status_store,
            .event_poller = fetcher,
            .event_store = *event_store,
            .disk = loop,
            .builder = loop,
            .introspector = introspector,
            .introspections = introspections,
            .key_storage = storage,
            .accounts = accounts,
            .names_store = *names_disk,
            .last_seen = [this](std::string_view user) { return logins.last_seen(user); },
            .load_config = [this] { return next_config; },
            .apply = [this](const config::Config& config) { applied.push_back(config.digest); },
            .random = [] { return 0U; },
            .revoked = [this] { sessions->revocations_changed(); }},
        ControlPlane::Start{corp_config("digest-1"), accounts.read().value(),
                            std::move(stored->bindings), std::move(stored->revocations)});
    for (std::size_t i = 0; i < taken.size(); ++i) {
      taken[i] = plane->hub().current();
      plane->hub().add_worker(workers[i],
                              [this, i](SnapshotPtr snapshot) { taken[i] = std::move(snapshot); });
    }
    sessions.emplace(
        SessionKeeper::Parts{.clock = clock,
                             .journal = journal,
                             .store = *store,
                             .logins = logins,
                             .ender = ender,
                             .snapshot = [this]() -> const Snapshot& { return plane->current(); },
                             .process_exists = [](std::int32_t) { return true; }});
    methods.emplace(Control::Parts{.clock = clock,
                                   .journal = journal,
                                   .plane = *plane,
                                   .decisions = decisions,
                                   .logins = logins,
                                   .sessions = *sessions,
                                   .memory = memory,
                                   .counters = counters,
                                   .state_error = [this] { return store->trouble(); },
                                   .fetch_error = [this] { return fetch_error; },
                                   .version = "1.2.3",
                                   .workers = taken.size(),
                                   .started_at = clock.wall()});
    service.emplace(ipc::varlink::ServiceInfo{"Latchkey", "latchkeyd", "1.2.3", ""});
    methods->serve(*service);
  }
  void stop() {
    service.reset();
    methods.reset();
    sessions.reset();
    plane.reset();
    store.reset();
  }
  ~ControlTest() override { stop(); }

  // What latchkeyctl does, without the socket. The answer may come after the store's thread and the
  // workers.
  template <typename Method>
  control::Outcome<typename Method::Answer> call(const typename Method::Request& request) {
    std::optional<std::string> reply;
    begin<Method>(request, reply);
    while (!reply) {
      for (TestLoop& worker : workers) worker.run_ready();
      if (!reply) loop.run_until([&] { return reply || some_worker_is_waited_for(); });
    }
    return finish<Method>(*reply);
  }
  template <typename Method>
  void begin(const typename Method::Request& request, std::optional<std::string>& reply) {
    const std::string message = ipc::varlink::encode(
        ipc::varlink::Call{std::string(Method::kMethod), control::to_json(request)});
    const auto handled =
        service->handle(std::string_view(message).substr(0, message.size() - 1), peer,
                        [&reply](std::string text) { reply = std::move(text); });
    ASSERT_TRUE(handled) << handled.error().detail;
  }
  template <typename Method>
  control::Outcome<typename Method::Answer> finish(const std::string& text) {
    const auto reply =
        ipc::varlink::decode_reply(std::string_view(text).substr(0, text.size() - 1)).value();
    if (!reply.error.empty()) return tl::unexpected(control::method_error(reply));
    return control::from_json<typename Method::Answer>(reply.parameters).value();
  }
  bool some_worker_is_waited_for() {
    for (const auto& snapshot : taken) {
      if (snapshot != plane->hub().current()) return true;
    }
    return false;
  }

  control::Outcome<control::RevokeAnswer> revoke_user(std::string user) {
    return call<control::Revoke>({.kind = "user", .value = std::move(user)});
  }

  TempDir root;
  TempDir state;
  FakeClock clock;
  FakeJournal journal;
  FakeFetcher fetcher;
  FakeIntrospector introspector;
  IntrospectionMemory introspections;
  FakeStorage storage;
  TestLoop loop;
  std::array<TestLoop, 2> workers;
  std::array<SnapshotPtr, 2> taken;
  AccountsFiles accounts{root.path()};
  DecisionLog decisions{100};
  LoginBook logins;
  TokenMemory memory;
  Counters counters;
  tl::expected<config::Config, ConfigErrors> next_config = corp_config("digest-1");
  std::vector<std::string> applied;
  std::optional<std::string> fetch_error;
  ipc::Peer peer{4711, 0, 0};
  std::optional<SqliteStateStore> store;
  std::optional<ListStore> list_store;
  std::optional<StreamStore> stream_store;
  std::optional<StatusStore> status_store;
  std::optional<EventStore> event_store;
  std::optional<NamesDisk> names_disk;
  std::optional<ControlPlane> plane;
  FakeEnder ender;
  std::optional<SessionKeeper> sessions;
  std::optional<Control> methods;
  std::optional<ipc::varlink::Service> service;
};

}  // namespace latchkey::latchkeyd::control_test
