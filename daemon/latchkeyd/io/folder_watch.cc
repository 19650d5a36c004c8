// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/io/folder_watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "ipc/fd.h"

namespace latchkey::latchkeyd {
namespace {

constexpr std::uint32_t kEvents =
    IN_ATTRIB | IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR;

ipc::Fd watch(const std::string& folder) {
  ipc::Fd inotify(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (inotify && ::inotify_add_watch(inotify.get(), folder.c_str(), kEvents) < 0) return {};
  return inotify;
}

}  // namespace

FolderWatch::FolderWatch(Loop& loop, const std::string& folder, Journal& journal,
                         std::function<void()> changed) {
  ipc::Fd inotify = watch(folder);
  if (!inotify) {
    journal.log(LogLevel::notice, "a folder cannot be watched; changes are seen when somebody asks",
                {{"path", folder}, {"error", std::system_category().message(errno)}});
    return;
  }
  state_ = std::make_shared<State>(
      State{asio::posix::stream_descriptor(loop.context(), inotify.release()), std::move(changed)});
  wait();
}

void FolderWatch::wait() {
  state_->descriptor.async_wait(
      asio::posix::descriptor_base::wait_read,
      [this, weak = std::weak_ptr(state_)](const asio::error_code& error) {
        const auto state = weak.lock();
        if (!state || error) return;
        std::array<char, 4'096> events;
        while (::read(state->descriptor.native_handle(), events.data(), events.size()) > 0) {
        }
        state->changed();
        wait();
      });
}

}  // namespace latchkey::latchkeyd
