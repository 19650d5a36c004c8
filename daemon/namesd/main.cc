// SPDX-License-Identifier: Apache-2.0
//
// latchkey-namesd: the users and groups of the names file, for libnss-systemd (docs/NAMES.md). It
// binds its socket itself and is never activated by it: the service manager asks for names while it
// starts a unit, and would wait for itself. It asks nobody for a name either.
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sysexits.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <utility>

#include "core/base/time.h"
#include "daemon/namesd/desk.h"
#include "daemon/namesd/log.h"
#include "daemon/namesd/options.h"
#include "daemon/namesd/peers.h"
#include "daemon/namesd/server.h"
#include "daemon/namesd/sources.h"
#include "ipc/fault.h"
#include "ipc/unix_socket.h"

namespace latchkey::namesd {
namespace {

constexpr int kBacklog = 4'096;  // a flood of connects queues here; the kernel's own limit counts

ipc::Result<ipc::Fd> take_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT}) sigaddset(&set, number);
  if (::sigprocmask(SIG_BLOCK, &set, nullptr) != 0) return ipc::system_fault("sigprocmask", errno);
  ipc::Fd signals(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals) return ipc::system_fault("signalfd", errno);
  return signals;
}

int run(const Options& options) {
  const Log log(std::getenv("JOURNAL_STREAM") != nullptr);
  ::umask(0077);
  auto signals = take_signals();
  if (!signals) {
    log.error(signals.error().detail);
    return EX_OSERR;
  }
  auto listener = ipc::listen_at({.path = options.socket,
                                  .type = ipc::SocketType::stream,
                                  .mode = 0666,
                                  .owner = {},
                                  .group = {},
                                  .backlog = kBacklog});
  if (!listener) {
    log.error(listener.error().detail);
    return listener.error().kind == ipc::FaultKind::malformed ? EX_USAGE : EX_OSERR;
  }
  Sources sources({options.names, options.passwd, options.group, options.names_owner}, log);
  Desk desk(
      {.vendor = "Latchkey", .product = "latchkey-namesd", .version = LATCHKEY_VERSION, .url = ""},
      [](const ipc::Peer& peer) { return is_sshd(peer); });
  Server server({.listener = *std::move(listener),
                 .signals = *std::move(signals),
                 .desk = desk,
                 .book = [&](Server::TimePoint now) {
                   const auto wall = std::chrono::time_point_cast<WallTime::duration>(
                       std::chrono::system_clock::now());
                   return sources.book(wall, now);
                 }});
  server.run();
  return EX_OK;
}

}  // namespace
}  // namespace latchkey::namesd

int main(int argc, char** argv) {
  const auto parsed = latchkey::namesd::parse_options(argc, argv);
  return parsed.options ? latchkey::namesd::run(*parsed.options) : parsed.exit_code;
}
