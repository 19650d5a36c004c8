// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/crew.h"

#include <fcntl.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

namespace latchkey::latchkeyd {
namespace {

ipc::Fd duplicate(const ipc::Fd& fd) {
  ipc::Fd copy(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 3));
  if (!copy) throw std::system_error(errno, std::generic_category(), "pam.sock");
  return copy;
}

}  // namespace

Crew::Crew(std::size_t count, const Services& services, const Patience& patience,
           const ipc::Fd& listener, SnapshotHub& hub, Executor& control)
    : control_(control) {
  for (std::size_t i = 0; i < std::max<std::size_t>(1, count); ++i) {
    Member& member = members_.emplace_back(services, patience, hub.current(), duplicate(listener));
    hub.add_worker(member.worker.loop(),
                   [&member](SnapshotPtr snapshot) { member.worker.take(std::move(snapshot)); });
  }
}

Crew::~Crew() {
  for (Member& member : members_) member.worker.loop().stop();
  for (Member& member : members_) {
    if (member.thread.joinable()) member.thread.join();
  }
}

std::vector<Executor*> Crew::executors() {
  std::vector<Executor*> executors;
  for (Member& member : members_) executors.push_back(&member.worker.loop());
  return executors;
}

void Crew::start() {
  for (std::size_t i = 0; i < members_.size(); ++i) {
    Member& member = members_[i];
    if (i == 0) {
      member.worker.loop().post([this, &member] {
        member.server.lead([&member] { return member.worker.busy(); }, [this] { call_help(); });
      });
    }
    member.thread = std::thread([&member] { member.worker.loop().run(); });
    ::pthread_setname_np(member.thread.native_handle(), ("worker-" + std::to_string(i)).c_str());
  }
}

// On the leader's thread.
void Crew::call_help() {
  for (std::size_t i = 1; i < members_.size(); ++i) members_[i].server.help();
}

void Crew::drain(std::function<void()> idle) {
  const auto left = std::make_shared<std::atomic<std::size_t>>(members_.size());
  for (Member& member : members_) {
    member.worker.loop().post([this, &member, left, idle] {
      member.server.stop();
      member.worker.drain([this, left, idle] {
        if (left->fetch_sub(1) == 1) control_.post(idle);
      });
    });
  }
}

}  // namespace latchkey::latchkeyd
