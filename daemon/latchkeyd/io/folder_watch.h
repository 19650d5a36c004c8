// SPDX-License-Identifier: Apache-2.0
//
// Tells that something in a folder may have changed (inotify): whoever is told looks for itself. A
// folder that is renamed or removed counts as changed, and whatever has its path later on is
// watched in its stead. Renaming a folder further up is not seen.
#pragma once

#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "daemon/latchkeyd/io/journal.h"
#include "daemon/latchkeyd/io/loop.h"

namespace latchkey::latchkeyd {

class FolderWatch {
 public:
  // How often a path is looked at where no folder has it.
  static constexpr std::chrono::milliseconds kAgain{1'000};

  // `changed` runs on the loop's thread. Where the kernel gives no watch, the journal says so, and
  // nothing is told until it gives one.
  FolderWatch(Loop& loop, const std::string& folder, Journal& journal,
              std::function<void()> changed, std::chrono::milliseconds again = kAgain);
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;

 private:
  struct State;

  static void wait(const std::shared_ptr<State>& state);
  static void watch_later(const std::shared_ptr<State>& state);

  std::shared_ptr<State> state_;  // handlers of a watch that is gone find nothing
};

}  // namespace latchkey::latchkeyd
