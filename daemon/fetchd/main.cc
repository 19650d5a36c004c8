// SPDX-License-Identifier: Apache-2.0
//
// latchkey-fetchd: the only process of the host that talks to identity providers, and the only one
// with curl. It holds no state and decides nothing: it brings documents.
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "daemon/fetchd/config_source.h"
#include "daemon/fetchd/log.h"
#include "daemon/fetchd/options.h"
#include "daemon/fetchd/peers.h"
#include "daemon/fetchd/server.h"
#include "daemon/fetchd/service_manager.h"
#include "daemon/fetchd/wiped_memory.h"
#include "ipc/activation.h"
#include "ipc/unix_socket.h"

namespace latchkey::fetchd {
namespace {

// Nothing of a caller's environment reaches curl, OpenSSL or the resolver (https_proxy,
// SSL_CERT_FILE, OPENSSL_CONF, RES_OPTIONS…); what sd_notify needs is put back.
void clear_environment() {
  constexpr std::array<const char*, 3> kKept{"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"};
  std::vector<std::pair<const char*, std::string>> kept;
  for (const char* name : kKept) {
    if (const char* value = std::getenv(name)) kept.emplace_back(name, value);
  }
  ::clearenv();
  for (const auto& [name, value] : kept) ::setenv(name, value.c_str(), 1);
}

// No core file, no debugger of the same user, no file of ours that others can read.
void close_up() {
  constexpr rlimit kNone{0, 0};
  ::setrlimit(RLIMIT_CORE, &kNone);
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  ::umask(0077);
}

ipc::Result<ipc::Fd> take_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, number);
  // Before the first thread: those that look up names inherit the mask.
  if (::sigprocmask(SIG_BLOCK, &set, nullptr) != 0) return ipc::system_fault("sigprocmask", errno);
  ::signal(SIGPIPE, SIG_IGN);
  ipc::Fd signals(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals) return ipc::system_fault("signalfd", errno);
  return signals;
}

// The socket of the service manager, or one at --socket; an empty one where there is neither.
ipc::Result<ipc::Fd> find_listener(const Options& options, const std::vector<uid_t>& peers) {
  auto activated = ipc::take_activated_sockets();
  if (!activated) return tl::unexpected(activated.error());
  auto listener = ipc::take_named(*activated, "fetch", ipc::SocketType::seqpacket);
  if (!listener || *listener || options.socket.empty()) return listener;
  ipc::ListenOptions listen{
      .path = options.socket, .type = ipc::SocketType::seqpacket, .mode = 0600};
  // peers: root, ourselves, then those that were asked for.
  if (::geteuid() == 0 && peers.size() == 3) listen.owner = peers.back();
  return ipc::listen_at(listen);
}

bool load(ConfigSource& config, Log& log, const Options& options) {
  if (auto loaded = config.load(); !loaded) {
    for (const config::ConfigError& error : loaded.error()) log.error(config::describe(error));
    return false;
  }
  const auto level =
      options.log_level ? options.log_level : find_log_level(config.current().log_level);
  if (level) log.set_most(*level);
  return true;
}

int check(const Options& options, Log& log) {
  ConfigSource config(options.config);
  if (!load(config, log, options)) return EX_CONFIG;
  for (const config::Issuer& issuer : config.current().issuers) {
    std::printf("%s %s\n", issuer.config.name.c_str(), issuer.config.digest.c_str());
  }
  for (const config::ListSource& list : config.current().revocation.lists) {
    std::printf("list:%s %s\n", list.feed.name.c_str(), list.digest.c_str());
  }
  for (const config::StreamSource& stream : config.current().revocation.streams) {
    std::printf("stream:%s %s\n", stream.feed.name.c_str(), stream.digest.c_str());
  }
  return EX_OK;
}

int run(const Options& options) {
  Log log(options.log_level.value_or(LogLevel::info), std::getenv("JOURNAL_STREAM") != nullptr);
  if (options.check) return check(options, log);
  const auto peers = allowed_peers(options.peer_uids, options.peer_users, "/etc/passwd");
  if (!peers) {
    log.error(peers.error());
    return EX_USAGE;
  }
  auto listener = find_listener(options, *peers);
  if (!listener) {
    log.error(listener.error().detail);
    return EX_OSERR;
  }
  if (!*listener) {
    log.error("no socket: give --socket, or let the service manager hand over one named \"fetch\"");
    return EX_USAGE;
  }
  clear_environment();
  close_up();
  auto signals = take_signals();
  if (!signals) {
    log.error(signals.error().detail);
    return EX_OSERR;
  }
  ConfigSource config(options.config);
  if (!load(config, log, options)) return EX_CONFIG;
  if (!start_curl_that_wipes()) return EX_SOFTWARE;
  ServiceManager manager(std::chrono::steady_clock::now());
  Server server({*std::move(listener), *std::move(signals), *peers, options.log_level.has_value()},
                config, log, manager);
  server.run();
  return EX_OK;
}

}  // namespace
}  // namespace latchkey::fetchd

int main(int argc, char** argv) {
  // First of all: OpenSSL refuses once it has given out memory.
  if (!latchkey::fetchd::wipe_what_openssl_frees()) {
    std::fputs("latchkey-fetchd: memory that is given back cannot be wiped\n", stderr);
    return EX_SOFTWARE;
  }
  const auto parsed = latchkey::fetchd::parse_options(argc, argv);
  return parsed.options ? latchkey::fetchd::run(*parsed.options) : parsed.exit_code;
}
