// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/io/pam_server.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <exception>
#include <string>
#include <utility>

#include "ipc/unix_socket.h"

namespace latchkey::latchkeyd {
namespace {

constexpr std::chrono::milliseconds kPause{100};
constexpr int kShedMost = 16;  // connections refused before a pause

ipc::Fd open_spare() { return ipc::Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

// Whoever calls is root: the socket's mode says so, and this is the second lock. A daemon that is
// not root takes its own user's programs, too, which could do it no harm that it cannot do itself;
// so it can be tried without root.
bool may_speak(const ipc::Peer& peer) { return peer.uid == 0 || peer.uid == ::geteuid(); }

}  // namespace

PamServer::PamServer(Loop& loop, ipc::Fd listener, Journal& journal, Serve serve)
    : loop_(loop),
      socket_(std::move(listener)),
      listener_(loop.context()),
      pause_(loop.context()),
      spare_(open_spare()),
      journal_(journal),
      serve_(std::move(serve)) {}

void PamServer::lead(std::function<bool()> busy, std::function<void()> call_help) {
  busy_ = std::move(busy);
  call_help_ = std::move(call_help);
  listener_.assign(socket_.release());  // from now on each connection wakes this thread
  spawn(run_leader());
}

void PamServer::help() {
  if (helping_.exchange(true)) return;
  loop_.post([this] { spawn(run_helper()); });
}

void PamServer::stop() {
  stopped_ = true;
  asio::error_code ignored;
  listener_.close(ignored);
  socket_.reset();
  pause_.cancel();
}

// Nothing of it throws but for want of memory; without its accept loop a daemon is better off dead
// and restarted.
void PamServer::spawn(asio::awaitable<void> work) {
  asio::co_spawn(loop_.context(), std::move(work), [](const std::exception_ptr& failure) {
    if (failure) std::rethrow_exception(failure);
  });
}

// Two that wait at the same time are a queue. (One that waits after another was served is none: a
// single client may have come back while this thread was not running.) A worker that has nothing
// open takes the next one as fast as another would, and need not look.
asio::awaitable<void> PamServer::run_leader() {
  while (!stopped_) {
    ipc::Fd first = co_await accept_next();
    if (first) {
      ipc::Fd second = busy_() ? accept_now() : ipc::Fd();
      if (second) call_help_();
      admit(std::move(first));
      if (second) admit(std::move(second));
      co_await asio::post(loop_.context(), asio::use_awaitable);  // they run as far as they go
    } else if (!stopped_) {
      asio::error_code error;
      co_await listener_.async_wait(asio::posix::descriptor_base::wait_read,
                                    asio::redirect_error(asio::use_awaitable, error));
    }
  }
}

asio::awaitable<void> PamServer::run_helper() {
  while (!stopped_) {
    ipc::Fd next = co_await accept_next();
    if (!next) break;
    admit(std::move(next));
    co_await asio::post(loop_.context(), asio::use_awaitable);
  }
  helping_ = false;
}

// The next connection that waits; none where none does.
asio::awaitable<ipc::Fd> PamServer::accept_next() {
  while (!stopped_) {
    ipc::Fd peer = accept_now();
    if (peer || errno == EAGAIN) co_return peer;
    if (errno == EINTR || errno == ECONNABORTED) continue;
    shed(errno);
    co_await pause();
  }
  co_return ipc::Fd();
}

ipc::Fd PamServer::accept_now() {
  const int listener = socket_ ? socket_.get() : listener_.native_handle();
  return ipc::Fd(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
}

asio::awaitable<void> PamServer::pause() {
  asio::error_code error;
  pause_.expires_after(kPause);
  co_await pause_.async_wait(asio::redirect_error(asio::use_awaitable, error));
}

void PamServer::admit(ipc::Fd peer) {
  if (std::exchange(shedding_, false)) {
    journal_.log(LogLevel::notice, "connections are accepted again");
  }
  const ipc::Result<ipc::Peer> who = ipc::peer_of(peer.get());
  if (!who || !may_speak(*who)) {
    const std::string uid = who ? std::to_string(who->uid) : "unknown";
    journal_.log(LogLevel::warning, "a peer that is not root was turned away from pam.sock",
                 {{"peer_uid", uid}});
    return;
  }
  serve_(std::move(peer), who->pid);
}

// No descriptor or no memory is left: what waits gets an end of file at once, which the module
// takes for "unavailable", instead of a wait for its deadline. Said once, however long it lasts.
void PamServer::shed(int error) {
  if (!std::exchange(shedding_, true)) {
    journal_.log(LogLevel::error, "connections cannot be accepted",
                 {{"error", ::strerrordesc_np(error)}});
  }
  spare_.reset();
  for (int i = 0; i < kShedMost; ++i) {
    if (!accept_now()) break;
  }
  spare_ = open_spare();
}

}  // namespace latchkey::latchkeyd
