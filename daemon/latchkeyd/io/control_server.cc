// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/io/control_server.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "ipc/varlink.h"

namespace latchkey::latchkeyd {
namespace {

constexpr std::chrono::milliseconds kAcceptPause{100};
constexpr uid_t kRoot = 0;

}  // namespace

// Reads a call, waits for its answer, sends that, reads the next. Whatever a handler finds when its
// wait is over, it holds on to the client, and acts only while the server still has it.
class ControlServer::Client : public std::enable_shared_from_this<Client> {
 public:
  Client(ControlServer& server, ipc::Fd socket, const ipc::Peer& peer)
      : server_(&server),
        socket_(server.loop_.context(), socket.release()),
        timer_(server.loop_.context()),
        peer_(peer),
        framer_(ipc::varlink::kCallMost) {}

  const ipc::Peer& peer() const { return peer_; }

  void start() {
    set_deadline(server_->limits_.idle);
    read();
  }

  // The server has dropped it.
  void end() {
    server_ = nullptr;
    timer_.cancel();
    asio::error_code ignored;
    socket_.close(ignored);
  }

 private:
  void set_deadline(std::chrono::milliseconds within) {
    timer_.expires_after(within);
    timer_.async_wait([weak = weak_from_this()](const asio::error_code& error) {
      const auto client = weak.lock();
      if (client && !error) client->drop();
    });
  }

  void drop() {
    if (server_ != nullptr) server_->drop(*this);
  }

  void wait(asio::posix::descriptor_base::wait_type type, void (Client::*next)()) {
    socket_.async_wait(type, [weak = weak_from_this(), next](const asio::error_code& error) {
      const auto client = weak.lock();
      if (client && client->server_ != nullptr && !error) (client.get()->*next)();
    });
  }

  // Calls that came together are answered one after the other: an answer that is there at once lets
  // this loop go on, a later one begins it anew.
  void read() {
    if (reading_) return;
    reading_ = true;
    read_calls();
    reading_ = false;
  }

  void read_calls() {
    while (server_ != nullptr && !calling_) {
      auto message = framer_.next();
      if (!message) return refuse(message.error().detail);
      if (const auto& whole = *message) {
        call(*whole);
        continue;
      }
      const auto room = framer_.prepare();
      const ssize_t size = ::recv(socket_.native_handle(), room.data(), room.size(), MSG_DONTWAIT);
      if (size < 0 && errno == EINTR) continue;
      if (size < 0 && errno == EAGAIN) {
        return wait(asio::posix::descriptor_base::wait_read, &Client::read);
      }
      if (size <= 0) return drop();
      framer_.commit(static_cast<std::size_t>(size));
    }
  }

  void call(std::string_view message) {
    calling_ = true;
    timer_.cancel();
    const auto handled =
        server_->service_.handle(message, peer_, [weak = weak_from_this()](std::string reply) {
          const auto client = weak.lock();
          if (client && client->server_ != nullptr) client->answer(std::move(reply));
        });
    if (!handled) return refuse(handled.error().detail);
    if (calling_) watch_for_the_end();
  }

  // A call has no deadline while it is worked on, and nobody reads then: without this, whoever hung
  // up would keep the place until the answer is there. One that only ended its own side (shutdown)
  // still waits for its answer. What else it sent before it hung up is not begun.
  void watch_for_the_end() {
    if (server_ == nullptr || std::exchange(watching_, true)) return;
    wait(asio::posix::descriptor_base::wait_error, &Client::look_for_the_end);
  }

  void look_for_the_end() {
    watching_ = false;
    if (calling_) drop();  // else reading finds it
  }

  void answer(std::string reply) {
    out_ = std::move(reply);
    sent_ = 0;
    set_deadline(server_->limits_.sending);
    send();
  }

