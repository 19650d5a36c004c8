// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/control_plane.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "daemon/latchkeyd/service/event_keeper.h"
#include "daemon/latchkeyd/service/list_keeper.h"
#include "daemon/latchkeyd/service/status_keeper.h"
#include "daemon/latchkeyd/service/stream_keeper.h"

namespace latchkey::latchkeyd {

ControlPlane::ControlPlane(Parts parts, Start start)
    : parts_(std::move(parts)),
      revocations_(start.revocations),
      questions_({.clock = parts_.clock,
                  .journal = parts_.journal,
                  .introspector = parts_.introspector,
                  .memory = parts_.introspections,
                  .snapshot = [this]() -> const Snapshot& { return current(); },
                  .reload = [this] { read_again([](const auto& /*outcome*/) {}); },
                  .random = parts_.random}) {
  keys_ = std::make_unique<KeyKeeper>(
      parts_.clock, parts_.journal, parts_.fetcher, parts_.key_storage,
      KeyKeeper::Hooks{
          .publish =
              [this](std::vector<IssuerKeys> keys, std::function<void()> done) {
                publish([&](Snapshot& next) { next.keys = std::move(keys); }, std::move(done));
              },
          .reload = [this] { read_again([](const auto& /*outcome*/) {}); },
          .rescheduled = parts_.rescheduled,
          .random = parts_.random,
      });
  feeds_.push_back(std::make_unique<ListKeeper>(ListKeeper::Parts{.control = parts_.control,
                                                                  .builder = parts_.builder,
                                                                  .clock = parts_.clock,
                                                                  .journal = parts_.journal,
                                                                  .fetcher = parts_.list_fetcher,
                                                                  .store = parts_.list_store,
                                                                  .secret = revocations_.secret(),
                                                                  .hooks = feed_hooks()}));
  feeds_.push_back(
      std::make_unique<StreamKeeper>(StreamKeeper::Parts{.control = parts_.control,
                                                         .disk = parts_.disk,
                                                         .clock = parts_.clock,
                                                         .journal = parts_.journal,
                                                         .fetcher = parts_.stream_fetcher,
                                                         .store = parts_.stream_store,
                                                         .builder = parts_.builder,
                                                         .list_fetcher = parts_.list_fetcher,
                                                         .list_store = parts_.list_store,
                                                         .secret = revocations_.secret(),
                                                         .hooks = feed_hooks()}));
  add_events();
  revocations_.settle(parts_.clock.wall());
  forgets_at_ = parts_.clock.steady() + kForgetEvery;
  auto statuses = make_status_keeper();
  statuses_ = statuses.get();
  feeds_.push_back(std::move(statuses));
  Snapshot first;
  first.config = std::make_shared<const config::Config>(std::move(start.config));
  for (const auto& feed : feeds_) feed->configure(first.config);
  bar_keys();
  first.keys = keys_->configure(first.config);
  statuses_->take_up();
  gather(first);
  names_ = make_names_keeper(first, std::move(start.accounts));
  show_names(first);
  first.bindings = std::make_shared<const accounts::Bindings>(std::move(start.bindings));
  hub_ = std::make_unique<SnapshotHub>(parts_.control, std::move(first));
  questions_.configure(*current().config);
  note_config(*current().config);
}

ControlPlane::~ControlPlane() = default;

std::unique_ptr<StatusKeeper> ControlPlane::make_status_keeper() {
  return std::make_unique<StatusKeeper>(StatusKeeper::Parts{
      .control = parts_.control,
      .builder = parts_.builder,
      .clock = parts_.clock,
      .journal = parts_.journal,
      .fetcher = parts_.status_fetcher,
      .store = parts_.status_store,
      .issuer_keys = [this](std::size_t issuer) -> std::shared_ptr<const jose::JwkSet> {
        const std::vector<IssuerKeys> all = keys_->keys();
        return issuer < all.size() ? all[issuer].keys : nullptr;
      },
      .newer_keys =
          [this](const std::string& issuer, const std::function<void()>& done) {
            const auto place = current().config->find_issuer_by_name(issuer);
            const std::uint64_t seen =
                place < 0 ? 0 : current().keys[static_cast<std::size_t>(place)].generation;
            keys_->request(issuer, seen, [done](KeysOutcome /*outcome*/) { done(); });
          },
      .key_revoked = [this](std::string_view thumbprint) { return key_revoked(thumbprint); },
      .in_use = parts_.statuses_in_use,
      .hooks = feed_hooks()});
}

RevocationFeed::Hooks ControlPlane::feed_hooks() {
  return {.publish = [this](std::function<void()> done) { publish_revocations(std::move(done)); },
          .reload = [this] { read_again([](const auto& /*outcome*/) {}); },
          .rescheduled = parts_.rescheduled,
          .random = parts_.random};
}

void ControlPlane::add_events() {
  feeds_.push_back(std::make_unique<EventKeeper>(EventKeeper::Parts{
      .control = parts_.control,
      .disk = parts_.disk,
      .clock = parts_.clock,
      .journal = parts_.journal,
      .poller = parts_.event_poller,
      .store = parts_.event_store,
      .builder = parts_.builder,
      .secret = revocations_.secret(),
      .keys = {.at_hand = [this](std::string_view issuer) { return keys_of(issuer); },
               .request = [this](std::string_view issuer, std::uint64_t seen,
                                 auto done) { keys_->request(issuer, seen, std::move(done)); }},
      .key_revoked = [this](std::string_view thumbprint) { return key_revoked(thumbprint); },
      .hooks = feed_hooks()}));
}

// Asked of whatever comes, and of nothing before there is a first snapshot.
bool ControlPlane::key_revoked(std::string_view thumbprint) const {
  return hub_ != nullptr && current().revocations->key_revoked(thumbprint);
}

const IssuerKeys* ControlPlane::keys_of(std::string_view issuer) const {
  const auto index = current().config->find_issuer_by_name(issuer);
  return index < 0 ? nullptr : &current().keys.at(static_cast<std::size_t>(index));
}

bool ControlPlane::bar_keys() {
  std::vector<std::string> all;
  for (const auto& feed : feeds_) {
    for (std::string& key : feed->keys()) all.push_back(std::move(key));
  }
  return keys_->bar(std::move(all));
}

void ControlPlane::tick() {
  forget_ended();
  keys_->tick();
  names_->tick();
  for (const auto& feed : feeds_) feed->tick();
}

SteadyTime ControlPlane::next_tick() const {
  SteadyTime next = std::min(keys_->next_tick(), names_->next_tick());
  for (const auto& feed : feeds_) next = std::min(next, feed->next_tick());
  return next;
}

void ControlPlane::gather(Snapshot& next) const {
  RevocationFeed::Gathered gathered;
  for (const auto& feed : feeds_) feed->gather(gathered);
  next.revocations = revocations_.set(std::move(gathered.sources), std::move(gathered.called));
  next.feeds = std::move(gathered.feeds);
  next.statuses = std::move(gathered.statuses);
}

void ControlPlane::publish_revocations(std::function<void()> done) {
  const bool others = bar_keys();
  revocations_.merge_in(parts_.builder, parts_.control, [this](std::function<void()> merged) {
    publish_revocations(std::move(merged));
  });
  publish(
      [&](Snapshot& next) {
        gather(next);
        if (others) next.keys = keys_->keys();
      },
      std::move(done));
}

void ControlPlane::publish(const std::function<void(Snapshot&)>& change,
                           std::function<void()> done) {
  const auto before = current().revocations;
  Snapshot next = current();
  change(next);
  if (next.revocations != before) {
    done = [this, done = std::move(done)] {
      if (done) done();
      if (parts_.revoked) parts_.revoked();
      names_->look_at_states();
    };
  }
  hub_->publish(std::move(next), std::move(done));
}

void ControlPlane::request_keys(std::string issuer, std::uint64_t seen_generation,
                                Executor& reply_to, std::function<void(KeysOutcome)> done) {
  parts_.control.post(
      [this, issuer = std::move(issuer), seen_generation, &reply_to, done = std::move(done)] {
        keys_->request(issuer, seen_generation, [&reply_to, done](KeysOutcome outcome) {
          reply_to.post([done, outcome] { done(outcome); });
        });
      });
}

void ControlPlane::request_introspection(IntrospectionOrder order, Executor& reply_to,
                                         std::function<void(IntrospectionReply)> done) {
  // A std::function wants to be copied, and a token does not.
  auto shared = std::make_shared<IntrospectionOrder>(std::move(order));
  parts_.control.post([this, shared = std::move(shared), &reply_to, done = std::move(done)] {
    questions_.ask(std::move(*shared), [&reply_to, done](IntrospectionReply reply) {
      reply_to.post([done, reply = std::move(reply)] { done(reply); });
    });
  });
}

void ControlPlane::request_status_list(StatusNeed need, Executor& reply_to,
                                       std::function<void(StatusReply)> done) {
  parts_.control.post([this, need = std::move(need), &reply_to, done = std::move(done)] {
    statuses_->request(need, [&reply_to, done](StatusReply reply) {
      reply_to.post([done, reply = std::move(reply)] { done(reply); });
    });
  });
}

void ControlPlane::bind(NewBinding binding, Executor& reply_to,
                        std::function<void(Expected<void>)> done) {
  auto reply = [&reply_to, done = std::move(done)](Expected<void> result) {
    reply_to.post([done, result = std::move(result)] { done(result); });
  };
  NewBinding copy = binding;
  parts_.store.bind(std::move(copy), parts_.control,
                    [this, binding = std::move(binding),
                     reply = std::move(reply)](Expected<void> stored) mutable {
                      bound(std::move(binding), std::move(stored), std::move(reply));
                    });
}

void ControlPlane::bound(NewBinding binding, Expected<void> stored,
                         std::function<void(Expected<void>)> done) {
  if (!stored) return done(std::move(stored));
  publish(
      [&](Snapshot& next) {
        next.bindings = std::make_shared<const accounts::Bindings>(next.bindings->with(
            std::move(binding.user),
            accounts::Subject{std::move(binding.issuer), std::move(binding.subject)}));
      },
      [done = std::move(done)] { done({}); });
}

void ControlPlane::request_accounts(Executor& reply_to, std::function<void()> done) {
  parts_.control.post([this, &reply_to, done = std::move(done)] {
    refresh_accounts([&reply_to, done] { reply_to.post(done); });
  });
}

void ControlPlane::refresh_accounts(std::function<void()> done) {
  const auto nothing = [] {};
  if (!done) done = nothing;
  // Who asks second finds it done, but perhaps not yet with every worker: the hub's order sees to
  // that.
  if (!accounts_changed(current())) return publish([](Snapshot& /*next*/) {}, std::move(done));
  auto read = parts_.accounts.read();
  if (!read) {
    // Tried again whenever somebody asks, said once.
    if (std::exchange(accounts_error_, read.error()) != read.error()) {
      parts_.journal.log(LogLevel::error,
                         "the account files cannot be read; what was read before stays at work",
                         {{"error", read.error()}});
    }
    return done();
  }
  accounts_error_.clear();
  parts_.journal.log(LogLevel::debug, "the account files were read anew");
  names_->take_local(*std::move(read));
  publish([this](Snapshot& next) { show_names(next); }, std::move(done));
}

void ControlPlane::reload(std::function<void(tl::expected<bool, ConfigErrors>)> done) {
  read_again(std::move(done));
  for (const auto& feed : feeds_) feed->hurry();
  if (parts_.rescheduled) parts_.rescheduled();
}

// Also when latchkey-fetchd says that it reads another one: then nobody is in a hurry.
void ControlPlane::read_again(std::function<void(tl::expected<bool, ConfigErrors>)> done) {
  const bool other_keys = keys_->read_files_again();
  // The hub's order sees to it that the workers have those keys when the answer is given.
  const auto answer = [&](tl::expected<bool, ConfigErrors> outcome) {
    if (!other_keys) return done(std::move(outcome));
    publish([](Snapshot& /*next*/) {}, [done, outcome = std::move(outcome)] { done(outcome); });
  };
  auto loaded = parts_.load_config();
  // A configuration whose keys cannot serve would lock out everybody whose tokens they verify.
  ConfigErrors errors;
  if (!loaded) errors = std::move(loaded.error());
  if (loaded) {
    errors = key_file_errors(*loaded);
    for (auto& error : list_key_errors(*loaded)) errors.push_back(std::move(error));
    for (auto& error : stream_key_errors(*loaded)) errors.push_back(std::move(error));
    for (auto& error : status_key_errors(*loaded)) errors.push_back(std::move(error));
  }
  if (!loaded || !errors.empty()) {
    note_errors(errors);
    return answer(tl::unexpected(std::move(errors)));
  }
  config_errors_.clear();
  config_loaded_at_ = parts_.clock.wall();
  if (loaded->digest == current().config->digest) {
    const bool others = look_at_feeds();
    if (!others) return answer(false);
    return publish_revocations([done = std::move(done)] { done(false); });
  }
  auto config = std::make_shared<const config::Config>(*std::move(loaded));
  note_config(*config);
  publish(
      [&](Snapshot& next) {
        for (const auto& feed : feeds_) feed->configure(config);
        bar_keys();
        next.keys = keys_->configure(config);
        next.config = config;
        gather(next);
        questions_.configure(*config);
      },
      [done = std::move(done)] { done(true); });
  names_->configure(config);
  if (parts_.rescheduled) parts_.rescheduled();
}

bool ControlPlane::look_at_feeds() {
  bool others = false;
  for (const auto& feed : feeds_) others = feed->look_again() || others;
  return others;
}

std::vector<RevocationSourceState> ControlPlane::revocation_sources() const {
  const revocation::Source& local = *revocations_.source();
  std::vector<RevocationSourceState> all(1);
  all.front().kind = "local";
  all.front().feed.policy.name = "local";
  all.front().base_entries = local.base_size();
  all.front().delta_entries = local.delta_size();
  all.front().bytes = local.bytes();
  for (const auto& feed : feeds_) {
    for (RevocationSourceState& state : feed->states()) all.push_back(std::move(state));
  }
  return all;
}

void ControlPlane::note_errors(const ConfigErrors& errors) {
  const bool known = errors == config_errors_;
  config_errors_ = errors;
  if (config_errors_.empty())
    config_errors_.push_back({"", 0, 0, "the configuration cannot be read"});
  // Whoever sends the signal a hundred times a second must not fill the journal with one mistake.
  if (known) {
    parts_.journal.log(LogLevel::debug, "the configuration still has the same errors");
    return;
  }
  parts_.journal.log(LogLevel::error, "the configuration has errors; the one before stays at work",
                     {{"errors", fmt::format("{}", errors.size())}});
  for (const config::ConfigError& error : config_errors_) {
    parts_.journal.log(LogLevel::error, config::describe(error));
  }
}

std::optional<std::string> ControlPlane::config_error() const {
  if (config_errors_.empty()) return std::nullopt;
  return config::describe(config_errors_.front());
}

void ControlPlane::note_config(const config::Config& config) {
  config_loaded_at_ = parts_.clock.wall();
  if (parts_.apply) parts_.apply(config);
  parts_.journal.log(
      LogLevel::notice, "a configuration is at work",
      {{"digest", config.digest}, {"issuers", fmt::format("{}", config.issuers.size())}});
  for (const config::ConfigError& warning : config.warnings) {
    parts_.journal.log(LogLevel::warning, config::describe(warning));
  }
}

}  // namespace latchkey::latchkeyd
