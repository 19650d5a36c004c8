// SPDX-License-Identifier: Apache-2.0
//
// One worker's end of pam.sock: accepts connections, lets nobody but root's in, and hands them on.
// All workers accept from duplicates of one listener. Where descriptors or memory run out it
// refuses what waits and pauses: it never spins.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>

#include <functional>

#include "daemon/latchkeyd/io/journal.h"
#include "daemon/latchkeyd/io/loop.h"
#include "ipc/fd.h"

namespace latchkey::latchkeyd {

class PamServer {
 public:
  // `listener` is listening and non-blocking. `serve` runs on the loop's thread for each connection
  // of an allowed peer.
  PamServer(Loop& loop, ipc::Fd listener, Journal& journal, std::function<void(ipc::Fd)> serve);

  // On the loop's thread, once each. After stop() nothing is accepted; the listener is closed.
  void start();
  void stop();

 private:
  asio::awaitable<void> run();
  asio::awaitable<void> pause();
  void admit(ipc::Fd peer);
  void shed(int error);

  asio::posix::stream_descriptor listener_;
  asio::steady_timer pause_;
  ipc::Fd spare_;  // given up for a moment, so that a waiting connection can be refused where no
                   // descriptor is left
  Journal& journal_;
  std::function<void(ipc::Fd)> serve_;
  bool shedding_ = false;  // connections were refused since the last good one
  bool stopped_ = false;
};

}  // namespace latchkey::latchkeyd
