// SPDX-License-Identifier: Apache-2.0
#include "tests/faults/oracle/socket_player.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <utility>

#include "bench/pam_frames.h"
#include "ipc/packet.h"
#include "wire/codec.h"

namespace latchkey::faults {
namespace {

// The module waits so long for a frame of the daemon.
constexpr std::chrono::milliseconds kDeadline{wire::kDaemonSilenceMs};
constexpr std::size_t kEventsARound = 256;

std::string_view name(wire::Result result) {
  switch (result) {
    case wire::Result::allow:
      return "allow";
    case wire::Result::refused:
      return "refused";
    case wire::Result::user_unknown:
      return "user_unknown";
    case wire::Result::unavailable:
      return "unavailable";
    case wire::Result::not_managed:
      return "not_managed";
    case wire::Result::conversation:
      return "conversation";
  }
  return "nonsense";
}

}  // namespace

SocketPlayer::SocketPlayer(const SocketOptions& options, Schedule& schedule, Commands& commands,
                           Records& records)
    : options_(options),
      schedule_(schedule),
      commands_(commands),
      records_(records),
      address_(bench::address_of(options.socket)),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      next_due_(Clock::now()),
      frame_(wire::kToModuleMost) {
  if (!epoll_) {
    std::perror("oracle: epoll_create1");
    std::exit(2);
  }
}

void SocketPlayer::run() {
  auto flushed_at = Clock::now();
  while (true) {
    commands_.take(schedule_);
    const bool over = commands_.ended() || (options_.most != 0 && begun_ >= options_.most);
    if (over && talks_.empty()) return;
    if (!over) begin_what_is_due();
    retry_waiting();
    wait_for_events();
    end_overdue();
    if (Clock::now() - flushed_at > std::chrono::milliseconds(20)) {
      records_.flush(oldest_open(), commands_.taken());
      flushed_at = Clock::now();
    }
  }
}

bool SocketPlayer::may_begin() const {
  if (options_.most != 0 && begun_ >= options_.most) return false;
  return talks_.size() < (options_.rate > 0 ? options_.in_flight_most : options_.open);
}

void SocketPlayer::begin_what_is_due() {
  if (options_.rate <= 0) {
    while (may_begin()) begin(Clock::now());
    return;
  }
  const auto step =
      std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(1 / options_.rate));
  for (; next_due_ <= Clock::now(); next_due_ += step) {
    if (may_begin()) begin(next_due_);
  }
}

void SocketPlayer::begin(Clock::time_point due) {
  std::optional<Login> login = schedule_.next();
  if (!login) return;
  const std::size_t id = begun_++;
  Talk& talk = talks_[id];
  talk.login = *std::move(login);
  talk.due = due;
  talk.started = Clock::now();
  by_age_.push_back(id);
  if (!connect(id, talk)) waiting_.push_back(id);
}

// False where it has to be tried again: the daemon's queue is full, or nobody listens yet.
bool SocketPlayer::connect(std::size_t id, Talk& talk) {
  ipc::Fd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return false;
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address_), sizeof address_) != 0) {
    return false;
  }
  const Class& kind = schedule_.classes()[talk.login.kind];
  const auto frame = bench::begin_frame(kind.service, kind.user, talk.login.rhost);
  (void)::send(socket.get(), frame.data(), frame.size(), MSG_NOSIGNAL);  // a loss is met on reading
  talk.socket = std::move(socket);
  epoll_event event{.events = EPOLLIN, .data = {.u64 = id}};
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, talk.socket.get(), &event);
  return true;
}

void SocketPlayer::retry_waiting() {
  for (std::size_t count = waiting_.size(); count > 0; --count) {
    const std::size_t id = waiting_.front();
    waiting_.pop_front();
    const auto found = talks_.find(id);
    if (found == talks_.end()) continue;
    if (!connect(id, found->second)) {
      waiting_.push_front(id);
      return;  // the others would not fare better
    }
  }
}

void SocketPlayer::wait_for_events() {
  auto wait = std::chrono::microseconds(waiting_.empty() ? 20'000 : 1'000);
  if (options_.rate > 0) {
    const auto left = std::chrono::ceil<std::chrono::microseconds>(next_due_ - Clock::now());
    wait = std::clamp(left, std::chrono::microseconds(0), wait);
  }
  const timespec most{.tv_sec = 0, .tv_nsec = wait.count() * 1'000};
  std::array<epoll_event, kEventsARound> events;
  const int ready = ::epoll_pwait2(epoll_.get(), events.data(), events.size(), &most, nullptr);
  for (int i = 0; i < ready; ++i) read(events[static_cast<std::size_t>(i)].data.u64);
}

void SocketPlayer::read(std::size_t id) {
  const auto found = talks_.find(id);
  if (found == talks_.end()) return;
  if (const auto outcome = take_frame(found->second)) end(id, *outcome);
}

// What ended the login, or nothing where it goes on.
std::optional<Outcome> SocketPlayer::take_frame(Talk& talk) {
  const ssize_t got = ipc::receive_packet(talk.socket.get(), frame_.data(), frame_.size(), 0);
  if (got < 0 && errno == EAGAIN) return std::nullopt;
  if (got <= 0) return Outcome{"closed", {}};
  const auto frame = std::span(std::as_const(frame_)).first(static_cast<std::size_t>(got));
  const auto type = wire::decode_header(frame);
  if (type && *type == wire::FrameType::ask && !std::exchange(talk.asked, true)) {
    if (answer(talk)) return std::nullopt;
    return Outcome{"closed", {}};
  }
  if (!type || *type != wire::FrameType::verdict) return Outcome{"nonsense", {}};
  const auto verdict = wire::decode_verdict(frame);
  if (!verdict) return Outcome{"nonsense", {}};
  return Outcome{name(verdict->result), bench::reason_in(verdict->text)};
}

bool SocketPlayer::answer(Talk& talk) {
  std::array<std::byte, wire::kHeaderSize> header;
  if (!wire::encode_answer_header(talk.login.token.size(), header)) return false;
  std::array<iovec, 2> parts{iovec{header.data(), header.size()},
                             iovec{talk.login.token.data(), talk.login.token.size()}};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  return ::sendmsg(talk.socket.get(), &message, MSG_NOSIGNAL) >= 0;
}

void SocketPlayer::end(std::size_t id, const Outcome& outcome) {
  const auto found = talks_.find(id);
  const Talk talk = std::move(found->second);
  talks_.erase(found);
  while (!by_age_.empty() && !talks_.contains(by_age_.front())) by_age_.pop_front();
  records_.add({talk.due, talk.started, oldest_open()}, schedule_.classes()[talk.login.kind].name,
               outcome);
}

Clock::time_point SocketPlayer::oldest_open() {
  return by_age_.empty() ? Clock::now() : talks_[by_age_.front()].started;
}

void SocketPlayer::end_overdue() {
  const auto now = Clock::now();
  while (!by_age_.empty()) {
    const Talk& oldest = talks_[by_age_.front()];
    if (now - oldest.started < kDeadline) return;
    end(by_age_.front(), {oldest.socket ? "silent" : "unreachable", {}});
  }
}

}  // namespace latchkey::faults
