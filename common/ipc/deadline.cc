// SPDX-License-Identifier: Apache-2.0
//
// The clock is read anew in each round, so signals cannot stretch the wait.
#include "ipc/deadline.h"

#include <algorithm>
#include <cerrno>

namespace latchkey::ipc {

std::chrono::milliseconds Deadline::remaining() const {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(end_ - std::chrono::steady_clock::now());
  return std::max(left, std::chrono::milliseconds(0));
}

Result<void> Deadline::wait(int fd, short events) const {
  for (;;) {
    const auto left = remaining();
    if (left.count() == 0) return fault(FaultKind::timeout, "no answer in time");
    pollfd entry{fd, events, 0};
    const int slice_ms =
        static_cast<int>(std::min<std::chrono::milliseconds::rep>(left.count(), 60'000));
    const int ready = ::poll(&entry, 1, slice_ms);
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return system_fault("poll", errno);
  }
}

}  // namespace latchkey::ipc
