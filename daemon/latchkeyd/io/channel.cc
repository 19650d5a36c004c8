// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/io/channel.h"

#include <sys/socket.h>

#include <algorithm>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>
#include <utility>
#include <vector>

namespace latchkey::latchkeyd {

Deadlines::Table::iterator Deadlines::add(SteadyTime at, Channel& channel) {
  const auto entry = table_.emplace_hint(table_.end(), at, &channel);
  if (!armed_for_ || at < *armed_for_) arm();
  return entry;
}

void Deadlines::arm() {
  armed_for_ = table_.begin()->first;
  timer_.expires_at(*armed_for_);
  timer_.async_wait([this](asio::error_code error) {
    if (!error) fire();  // else it was set anew, or the thread ends
  });
}

void Deadlines::fire() {
  armed_for_.reset();
  const SteadyTime now = SteadyTime::clock::now();
  while (!table_.empty() && table_.begin()->first <= now) table_.begin()->second->expire();
  if (!table_.empty()) arm();
}

Channel::Channel(asio::io_context& context, Deadlines& deadlines, ipc::Fd socket)
    : deadlines_(deadlines),
      socket_(std::move(socket)),
      descriptor_(context),
      number_(socket_.get()) {}

Channel::~Channel() {
  if (watched_) deadlines_.remove(*watched_);
}

void Channel::set_deadline(SteadyTime at) {
  deadline_ = at;
  if (watched_) {
    deadlines_.remove(*watched_);
    watched_ = deadlines_.add(deadline_, *this);
  }
}

void Channel::expire() {
  expired_ = true;
  if (watched_) deadlines_.remove(*std::exchange(watched_, std::nullopt));
  asio::error_code ignored;
  descriptor_.cancel(ignored);
}

asio::awaitable<Received> Channel::receive(wire::SecretBuffer& into) {
  while (!expired_) {
    const std::span<std::byte> room = into.room();
    // With MSG_TRUNC the result is the message's own length, however much of it fitted.
    const ssize_t got = ::recv(number_, room.data(), room.size(), MSG_DONTWAIT | MSG_TRUNC);
    if (got > 0) {
      const auto size = static_cast<std::size_t>(got);
      const bool kept = into.grow(std::min(size, room.size()));
      co_return (kept && size <= room.size()) ? Received::message : Received::cut;
    }
    if (got == 0 || errno == ECONNRESET) co_return Received::ended;
    if (errno == EINTR) continue;
    if (errno != EAGAIN) co_return Received::failed;
    const bool waited = co_await wait(asio::posix::descriptor_base::wait_read);
    if (!waited) break;
  }
  co_return expired_ ? Received::expired : Received::failed;
}

asio::awaitable<bool> Channel::send(std::span<const std::byte> message) {
  std::vector<std::byte> kept;  // the caller's buffer is good until the first wait
  while (!expired_) {
    const ssize_t sent =
        ::send(number_, message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) co_return static_cast<std::size_t>(sent) == message.size();
    if (errno == EINTR || (errno == EMSGSIZE && make_room(message.size()))) continue;
    if (errno != EAGAIN) co_return false;
    if (kept.empty()) {
      kept.assign(message.begin(), message.end());
      message = kept;
    }
    const bool waited = co_await wait(asio::posix::descriptor_base::wait_write);
    if (!waited) break;
  }
  co_return false;
}

// The host's default (net.core.wmem_default) may be less than a frame is long. Once.
bool Channel::make_room(std::size_t size) {
  const int room = static_cast<int>(4 * size);
  return !std::exchange(widened_, true) &&
         ::setsockopt(number_, SOL_SOCKET, SO_SNDBUF, &room, sizeof room) == 0;
}

// False where nothing can be waited for any more.
asio::awaitable<bool> Channel::wait(asio::posix::descriptor_base::wait_type type) {
  asio::error_code error;
  if (!descriptor_.is_open()) {
    descriptor_.assign(number_, error);
    if (error) co_return false;
    static_cast<void>(socket_.release());
  }
  if (!watched_ && deadline_ != SteadyTime::max()) watched_ = deadlines_.add(deadline_, *this);
  co_await descriptor_.async_wait(type, asio::redirect_error(asio::use_awaitable, error));
  co_return !error && !expired_;
}

}  // namespace latchkey::latchkeyd
