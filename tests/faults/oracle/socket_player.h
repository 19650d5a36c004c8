// SPDX-License-Identifier: Apache-2.0
//
// Logins over pam.sock at a steady rate: an open loop in one thread, so that a daemon that stalls
// does not slow down what is sent. Each login is a connection of its own and ends at the module's
// deadline. With a rate of 0 it is a flood instead: as many at once as may be open, as fast as they
// end.
#pragma once

#include <sys/un.h>

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "ipc/fd.h"
#include "tests/faults/oracle/commands.h"
#include "tests/faults/oracle/records.h"
#include "tests/faults/oracle/schedule.h"

namespace latchkey::faults {

struct SocketOptions {
  std::string socket;
  double rate = 100;      // logins a second; 0: a flood
  std::size_t open = 16;  // of a flood
  std::size_t most = 0;   // logins after which it ends; 0: when it is told to
  std::size_t in_flight_most = 4'096;
};

class SocketPlayer {
 public:
  SocketPlayer(const SocketOptions& options, Schedule& schedule, Commands& commands,
               Records& records);

  void run();

 private:
  struct Talk {
    Login login;
    Clock::time_point due;
    Clock::time_point started;
    ipc::Fd socket;
    bool asked = false;
  };

  bool may_begin() const;
  void begin_what_is_due();
  void begin(Clock::time_point due);
  bool connect(std::size_t id, Talk& talk);
  void retry_waiting();
  void wait_for_events();
  void read(std::size_t id);
  std::optional<Outcome> take_frame(Talk& talk);
  bool answer(Talk& talk);
  void end(std::size_t id, const Outcome& outcome);
  void end_overdue();
  Clock::time_point oldest_open();

  const SocketOptions& options_;
  Schedule& schedule_;
  Commands& commands_;
  Records& records_;
  sockaddr_un address_;
  ipc::Fd epoll_;
  std::unordered_map<std::size_t, Talk> talks_;
  std::deque<std::size_t> by_age_;   // oldest first; the first one is open
  std::deque<std::size_t> waiting_;  // the daemon's queue was full
  std::size_t begun_ = 0;
  Clock::time_point next_due_;
  std::vector<std::byte> frame_;
};

}  // namespace latchkey::faults
