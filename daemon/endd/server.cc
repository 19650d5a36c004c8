// SPDX-License-Identifier: Apache-2.0
#include "daemon/endd/server.h"

#include <poll.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace latchkey::endd {
namespace {

constexpr std::chrono::seconds kWaitMost{2};  // well below the unit's WatchdogSec
constexpr std::size_t kAnswersMost = 1U << 20U;

}  // namespace

void Server::run() {
  ::sd_notify(0, "READY=1");
  for (;;) {
    std::vector<pollfd> waited{{parts_.signals.get(), POLLIN, 0}};
    const bool accepting = clients_.size() < kClientsMost;
    waited.push_back({accepting ? parts_.listener.get() : -1, POLLIN, 0});
    for (const Client& client : clients_) {
      const int events = client.answers.empty() ? POLLIN : POLLOUT;
      waited.push_back({client.socket.get(), static_cast<short>(events), 0});
    }
    ::poll(waited.data(), waited.size(), time_to_wait(std::chrono::steady_clock::now()));
    const TimePoint now = std::chrono::steady_clock::now();
    if ((waited[0].revents & POLLIN) != 0) break;
    std::size_t place = 2;
    for (auto client = clients_.begin(); client != clients_.end(); ++place) {
      const bool ready = waited[place].revents != 0;
      const bool keep = (!ready || serve(*client, now)) && client->give_up_at > now;
      client = keep ? std::next(client) : clients_.erase(client);
    }
    if (waited[1].revents != 0) accept(now);
    parts_.tick(now);
    ::sd_notify(0, "WATCHDOG=1");
  }
  ::sd_notify(0, "STOPPING=1");
}

int Server::time_to_wait(TimePoint now) {
  TimePoint until = std::min(now + kWaitMost, parts_.next());
  for (const Client& client : clients_) until = std::min(until, client.give_up_at);
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now);
  return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
}

void Server::accept(TimePoint now) {
  ipc::Fd socket(::accept4(parts_.listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket) return;
  const auto peer = ipc::peer_of(socket.get());
  if (!peer ||
      std::find(parts_.peers.begin(), parts_.peers.end(), peer->uid) == parts_.peers.end()) {
    parts_.log.warning("somebody connected who may not");
    return;
  }
  clients_.push_back({.socket = std::move(socket), .peer = *peer, .give_up_at = now + kIdle});
}

bool Server::serve(Client& client, TimePoint now) {
  return client.answers.empty() ? read(client, now) : write(client);
}

bool Server::read(Client& client, TimePoint now) {
  const auto room = client.framer.prepare();
  const ssize_t got = ::recv(client.socket.get(), room.data(), room.size(), 0);
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  if (got == 0) return false;
  client.framer.commit(static_cast<std::size_t>(got));
  for (;;) {
    auto message = client.framer.next();
    if (!message) return false;
    const std::optional<std::string_view>& whole = *message;
    if (!whole) break;
    client.give_up_at = now + kIdle;
    const auto handled = parts_.service.handle(
        *whole, client.peer, [&](const std::string& answer) { client.answers += answer; });
    if (!handled || client.answers.size() > kAnswersMost) return false;
  }
  return client.answers.empty() || write(client);
}

bool Server::write(Client& client) {
  const ssize_t sent =
      ::send(client.socket.get(), client.answers.data(), client.answers.size(), MSG_NOSIGNAL);
  if (sent < 0) return errno == EAGAIN || errno == EINTR;
  client.answers.erase(0, static_cast<std::size_t>(sent));
  return true;
}

}  // namespace latchkey::endd
