// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/pulse.h"

#include <utility>

namespace latchkey::latchkeyd {

Pulse::Pulse(Executor& control, std::vector<Executor*> workers, std::function<void()> alive)
    : control_(control),
      workers_(std::move(workers)),
      alive_(std::move(alive)),
      open_(std::make_shared<std::size_t>(0)) {}

void Pulse::beat() {
  if (*open_ > 0) return;
  if (workers_.empty()) return alive_();
  *open_ = workers_.size();
  for (Executor* worker : workers_) {
    worker->post([this, worker_open = std::weak_ptr<std::size_t>(open_), control = &control_] {
      control->post([this, worker_open] {
        const auto open = worker_open.lock();  // gone with the pulse
        if (open && --*open == 0) alive_();
      });
    });
  }
}

}  // namespace latchkey::latchkeyd
