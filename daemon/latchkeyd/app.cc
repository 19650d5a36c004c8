// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/app.h"

#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "config_files/load.h"
#include "core/issuer/freshness.h"
#include "daemon/latchkeyd/io/notify.h"

namespace latchkey::latchkeyd {
namespace {

constexpr std::size_t kWorkersMost = 4;
constexpr int kBuilderNice = 10;  // of that thread alone: Linux keeps it by thread
// Shorter than the unit's TimeoutStopSec, so that the end has a reason in the journal.
constexpr std::chrono::seconds kStopPatience{8};

std::size_t worker_count(const Options& options) {
  if (options.workers != 0) return options.workers;
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, kWorkersMost);
}

// For jitter only.
std::uint32_t random_number() {
  std::uint32_t value = 0;
  if (::getrandom(&value, sizeof value, 0) != static_cast<ssize_t>(sizeof value)) return 0;
  return value;
}

// Where files with keys lie.
std::set<std::string> key_folders(const config::Config& config) {
  std::set<std::string> folders;
  for (const config::Issuer& issuer : config.issuers) {
    for (const std::string& file : {issuer.config.jwks_file, issuer.config.symmetric_key_file}) {
      const auto slash = file.rfind('/');
      if (slash != std::string::npos)
        folders.insert(file.substr(0, std::max<std::size_t>(slash, 1)));
    }
  }
  return folders;
}

// For `systemctl status`: how many issuers can be verified, and how many are about not to be; which
// sources of revocations are not fresh.
std::string status_text(const ControlPlane& plane, WallTime now) {
  const config::Config& config = *plane.current().config;
  const std::vector<KeyState> states = plane.key_states();
  std::size_t serving = 0;
  std::size_t stale = 0;
  for (std::size_t i = 0; i < states.size(); ++i) {
    const auto freshness = latchkeyd::freshness(config.issuers[i].config, states[i], now);
    serving += issuer::serves(freshness) ? 1U : 0U;
    stale += freshness == issuer::Freshness::stale ? 1U : 0U;
  }
  std::string text =
      std::to_string(serving) + " of " + std::to_string(states.size()) + " issuers have keys";
  if (stale > 0) text += ", STALE ones of " + std::to_string(stale);
  const std::string feeds = revocation::describe_feeds(plane.current().feeds, now);
  if (!feeds.empty()) text += "; " + feeds;
  return text;
}

}  // namespace

App::App(const Options& options, const SystemClock& clock, QueuedJournal& journal, Loop& loop,
         SqliteStateStore& store, AccountsFiles& accounts, Ground ground)
    : options_(options),
      clock_(clock),
      journal_(journal),
      store_(store),
      accounts_(accounts),
      loop_(loop),
      fetch_(loop_, {.path = options.fetch_socket}),
      end_(loop_, options.end_socket),
      key_cache_(options.state_dir, disk_, journal),
      list_store_(options.state_dir, journal),
      stream_store_(options.state_dir, journal),
      status_store_(options.state_dir, journal),
      event_store_(options.state_dir, journal),
      names_disk_(options.names_file, options.state_dir),
      decisions_(ground.config.remembered_decisions),
      plane_(plane_parts(), {.config = std::move(ground.config),
                             .accounts = std::move(ground.accounts),
                             .bindings = std::move(ground.stored.bindings),
                             .revocations = std::move(ground.stored.revocations)}),
      sessions_({.clock = clock_,
                 .journal = journal_,
                 .store = store_,
                 .logins = logins_,
                 .ender = end_,
                 .snapshot = [this]() -> const Snapshot& { return plane_.current(); },
                 .process_exists = ipc::process_exists,
                 .rescheduled =
                     [this] {
                       if (ticker_) ticker_->poke();
                     }}),
      varlink_(
          {.vendor = "Latchkey", .product = "latchkeyd", .version = LATCHKEY_VERSION, .url = ""}),
      control_(control_parts(worker_count(options), clock.wall())),
      signals_(loop_.context()),
      watchdog_(loop_.context()),
      last_moment_(loop_.context()) {
  // Ten million entries take seconds of one processor, which logins want first.
  builder_.post([] { ::setpriority(PRIO_PROCESS, 0, kBuilderNice); });
  logins_.load(std::move(ground.stored.logins), std::move(ground.stored.last_seen));
  crew_.emplace(worker_count(options), services(), Patience{}, ground.listeners.pam, plane_.hub(),
                loop_);
  pulse_.emplace(loop_, crew_->executors(), [] { notify::alive(); });
  control_.serve(varlink_);
  control_server_.emplace(loop_, std::move(ground.listeners.control), varlink_, journal_);
  ticker_.emplace(loop_, clock_, [this] {
    plane_.tick();
    sessions_.tick();
    return std::min(plane_.next_tick(), sessions_.next_tick());
  });
  watch_.emplace(loop_, accounts_.folder(), journal_, [this] {
    if (plane_.accounts_changed(plane_.current())) plane_.refresh_accounts();
  });
  key_folders_.emplace(loop_, journal_, [this] {
    plane_.look_at_key_files();
    ticker_->poke();  // a file that was written a moment ago is looked at again
  });
  key_folders_->watch(key_folders(*plane_.current().config));
  // What was changed between its reading and the watch is seen now.
  loop_.post([this] {
    plane_.look_at_key_files();
    ticker_->poke();
  });
  signals_.assign(ground.signals.release());
}

