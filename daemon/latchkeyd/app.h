// SPDX-License-Identifier: Apache-2.0
//
// latchkeyd put together: which object is made of which, which thread each belongs to, and the
// order of start and end. The calling thread becomes the control thread; workers, storage, disk and
// journal have their own.
#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>

#include "daemon/latchkeyd/io/accounts_files.h"
#include "daemon/latchkeyd/io/control_server.h"
#include "daemon/latchkeyd/io/end_client.h"
#include "daemon/latchkeyd/io/event_store.h"
#include "daemon/latchkeyd/io/fetch_client.h"
#include "daemon/latchkeyd/io/folder_watch.h"
#include "daemon/latchkeyd/io/folder_watches.h"
#include "daemon/latchkeyd/io/key_cache.h"
#include "daemon/latchkeyd/io/list_store.h"
#include "daemon/latchkeyd/io/loop.h"
#include "daemon/latchkeyd/io/names_disk.h"
#include "daemon/latchkeyd/io/queued_journal.h"
#include "daemon/latchkeyd/io/serial_thread.h"
#include "daemon/latchkeyd/io/state_store.h"
#include "daemon/latchkeyd/io/stream_store.h"
#include "daemon/latchkeyd/io/system_clock.h"
#include "daemon/latchkeyd/io/ticker.h"
#include "daemon/latchkeyd/listeners.h"
#include "daemon/latchkeyd/options.h"
#include "daemon/latchkeyd/service/control.h"
#include "daemon/latchkeyd/service/control_plane.h"
#include "daemon/latchkeyd/service/crew.h"
#include "daemon/latchkeyd/service/pulse.h"
#include "daemon/latchkeyd/service/session_keeper.h"

namespace latchkey::latchkeyd {

// What was read and opened before anything runs.
struct Ground {
  config::Config config;
  AccountsFiles::Read accounts;
  StoredState stored;
  Listeners listeners;
  ipc::Fd signals;  // signalfd of SIGTERM, SIGINT and SIGHUP, which are blocked
};

class App {
 public:
  // All outlive it, and `loop`, the control thread's, outlives the store, which answers to it until
  // its own end; the store was loaded.
  App(const Options& options, const SystemClock& clock, QueuedJournal& journal, Loop& loop,
      SqliteStateStore& store, AccountsFiles& accounts, Ground ground);
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  // Serves until a signal ends it; the exit status.
  int run();

 private:
  ControlPlane::Parts plane_parts();
  Control::Parts control_parts(std::size_t workers, WallTime started_at);
  Services services();
  void apply(const config::Config& config);
  void wait_for_signals();
  void take_signal(std::uint32_t number);
  void reload();
  void stop();
  void beat();

  const Options& options_;
  const SystemClock& clock_;
  QueuedJournal& journal_;
  SqliteStateStore& store_;
  AccountsFiles& accounts_;

  Loop& loop_;
  FetchClient fetch_;
  EndClient end_;
  KeyCache key_cache_;
  ListStore list_store_;
  StreamStore stream_store_;
  StatusStore status_store_;
  EventStore event_store_;
  NamesDisk names_disk_;
  SerialThread disk_;             // waits for the disk; this and the next end before what they
  SerialThread builder_;          // work on: the stores, the sets of revocations that are built
  std::optional<Ticker> ticker_;  // this and the next before what calls upon them while it is made
  std::optional<FolderWatches> key_folders_;
  LoginBook logins_;
  TokenMemory memory_;
  IntrospectionMemory introspections_;
  Budgets budgets_;
  DecisionLog decisions_;
  Counters counters_;
  ControlPlane plane_;
  SessionKeeper sessions_;
  std::optional<Crew> crew_;
  std::optional<Pulse> pulse_;
  ipc::varlink::Service varlink_;
  Control control_;
  std::optional<ControlServer> control_server_;
  std::optional<FolderWatch> watch_;
  asio::posix::stream_descriptor signals_;
  asio::steady_timer watchdog_;
  asio::steady_timer last_moment_;
  bool stopping_ = false;
  int status_ = 0;
};

}  // namespace latchkey::latchkeyd
