// SPDX-License-Identifier: Apache-2.0
//
// Everything that may change what the workers know, in one place and on one thread: configuration,
// keys, revocations, accounts, bindings. Each change makes a new snapshot out of the current one;
// whoever asked for it is answered after every worker has it. What must outlive the daemon is in
// the state store before that.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/config/config.h"
#include "core/config/source.h"
#include "daemon/latchkeyd/io/accounts_files.h"
#include "daemon/latchkeyd/io/clock.h"
#include "daemon/latchkeyd/io/event_poller.h"
#include "daemon/latchkeyd/io/event_store.h"
#include "daemon/latchkeyd/io/executor.h"
#include "daemon/latchkeyd/io/fetcher.h"
#include "daemon/latchkeyd/io/introspector.h"
#include "daemon/latchkeyd/io/journal.h"
#include "daemon/latchkeyd/io/key_storage.h"
#include "daemon/latchkeyd/io/list_fetcher.h"
#include "daemon/latchkeyd/io/list_store.h"
#include "daemon/latchkeyd/io/names_store.h"
#include "daemon/latchkeyd/io/status_fetcher.h"
#include "daemon/latchkeyd/io/status_store.h"
#include "daemon/latchkeyd/io/storage.h"
#include "daemon/latchkeyd/io/stream_fetcher.h"
#include "daemon/latchkeyd/io/stream_store.h"
#include "daemon/latchkeyd/service/introspection_keeper.h"
#include "daemon/latchkeyd/service/key_keeper.h"
#include "daemon/latchkeyd/service/names_keeper.h"
#include "daemon/latchkeyd/service/needs.h"
#include "daemon/latchkeyd/service/revocation_book.h"
#include "daemon/latchkeyd/service/revocation_feed.h"
#include "daemon/latchkeyd/service/snapshot_hub.h"

namespace latchkey::latchkeyd {

class StatusKeeper;

using ConfigErrors = std::vector<config::ConfigError>;

class ControlPlane final : public Needs {
 public:
  // All that is referred to outlives it.
  struct Parts {
    Executor& control;  // the thread that all of this belongs to
    const Clock& clock;
    Journal& journal;
    StateStore& store;
    Fetcher& fetcher;
    ListFetcher& list_fetcher;
    ListStore& list_store;
    StreamFetcher& stream_fetcher;
    StreamStore& stream_store;
    StatusFetcher& status_fetcher;
    StatusStore& status_store;
    EventPoller& event_poller;
    EventStore& event_store;
    Executor& disk;     // a thread that waits for the disk
    Executor& builder;  // a thread for what takes long
    Introspector& introspector;
    IntrospectionMemory& introspections;
    KeyStorage& key_storage;
    AccountsFiles& accounts;
    NamesStore& names_store;
    std::function<std::shared_ptr<const LastSeen>(std::string_view user)> last_seen;
    std::function<tl::expected<config::Config, ConfigErrors>()> load_config;
    std::function<void(const config::Config&)> apply =
        {};  // what else follows the configuration: log level, sizes
    std::function<void()> rescheduled = {};  // next_tick() may have come nearer
    std::function<std::uint32_t()> random;
    // The revocations have changed, whatever their source, and every worker has them.
    std::function<void()> revoked = {};
    // Issuer and URI of each status list that an open login refers to.
    std::function<std::vector<std::pair<std::string, std::string>>()> statuses_in_use = {};
  };

  // What was read at start; makes the first snapshot. Before the threads start.
  struct Start {
    config::Config config;
    AccountsFiles::Read accounts;
    accounts::Bindings bindings;
    std::vector<revocation::Revocation> revocations;
  };

  ControlPlane(Parts parts, Start start);
  ~ControlPlane() override;

  // For the workers to be added to.
  SnapshotHub& hub() { return *hub_; }

  // Needs: from any thread.
  void request_keys(std::string issuer, std::uint64_t seen_generation, Executor& reply_to,
                    std::function<void(KeysOutcome)> done) override;
  void request_introspection(IntrospectionOrder order, Executor& reply_to,
                             std::function<void(IntrospectionReply)> done) override;
  void bind(NewBinding binding, Executor& reply_to,
            std::function<void(Expected<void>)> done) override;
  void request_status_list(StatusNeed need, Executor& reply_to,
                           std::function<void(StatusReply)> done) override;
  void keep_names(accounts::NamesChange change, Executor& reply_to,
                  std::function<void(Expected<void>)> done) override;
  bool accounts_changed(const Snapshot& snapshot) const override {
    return parts_.accounts.changed_since(snapshot.accounts_stamp);
  }
  void request_accounts(Executor& reply_to, std::function<void()> done) override;

