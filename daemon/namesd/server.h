// SPDX-License-Identifier: Apache-2.0
//
// The socket: many short Varlink connections of anybody, on one thread. Nobody can take another
// user's room, make the program hold more than a few KiB for him, or keep it from its turn.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "daemon/namesd/answer.h"
#include "daemon/namesd/desk.h"
#include "daemon/namesd/log.h"
#include "ipc/fd.h"
#include "ipc/unix_socket.h"
#include "ipc/varlink.h"

namespace latchkey::namesd {

class Server {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  static constexpr std::size_t kRootMost = 128;    // connections of root
  static constexpr std::size_t kOthersMost = 384;  // of all others
  static constexpr std::size_t kUserMost = 64;     // of each of them
  static constexpr std::size_t kCallMost = 4'096;
  static constexpr std::size_t kAnswerWaits = 16'384;  // bytes of an answer, and one record
  static constexpr std::chrono::seconds kIdle{30};     // for the next whole call
  static constexpr std::chrono::seconds kTaking{10};   // for an answer, from its call on

  // `desk` outlives it.
  struct Parts {
    ipc::Fd listener;  // listening, stream, non-blocking; none: connections come by adopt()
    ipc::Fd signals;   // readable: end
    Desk& desk;
    std::function<Desk::Shown(TimePoint)> book;
    std::function<TimePoint()> now = [] { return std::chrono::steady_clock::now(); };
  };

  explicit Server(Parts parts);

  // Until a signal ends it. Tells the service manager that it is ready, and that it lives.
  void run();

  // One turn of the loop: waits for at most so long, and does what there is to do. False where a
  // signal wants the end.
  bool turn(std::chrono::milliseconds wait);

  // A connection of that peer. One that is quiet for the longest may close for it.
  void adopt(ipc::Fd socket, const ipc::Peer& peer);

  std::size_t connections() const { return clients_.size(); }

 private:
  struct Client {
    ipc::Fd socket;
    ipc::Peer peer;
    ipc::varlink::Framer framer{kCallMost};
    Answer answer;
    std::string out;
    std::size_t sent = 0;  // of `out`
    TimePoint give_up_at;
    std::uint64_t active = 0;  // rises with every activity of anybody
    std::uint32_t waited = 0;  // events that epoll was told
  };
  using Clients = std::map<int, Client>;

  void accept();
  void make_room(const ipc::Peer& peer);
  void close_quietest(const std::function<bool(const Client&)>& among);
  void drop_overdue();
  bool advance(Client& client);
  bool read(Client& client, bool& more);
  bool flush(Client& client);
  bool wait_for(Client& client, std::uint32_t events);
  void tell_alive(TimePoint now);

  Parts parts_;
  ipc::Fd epoll_;
  Clients clients_;  // by descriptor
  Desk::Shown book_;
  std::uint64_t activity_ = 0;
  TimePoint looked_at_;  // for those who are overdue
  TimePoint alive_at_;
};

}  // namespace latchkey::namesd