ControlPlane::Parts App::plane_parts() {
  return {.control = loop_,
          .clock = clock_,
          .journal = journal_,
          .store = store_,
          .fetcher = fetch_,
          .list_fetcher = fetch_,
          .list_store = list_store_,
          .stream_fetcher = fetch_,
          .stream_store = stream_store_,
          .status_fetcher = fetch_,
          .status_store = status_store_,
          .event_poller = fetch_,
          .event_store = event_store_,
          .disk = disk_,
          .builder = builder_,
          .introspector = fetch_,
          .introspections = introspections_,
          .key_storage = key_cache_,
          .accounts = accounts_,
          .names_store = names_disk_,
          .last_seen = [this](std::string_view user) { return logins_.last_seen(user); },
          .load_config = [this] { return config_files::load(options_.config); },
          .apply = [this](const config::Config& config) { apply(config); },
          .rescheduled =
              [this] {
                if (ticker_) ticker_->poke();
              },
          .random = random_number,
          .revoked = [this] { sessions_.revocations_changed(); },
          .statuses_in_use = [this] { return logins_.status_lists(); }};
}

Control::Parts App::control_parts(std::size_t workers, WallTime started_at) {
  return {.clock = clock_,
          .journal = journal_,
          .plane = plane_,
          .decisions = decisions_,
          .logins = logins_,
          .sessions = sessions_,
          .memory = memory_,
          .counters = counters_,
          .state_error = [this] { return store_.trouble(); },
          .fetch_error = [this] { return fetch_.trouble(); },
          .version = LATCHKEY_VERSION,
          .workers = workers,
          .started_at = started_at};
}

Services App::services() {
  return {.clock = clock_,
          .journal = journal_,
          .store = store_,
          .needs = plane_,
          .logins = logins_,
          .memory = memory_,
          .introspections = introspections_,
          .budgets = budgets_,
          .decisions = decisions_,
          .counters = counters_};
}

void App::apply(const config::Config& config) {
  if (options_.log_level.empty()) journal_.set_level(parse_log_level(config.log_level));
  decisions_.set_capacity(config.remembered_decisions);
  if (key_folders_) key_folders_->watch(key_folders(config));
}

int App::run() {
  wait_for_signals();
  crew_->start();
  control_server_->start();
  ticker_->poke();
  beat();
  journal_.log(LogLevel::notice, "ready", {{"version", LATCHKEY_VERSION}});
  notify::ready(status_text(plane_, clock_.wall()));
  loop_.run();
  journal_.log(LogLevel::notice, "ended");
  return status_;
}

void App::wait_for_signals() {
  signals_.async_wait(asio::posix::descriptor_base::wait_read,
                      [this](const asio::error_code& error) {
                        if (error) return;
                        signalfd_siginfo arrived{};
                        while (::read(signals_.native_handle(), &arrived, sizeof arrived) ==
                               static_cast<ssize_t>(sizeof arrived)) {
                          take_signal(arrived.ssi_signo);
                        }
                        wait_for_signals();
                      });
}

void App::take_signal(std::uint32_t number) {
  if (number == SIGHUP) {
    reload();
  } else {
    stop();
  }
}

void App::reload() {
  if (stopping_) return;
  notify::reloading();
  plane_.reload(
      [this](const auto& /*outcome*/) { notify::ready(status_text(plane_, clock_.wall())); });
}

// Accept no more, let the verdicts on their way be sent, write what is queued, end.
void App::stop() {
  if (stopping_) return;
  stopping_ = true;
  notify::stopping();
  journal_.log(LogLevel::notice, "ending");
  last_moment_.expires_after(kStopPatience);
  last_moment_.async_wait([this](const asio::error_code& error) {
    if (error) return;
    journal_.log(LogLevel::error, "something would not end in time");
    status_ = EX_SOFTWARE;
    loop_.stop();
  });
  control_server_.reset();
  crew_->drain([this] { store_.drain(loop_, [this] { loop_.stop(); }); });
}

// Fed only while every worker answers, at half the interval that the unit wants.
void App::beat() {
  const auto interval = notify::watchdog_interval();
  if (!interval) return;
  pulse_->beat();
  watchdog_.expires_after(*interval / 2);
  watchdog_.async_wait([this](const asio::error_code& error) {
    if (error) return;
    notify::status(status_text(plane_, clock_.wall()));
    beat();
  });
}

}  // namespace latchkey::latchkeyd