  // The rest on the control thread; completions run there, after every worker has what they tell.

  // Fetches the keys, and what other sources of revocations say, where that is due.
  void tick();
  SteadyTime next_tick() const;
  // Reads key files that have changed.
  void look_at_key_files() { keys_->look_at_files(); }

  // Reads the account files where they are others than the current snapshot's.
  void refresh_accounts(std::function<void()> done = {});

  // Reads configuration and key files anew. Whether the configuration changed; or all its errors,
  // those of the key files that it names among them, and then the old one stays at work. Either way
  // sources of revocations are asked for news now.
  void reload(std::function<void(tl::expected<bool, ConfigErrors>)> done);

  // Fetches the keys of one issuer (null: there is none of that short name), or of all, and says
  // what came of each, in the configuration's order.
  struct RefreshedKeys {
    std::string issuer;
    Refreshed refreshed;
  };
  void refresh_keys(const std::optional<std::string>& issuer,
                    std::function<void(std::vector<RefreshedKeys>)> done);

  // Gives their ids in the store. state_unavailable where they could not be written: then nothing
  // was revoked.
  void revoke(std::vector<revocation::Revocation> revocations,
              std::function<void(Expected<std::vector<std::int64_t>>)> done);
  void list_revocations(StateStore::RevocationPage page, StateStore::DoneListed done);
  // False where there is none with that id, for that name.
  void remove_revocation(std::int64_t id, std::function<void(Expected<bool>)> done);
  void remove_binding(std::string user, std::function<void(Expected<bool>)> done);

  // What administrators say of accounts: as NamesKeeper::change().
  void change_names(NamesKeeper::Edit edit, std::function<void(Expected<void>)> done) {
    names_->change(std::move(edit), std::move(done));
  }
  NamesKeeper::State names_state() const { return names_->state(); }

  const Snapshot& current() const { return *hub_->current(); }
  const RevocationBook& revocations() const { return revocations_; }
  std::vector<KeyState> key_states() const { return keys_->states(); }
  std::string served_document(const KeyState& state) const { return keys_->served_document(state); }
  // Null where the issuer of that short name is not asked about tokens.
  const IntrospectionState* introspection_state(std::string_view issuer) const {
    return questions_.state(issuer);
  }
  // The local store first, then those of each kind in the order of the configuration.
  std::vector<RevocationSourceState> revocation_sources() const;
  WallTime config_loaded_at() const { return config_loaded_at_; }
  // The first error of the last reload, where it failed.
  std::optional<std::string> config_error() const;

 private:
  void publish(const std::function<void(Snapshot&)>& change, std::function<void()> done);
  RevocationFeed::Hooks feed_hooks();
  std::unique_ptr<StatusKeeper> make_status_keeper();
  void add_events();
  bool key_revoked(std::string_view thumbprint) const;
  const IssuerKeys* keys_of(std::string_view issuer) const;
  // The next snapshot's revocations, from all sources.
  void gather(Snapshot& next) const;
  // Sees to it that no key that signs revocations verifies a token. Whether keys are others by
  // that.
  bool bar_keys();
  bool look_at_feeds();
  void read_again(std::function<void(tl::expected<bool, ConfigErrors>)> done);
  void publish_revocations(std::function<void()> done);
  void forget_ended();
  void bound(NewBinding binding, Expected<void> stored, std::function<void(Expected<void>)> done);
  std::unique_ptr<NamesKeeper> make_names_keeper(const Snapshot& first, AccountsFiles::Read local);
  void show_names(Snapshot& next) const;
  bool identity_revoked(std::string_view user, const LastSeen* last_seen) const;
  void note_errors(const ConfigErrors& errors);
  void note_config(const config::Config& config);

  Parts parts_;
  RevocationBook revocations_;
  static constexpr std::chrono::hours kForgetEvery{1};
  SteadyTime forgets_at_{};                             // next
  std::vector<std::unique_ptr<RevocationFeed>> feeds_;  // one for each kind of source
  StatusKeeper* statuses_ = nullptr;                    // one of those
  std::unique_ptr<KeyKeeper> keys_;
  std::unique_ptr<NamesKeeper> names_;
  std::unique_ptr<SnapshotHub> hub_;
  IntrospectionKeeper questions_;
  WallTime config_loaded_at_{};
  ConfigErrors config_errors_;  // of the last reload
  std::string accounts_error_;  // of the last reading of the account files; empty where it was good
};

}  // namespace latchkey::latchkeyd
