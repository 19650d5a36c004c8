// SPDX-License-Identifier: Apache-2.0
//
// One SOCK_SEQPACKET connection as a coroutine sees it. Tries the system call first and goes to
// Asio only where it would block: most frames are there already, and then no descriptor is ever
// registered (PLATFORM section 9). One deadline a conversation, kept in one table a thread; when it
// passes, the connection is at its end for whoever waits, and for good.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>

#include "core/base/time.h"
#include "ipc/fd.h"
#include "wire/secret_buffer.h"

namespace latchkey::latchkeyd {

class Channel;

// The deadlines of all channels of one thread behind one timer, which is set anew only when it has
// fired: a deadline that is met costs no system call.
class Deadlines {
 public:
  using Table = std::multimap<SteadyTime, Channel*>;

  explicit Deadlines(asio::io_context& context) : timer_(context) {}

  Table::iterator add(SteadyTime at, Channel& channel);
  void remove(Table::iterator entry) { table_.erase(entry); }

 private:
  void arm();
  void fire();

  asio::steady_timer timer_;
  std::optional<SteadyTime> armed_for_;
  Table table_;
};

enum class Received : std::uint8_t {
  message,  // one message was added to the buffer
  cut,      // the message was longer than the room
  ended,    // the peer closed, or sent an empty message, which no frame is
  expired,  // the deadline passed, or expire() was called
  failed,   // a system call failed
};

class Channel {
 public:
  // `socket` is connected and non-blocking.
  Channel(asio::io_context& context, Deadlines& deadlines, ipc::Fd socket);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  void set_deadline(SteadyTime at);

  // Adds one message to `into`; whatever the outcome, all that was written there is content and
  // will be wiped with it.
  asio::awaitable<Received> receive(wire::SecretBuffer& into);

  // Sends one message, which need not outlive the call's first wait; false where the peer is gone,
  // the deadline passed or a system call failed.
  asio::awaitable<bool> send(std::span<const std::byte> message);

  // Ends the wait of now and every later one.
  void expire();

 private:
  bool make_room(std::size_t size);
  asio::awaitable<bool> wait(asio::posix::descriptor_base::wait_type type);

  Deadlines& deadlines_;
  ipc::Fd socket_;
  asio::posix::stream_descriptor descriptor_;  // holds the socket from the first wait on
  int number_;
  SteadyTime deadline_{SteadyTime::max()};
  std::optional<Deadlines::Table::iterator> watched_;
  bool expired_ = false;
  bool widened_ = false;
};

}  // namespace latchkey::latchkeyd
