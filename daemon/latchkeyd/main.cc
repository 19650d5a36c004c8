// SPDX-License-Identifier: Apache-2.0
//
// latchkeyd: reads what it needs before anything runs, or says what is wrong and ends; then App
// takes over.
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "config_files/load.h"
#include "daemon/latchkeyd/app.h"

namespace latchkey::latchkeyd {
namespace {

constexpr std::string_view kAdminGroup = "latchkey-admin";

// No core file, no debugger of the same user, no file of ours that others can read.
void close_up() {
  constexpr rlimit kNone{0, 0};
  ::setrlimit(RLIMIT_CORE, &kNone);
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  ::umask(0077);
}

// What the service manager's library still reads stays; nothing else of a caller's environment
// does.
void clear_environment() {
  constexpr std::array<const char*, 4> kKept{"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID",
                                             "JOURNAL_STREAM"};
  std::vector<std::pair<const char*, std::string>> kept;
  for (const char* name : kKept) {
    if (const char* value = std::getenv(name)) kept.emplace_back(name, value);
  }
  ::clearenv();
  for (const auto& [name, value] : kept) ::setenv(name, value.c_str(), 1);
}

// Blocked before the first thread, so that no thread but the control thread ever sees one.
ipc::Fd take_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, number);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return ipc::Fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

int complain(QueuedJournal& journal, int status, std::string_view what) {
  journal.log(LogLevel::error, what);
  return status;
}

int run(const Options& options) {
  ipc::Fd signals = take_signals();
  close_up();
  const SystemClock clock;
  QueuedJournal journal(system_sink(), parse_log_level(options.log_level), clock);
  if (!signals)
    return complain(journal, EX_OSERR, std::string("signalfd: ") + std::strerror(errno));

  auto config = config_files::load(options.config);
  if (!config) {
    for (const config::ConfigError& error : config.error())
      complain(journal, 0, config::describe(error));
    return EX_CONFIG;
  }
  AccountsFiles accounts(options.accounts_root);
  auto local = accounts.read();
  if (!local) return complain(journal, EX_NOINPUT, local.error());
  auto listeners = find_listeners(options, local->accounts->find_group(kAdminGroup));
  if (!listeners) return complain(journal, EX_OSERR, listeners.error().detail);
  if (!listeners->pam || !listeners->control) {
    return complain(
        journal, EX_USAGE,
        "no socket: give --pam-socket and --control-socket, or let the service manager hand over "
        "sockets named \"pam\" and \"control\"");
  }
  clear_environment();
  Loop loop;
  const std::string boot = options.boot_id.empty() ? boot_id() : plain_boot_id(options.boot_id);
  if (boot.empty()) {
    complain(journal, 0,
             "the id of this boot is not known (--boot-id): logins of earlier boots are kept");
  }
  SqliteStateStore store({.directory = options.state_dir, .boot_id = boot}, clock, journal);
  auto stored = store.load();
  if (!stored) return complain(journal, EX_IOERR, stored.error().detail);

  App app(options, clock, journal, loop, store, accounts,
          {*std::move(config), *std::move(local), *std::move(stored), *std::move(listeners),
           std::move(signals)});
  return app.run();
}

}  // namespace
}  // namespace latchkey::latchkeyd

int main(int argc, char** argv) {
  const auto parsed = latchkey::latchkeyd::parse_options(argc, argv);
  return parsed.options ? latchkey::latchkeyd::run(*parsed.options) : parsed.exit_code;
}
