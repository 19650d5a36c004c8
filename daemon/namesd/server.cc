// SPDX-License-Identifier: Apache-2.0
#include "daemon/namesd/server.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>

namespace latchkey::namesd {
namespace {

constexpr std::chrono::milliseconds kWaitMost{1'000};  // well below the unit's WatchdogSec
constexpr std::chrono::milliseconds kAliveEvery{500};
constexpr std::size_t kEvents = 64;
constexpr int kAcceptsMost = 64;  // of a turn: those who are connected come between
constexpr int kStepsMost = 64;    // of a connection in a turn

bool add(int epoll, int descriptor) {
  epoll_event event{.events = EPOLLIN, .data = {.fd = descriptor}};
  return ::epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

}  // namespace

Server::Server(Parts parts) : parts_(std::move(parts)), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  // Without it there is nothing to be done; the service manager starts another one.
  if (!epoll_ || !add(epoll_.get(), parts_.signals.get())) std::abort();
  if (parts_.listener && !add(epoll_.get(), parts_.listener.get())) std::abort();
}

void Server::run() {
  book_ = parts_.book(parts_.now());
  ::sd_notify(0, "READY=1");
  while (turn(kWaitMost)) {
  }
  ::sd_notify(0, "STOPPING=1");
}

bool Server::turn(std::chrono::milliseconds wait) {
  std::array<epoll_event, kEvents> events{};
  const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                                 static_cast<int>(wait.count()));
  const TimePoint now = parts_.now();
  book_ = parts_.book(now);
  bool connecting = false;
  for (int i = 0; i < count; ++i) {
    const int descriptor = events[static_cast<std::size_t>(i)].data.fd;
    if (descriptor == parts_.signals.get()) return false;
    if (descriptor == parts_.listener.get()) {
      connecting = true;
      continue;
    }
    const auto client = clients_.find(descriptor);
    if (client != clients_.end() && !advance(client->second)) clients_.erase(client);
  }
  // Last, so that no descriptor of this turn's events is another connection's by now.
  if (connecting) accept();
  if (now - looked_at_ >= kWaitMost) drop_overdue();
  tell_alive(now);
  return true;
}

void Server::tell_alive(TimePoint now) {
  if (now - alive_at_ < kAliveEvery) return;
  alive_at_ = now;
  ::sd_notify(0, "WATCHDOG=1");
}

void Server::accept() {
  for (int i = 0; i < kAcceptsMost; ++i) {
    ipc::Fd socket(
        ::accept4(parts_.listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket) {
      if (errno == EMFILE || errno == ENFILE) close_quietest([](const Client&) { return true; });
      return;
    }
    if (const auto peer = ipc::peer_of(socket.get())) adopt(std::move(socket), *peer);
  }
}

void Server::adopt(ipc::Fd socket, const ipc::Peer& peer) {
  make_room(peer);
  const int descriptor = socket.get();
  if (!add(epoll_.get(), descriptor)) return;
  Client& client = clients_[descriptor];
  client.socket = std::move(socket);
  client.peer = peer;
  client.give_up_at = parts_.now() + kIdle;
  client.waited = EPOLLIN;
  client.active = ++activity_;
  // Whoever connects has mostly asked by now.
  if (!advance(client)) clients_.erase(descriptor);
}

void Server::make_room(const ipc::Peer& peer) {
  const bool root = peer.uid == 0;
  const auto close_at = [&](std::size_t most, const std::function<bool(const Client&)>& among) {
    const auto count = std::count_if(clients_.begin(), clients_.end(),
                                     [&](const auto& each) { return among(each.second); });
    if (static_cast<std::size_t>(count) >= most) close_quietest(among);
  };
  if (!root) close_at(kUserMost, [&](const Client& c) { return c.peer.uid == peer.uid; });
  close_at(root ? kRootMost : kOthersMost,
           [&](const Client& c) { return (c.peer.uid == 0) == root; });
}

void Server::close_quietest(const std::function<bool(const Client&)>& among) {
  auto quietest = clients_.end();
  for (auto each = clients_.begin(); each != clients_.end(); ++each) {
    if (!among(each->second)) continue;
    if (quietest == clients_.end() || each->second.active < quietest->second.active)
      quietest = each;
  }
  if (quietest != clients_.end()) clients_.erase(quietest);
}

void Server::drop_overdue() {
  looked_at_ = parts_.now();
  std::erase_if(clients_, [&](const auto& each) { return each.second.give_up_at <= looked_at_; });
}

// What was read is answered before more is read, and one answer is taken before the next is made.
bool Server::advance(Client& client) {
  client.active = ++activity_;
  for (int step = 0; step < kStepsMost; ++step) {
    if (!flush(client)) return false;
    if (!client.out.empty()) return wait_for(client, EPOLLOUT);
    if (!client.answer.done()) {
      client.answer.write(client.out, kAnswerWaits);
      continue;
    }
    const auto message = client.framer.next();
    if (!message) return false;
    if (const std::optional<std::string_view>& whole = *message) {
      auto answer = parts_.desk.answer(*whole, client.peer, book_, parts_.now());
      if (!answer) return false;
      client.answer = *std::move(answer);
      client.give_up_at = parts_.now() + (client.answer.done() ? kIdle : kTaking);
      continue;
    }
    bool more = false;
    if (!read(client, more)) return false;
    if (!more) return wait_for(client, EPOLLIN);
  }
  return wait_for(client, EPOLLOUT);  // its next turn comes at once, behind those of the others
}

bool Server::read(Client& client, bool& more) {
  const auto room = client.framer.prepare();
  const ssize_t got = ::recv(client.socket.get(), room.data(), room.size(), 0);
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  if (got == 0) return false;
  client.framer.commit(static_cast<std::size_t>(got));
  more = true;
  return true;
}

bool Server::flush(Client& client) {
  while (client.sent < client.out.size()) {
    const ssize_t step = ::send(client.socket.get(), client.out.data() + client.sent,
                                client.out.size() - client.sent, MSG_NOSIGNAL);
    if (step < 0 && errno == EINTR) continue;
    if (step < 0) return errno == EAGAIN;
    client.sent += static_cast<std::size_t>(step);
  }
  if (client.out.empty()) return true;
  client.out.clear();
  client.sent = 0;
  if (client.answer.done()) client.give_up_at = parts_.now() + kIdle;
  return true;
}

bool Server::wait_for(Client& client, std::uint32_t events) {
  if (client.waited == events) return true;
  epoll_event event{.events = events, .data = {.fd = client.socket.get()}};
  client.waited = events;
  return ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, client.socket.get(), &event) == 0;
}

}  // namespace latchkey::namesd
