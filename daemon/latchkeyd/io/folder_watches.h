// SPDX-License-Identifier: Apache-2.0
//
// Watches of several folders, as the configuration names them. A folder that stays is watched on,
// without a gap in which a change could be missed.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "daemon/latchkeyd/io/folder_watch.h"

namespace latchkey::latchkeyd {

class FolderWatches {
 public:
  // As FolderWatch; `changed` is told of any of them.
  FolderWatches(Loop& loop, Journal& journal, std::function<void()> changed);

  // These from now on, and no others.
  void watch(const std::set<std::string>& folders);

 private:
  Loop& loop_;
  Journal& journal_;
  std::function<void()> changed_;
  std::map<std::string, std::unique_ptr<FolderWatch>> watches_;
};

}  // namespace latchkey::latchkeyd
