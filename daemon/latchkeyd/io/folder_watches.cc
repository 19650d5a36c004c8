// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/io/folder_watches.h"

#include <utility>

namespace latchkey::latchkeyd {

FolderWatches::FolderWatches(Loop& loop, Journal& journal, std::function<void()> changed)
    : loop_(loop), journal_(journal), changed_(std::move(changed)) {}

void FolderWatches::watch(const std::set<std::string>& folders) {
  std::erase_if(watches_, [&](const auto& each) { return !folders.contains(each.first); });
  for (const std::string& folder : folders) {
    auto& watch = watches_[folder];
    if (!watch) watch = std::make_unique<FolderWatch>(loop_, folder, journal_, changed_);
  }
}

}  // namespace latchkey::latchkeyd
