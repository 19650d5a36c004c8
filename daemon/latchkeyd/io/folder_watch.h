// SPDX-License-Identifier: Apache-2.0
//
// Tells that something in a folder may have changed (inotify): whoever is told looks for itself.
#pragma once

#include <asio/posix/stream_descriptor.hpp>

#include <functional>
#include <memory>
#include <string>

#include "daemon/latchkeyd/io/journal.h"
#include "daemon/latchkeyd/io/loop.h"

namespace latchkey::latchkeyd {

class FolderWatch {
 public:
  // `changed` runs on the loop's thread. Where the kernel gives no watch, the journal says so and
  // nothing is told.
  FolderWatch(Loop& loop, const std::string& folder, Journal& journal,
              std::function<void()> changed);
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;

 private:
  void wait();

  struct State {
    asio::posix::stream_descriptor descriptor;
    std::function<void()> changed;
  };
  std::shared_ptr<State> state_;  // handlers of a watch that is gone find nothing
};

}  // namespace latchkey::latchkeyd
