// SPDX-License-Identifier: Apache-2.0
//
// latchkey-endd and, with --signals, latchkey-endd-signal: what ends sessions. Neither has a
// network, a file of its own or a word of latchkeyd's to go by but a login id.
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/endd/checks.h"
#include "daemon/endd/ender.h"
#include "daemon/endd/log.h"
#include "daemon/endd/logind.h"
#include "daemon/endd/options.h"
#include "daemon/endd/server.h"
#include "daemon/endd/signaller.h"
#include "daemon/endd/terminal.h"
#include "ipc/activation.h"
#include "ipc/control_calls.h"
#include "ipc/end.h"

namespace latchkey::endd {
namespace {

namespace control = ipc::control;

constexpr std::chrono::seconds kSignalPatience{3};

void clear_environment() {
  constexpr std::array<const char*, 3> kKept{"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"};
  std::vector<std::pair<const char*, std::string>> kept;
  for (const char* name : kKept) {
    if (const char* value = std::getenv(name)) kept.emplace_back(name, value);
  }
  ::clearenv();
  for (const auto& [name, value] : kept) ::setenv(name, value.c_str(), 1);
}

void close_up() {
  constexpr rlimit kNone{0, 0};
  ::setrlimit(RLIMIT_CORE, &kNone);
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  ::umask(0077);
}

ipc::Result<ipc::Fd> take_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT}) sigaddset(&set, number);
  if (::sigprocmask(SIG_BLOCK, &set, nullptr) != 0) return ipc::system_fault("sigprocmask", errno);
  ipc::Fd signals(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals) return ipc::system_fault("signalfd", errno);
  return signals;
}

ipc::Result<ipc::Fd> find_listener(const Options& options) {
  auto activated = ipc::take_activated_sockets();
  if (!activated) return tl::unexpected(activated.error());
  auto listener =
      ipc::take_named(*activated, options.signals ? "signal" : "end", ipc::SocketType::stream);
  if (!listener || *listener || options.socket.empty()) return listener;
  return ipc::listen_at({.path = options.socket, .type = ipc::SocketType::stream, .mode = 0600});
}

// Out of the file, not through NSS: the one name that is asked for is made by sysusers.
std::optional<uid_t> find_user(const std::string& name) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen("/etc/passwd", "re"),
                                                             std::fclose);
  while (file != nullptr) {
    const passwd* entry = ::fgetpwent(file.get());
    if (entry == nullptr) break;
    if (name == entry->pw_name) return entry->pw_uid;
  }
  return std::nullopt;
}

// Root, and those that were asked for; nothing where one of them is not there.
std::optional<std::vector<uid_t>> find_peers(const Options& options, const Log& log) {
  std::vector<uid_t> peers{0};
  for (const std::string& name : options.peer_users) {
    const auto uid = find_user(name);
    if (!uid) {
      log.error("--peer-user: /etc/passwd has no user " + name);
      return std::nullopt;
    }
    peers.push_back(*uid);
  }
  return peers;
}

std::optional<Services> find_services(const Options& options, const Log& log) {
  Services services = default_services();
  for (const std::string& text : options.services) {
    const auto sign = text.find('=');
    if (sign == 0 || sign == std::string::npos || sign + 1 == text.size()) {
      log.error("--service takes NAME=COMM");
      return std::nullopt;
    }
    services[text.substr(0, sign)].comms.push_back(text.substr(sign + 1));
  }
  return services;
}

ipc::Result<control::SignalAnswer> ask_signals(const std::string& socket,
                                               const control::SignalRequest& request) {
  auto client = ipc::varlink::VarlinkClient::connect(socket, kSignalPatience);
  if (!client) return tl::unexpected(client.error());
  auto answer = control::call<control::Signal>(*client, request, kSignalPatience);
  if (answer) return *std::move(answer);
  if (answer.error().kind == control::CallError::Kind::transport)
    return tl::unexpected(std::move(answer.error().fault));
  return ipc::fault(ipc::FaultKind::denied, answer.error().error.text);
}

int serve_signals(Server::Parts parts, const Options& options, const Checks& checks,
                  ipc::varlink::Service& service, const Log& log) {
  Signaller signaller(
      {.checks = checks,
       .send = [&](const Process& process,
                   int signal) { return send_signal(checks.processes(), process, signal); },
       .log = log,
       .whole_user = options.whole_user});
  control::serve<control::Signal>(service, [&](const ipc::Peer&, const auto& request, auto done) {
    done(signaller.end(request, std::chrono::steady_clock::now()));
  });
  parts.tick = [&](auto now) { signaller.tick(now); };
  parts.next = [&] { return signaller.next(); };
  Server(std::move(parts)).run();
  return EX_OK;
}

int serve_ends(Server::Parts parts, const Options& options, const Checks& checks,
               ipc::varlink::Service& service, const Log& log) {
  Logind logind;
  const Terminals terminals;
  Ender ender({.checks = checks,
               .sessions = logind,
               .log = log,
               .tell = [&](auto processes, uid_t owner,
                           auto text) { return terminals.tell_all(processes, owner, text); },
               .signal =
                   [&](const control::SignalRequest& request) {
                     return ask_signals(options.signal_socket, request);
                   },
               .limits = {.whole_user = options.whole_user,
                          .shortest_grace = std::chrono::seconds(options.shortest_grace_s),
                          .longest_grace = std::chrono::seconds(options.longest_grace_s)}});
  control::serve<control::End>(service, [&](const ipc::Peer&, const auto& request, auto done) {
    done(ender.end(request, std::chrono::steady_clock::now()));
  });
  control::serve<control::Look>(service, [&](const ipc::Peer&, const auto& request, auto done) {
    done(ender.look(request));
  });
  parts.tick = [&](auto now) { ender.tick(now); };
  parts.next = [&] { return ender.next(); };
  Server(std::move(parts)).run();
  return EX_OK;
}

int run(const Options& options) {
  const Log log(std::getenv("JOURNAL_STREAM") != nullptr);
  auto listener = find_listener(options);
  if (!listener) {
    log.error(listener.error().detail);
    return EX_OSERR;
  }
  if (!*listener) {
    log.error("no socket: give --socket, or let the service manager hand one over");
    return EX_USAGE;
  }
  clear_environment();
  close_up();
  auto signals = take_signals();
  auto peers = find_peers(options, log);
  auto services = find_services(options, log);
  if (!signals) return EX_OSERR;
  if (options.shortest_grace_s > options.longest_grace_s) {
    log.error("--shortest-grace is longer than --longest-grace");
    return EX_USAGE;
  }
  if (!peers || !services) return EX_USAGE;
  const Checks checks(Records(options.sessions), Processes(), *std::move(services));
  ipc::varlink::Service service(
      {.vendor = "Latchkey", .product = "latchkey-endd", .version = LATCHKEY_VERSION, .url = ""});
  Server::Parts parts{.listener = *std::move(listener),
                      .signals = *std::move(signals),
                      .peers = *std::move(peers),
                      .service = service,
                      .log = log,
                      .tick = {},
                      .next = {}};
  return options.signals ? serve_signals(std::move(parts), options, checks, service, log)
                         : serve_ends(std::move(parts), options, checks, service, log);
}

}  // namespace
}  // namespace latchkey::endd

int main(int argc, char** argv) {
  const auto parsed = latchkey::endd::parse_options(argc, argv);
  return parsed.options ? latchkey::endd::run(*parsed.options) : parsed.exit_code;
}
