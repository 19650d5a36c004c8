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
#include "wire/limits.h"

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

PamServer::PamServer(Loop& loop, ipc::Fd listener, Journal& journal,
                     std::function<void(ipc::Fd)> serve)
    : listener_(loop.context(), listener.release()),
      pause_(loop.context()),
      spare_(open_spare()),
      journal_(journal),
      serve_(std::move(serve)) {}

void PamServer::start() {
  // Nothing in run() throws but for want of memory; without its accept loop a daemon is better off
  // dead and restarted.
  asio::co_spawn(listener_.get_executor(), run(), [](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
  });
}

void PamServer::stop() {
  stopped_ = true;
  asio::error_code ignored;
  listener_.close(ignored);
  pause_.cancel();
}

// One connection at a time, so that the others that wait can go to the other workers.
asio::awaitable<void> PamServer::run() {
  while (!stopped_) {
    const int peer =
        ::accept4(listener_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (peer >= 0) {
      admit(ipc::Fd(peer));
      co_await asio::post(listener_.get_executor(), asio::use_awaitable);
    } else if (errno == EAGAIN) {
      asio::error_code error;
      co_await listener_.async_wait(asio::posix::descriptor_base::wait_read,
                                    asio::redirect_error(asio::use_awaitable, error));
    } else if (errno != EINTR && errno != ECONNABORTED) {
      shed(errno);
      co_await pause();
    }
  }
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
  // The default may have been set lower than a Verdict is long.
  const int room = static_cast<int>(4 * wire::kToModuleMost);
  static_cast<void>(::setsockopt(peer.get(), SOL_SOCKET, SO_SNDBUF, &room, sizeof room));
  serve_(std::move(peer));
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
    const ipc::Fd refused(
        ::accept4(listener_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!refused) break;
  }
  spare_ = open_spare();
}

}  // namespace latchkey::latchkeyd