  void send() {
    while (sent_ < out_.size()) {
      const ssize_t size = ::send(socket_.native_handle(), out_.data() + sent_, out_.size() - sent_,
                                  MSG_DONTWAIT | MSG_NOSIGNAL);
      if (size < 0 && errno == EINTR) continue;
      if (size < 0 && errno == EAGAIN) {
        return wait(asio::posix::descriptor_base::wait_write, &Client::send);
      }
      if (size <= 0) return drop();
      sent_ += static_cast<std::size_t>(size);
    }
    out_ = {};
    calling_ = false;
    set_deadline(server_->limits_.idle);
    read();
  }

  void refuse(const std::string& why) {
    server_->journal_.log(LogLevel::notice, "a connection to the control socket was ended",
                          {{"peer_uid", std::to_string(peer_.uid)},
                           {"peer_pid", std::to_string(peer_.pid)},
                           {"error", why}});
    drop();
  }

  ControlServer* server_;  // null once it is dropped
  asio::posix::stream_descriptor socket_;
  asio::steady_timer timer_;
  ipc::Peer peer_;
  ipc::varlink::Framer framer_;
  bool reading_ = false;
  bool calling_ = false;
  bool watching_ = false;  // for the end of the connection
  std::string out_;
  std::size_t sent_ = 0;
};

ControlServer::ControlServer(Loop& loop, ipc::Fd listener, const ipc::varlink::Service& service,
                             Journal& journal, Limits limits)
    : loop_(loop),
      listener_(loop.context(), listener.release()),
      pause_(loop.context()),
      service_(service),
      journal_(journal),
      limits_(limits),
      alive_(std::make_shared<bool>(true)) {}

ControlServer::~ControlServer() {
  for (const auto& [key, client] : clients_) client->end();
}

void ControlServer::start() { accept(); }

void ControlServer::accept() {
  while (true) {
    ipc::Fd socket(
        ::accept4(listener_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (socket) {
      admit(std::move(socket));
      continue;
    }
    if (errno == EINTR || errno == ECONNABORTED) continue;
    if (errno != EAGAIN) return pause();
    return listener_.async_wait(
        asio::posix::descriptor_base::wait_read,
        [this, alive = std::weak_ptr(alive_)](const asio::error_code& error) {
          if (!alive.expired() && !error) accept();
        });
  }
}

// Out of descriptors or memory: what waits stays in the queue, and nothing spins.
void ControlServer::pause() {
  journal_.log(LogLevel::error, "the control socket accepts nobody for a moment",
               {{"error", std::system_category().message(errno)}});
  pause_.expires_after(kAcceptPause);
  pause_.async_wait([this, alive = std::weak_ptr(alive_)](const asio::error_code& error) {
    if (!alive.expired() && !error) accept();
  });
}

void ControlServer::admit(ipc::Fd socket) {
  const auto peer = ipc::peer_of(socket.get());
  if (!peer) return;
  const auto others = std::count_if(clients_.begin(), clients_.end(), [](const auto& entry) {
    return entry.first->peer().uid != kRoot;
  });
  const auto same = std::count_if(clients_.begin(), clients_.end(), [&](const auto& entry) {
    return entry.first->peer().uid == peer->uid;
  });
  // Root is not counted against the others, and has as many places of its own.
  const bool room = peer->uid == kRoot
                        ? static_cast<std::size_t>(same) < limits_.clients
                        : static_cast<std::size_t>(others) < limits_.clients &&
                              static_cast<std::size_t>(same) < limits_.clients_of_uid;
  if (!room) {
    journal_.log(LogLevel::warning, "too many connections to the control socket",
                 {{"peer_uid", std::to_string(peer->uid)}});
    return;
  }
  auto client = std::make_shared<Client>(*this, std::move(socket), *peer);
  clients_.emplace(client.get(), client);
  client->start();
}

void ControlServer::drop(const Client& client) {
  const auto found = clients_.find(&client);
  if (found == clients_.end()) return;
  const std::shared_ptr<Client> dropped = std::move(found->second);
  clients_.erase(found);
  dropped->end();
}

}  // namespace latchkey::latchkeyd
