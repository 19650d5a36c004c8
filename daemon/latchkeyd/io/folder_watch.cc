// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/io/folder_watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "ipc/fd.h"

namespace latchkey::latchkeyd {
namespace {

constexpr std::uint32_t kGone = IN_MOVE_SELF | IN_DELETE_SELF;
constexpr std::uint32_t kEvents = IN_ATTRIB | IN_CLOSE_WRITE | IN_CREATE | IN_DELETE |
                                  IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR | kGone;

}  // namespace

struct FolderWatch::State {
  State(Loop& loop, ipc::Fd inotify, std::string path, std::function<void()> tell,
        std::chrono::milliseconds interval)
      : descriptor(loop.context(), inotify.release()),
        timer(loop.context()),
        folder(std::move(path)),
        changed(std::move(tell)),
        again(interval) {}

  // Whatever has the path now. The kernel gives the same number where that is the same folder.
  bool watch() {
    const int inotify = descriptor.native_handle();
    const int now = ::inotify_add_watch(inotify, folder.c_str(), kEvents);
    const int error_number = errno;
    if (const int before = std::exchange(number, now); before >= 0 && before != now)
      ::inotify_rm_watch(inotify, before);
    errno = error_number;
    return now >= 0;
  }

  // Takes all events that are there; whether the folder itself left its path.
  bool take_events() {
    bool gone = false;
    std::array<char, 4'096> events;
    ssize_t size = 0;
    while ((size = ::read(descriptor.native_handle(), events.data(), events.size())) > 0) {
      inotify_event event{};
      for (std::size_t at = 0; at < static_cast<std::size_t>(size);
           at += sizeof event + event.len) {
        std::memcpy(&event, events.data() + at, sizeof event);
        gone = gone || (event.wd == number && (event.mask & (kGone | IN_IGNORED)) != 0);
      }
    }
    return gone;
  }

  asio::posix::stream_descriptor descriptor;
  asio::steady_timer timer;
  std::string folder;
  std::function<void()> changed;
  std::chrono::milliseconds again;
  int number = -1;  // of the watch; none: no folder has the path
};

FolderWatch::FolderWatch(Loop& loop, const std::string& folder, Journal& journal,
                         std::function<void()> changed, std::chrono::milliseconds again) {
  ipc::Fd inotify(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  const bool made = static_cast<bool>(inotify);
  if (made)
    state_ = std::make_shared<State>(loop, std::move(inotify), folder, std::move(changed), again);
  if (!made || !state_->watch()) {
    journal.log(LogLevel::notice, "a folder cannot be watched; changes are seen when somebody asks",
                {{"path", folder}, {"error", std::system_category().message(errno)}});
  }
  if (!made) return;
  wait(state_);
  if (state_->number < 0) watch_later(state_);
}

void FolderWatch::wait(const std::shared_ptr<State>& watched) {
  watched->descriptor.async_wait(asio::posix::descriptor_base::wait_read,
                                 [weak = std::weak_ptr(watched)](const asio::error_code& error) {
                                   const auto state = weak.lock();
                                   if (!state || error) return;
                                   const bool gone = state->take_events();
                                   // Before anybody looks, so that no change falls in between.
                                   if (gone && !state->watch()) watch_later(state);
                                   state->changed();
                                   wait(state);
                                 });
}

void FolderWatch::watch_later(const std::shared_ptr<State>& watched) {
  watched->timer.expires_after(watched->again);
  watched->timer.async_wait([weak = std::weak_ptr(watched)](const asio::error_code& error) {
    const auto state = weak.lock();
    if (!state || error) return;
    if (!state->watch()) return watch_later(state);
    state->changed();
  });
}

}  // namespace latchkey::latchkeyd
