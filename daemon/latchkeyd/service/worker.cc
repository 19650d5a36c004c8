// SPDX-License-Identifier: Apache-2.0
#include "daemon/latchkeyd/service/worker.h"

#include <asio/co_spawn.hpp>
#include <exception>
#include <new>
#include <string_view>
#include <utility>

namespace latchkey::latchkeyd {
namespace {

std::string_view what(std::exception_ptr failure) {
  try {
    std::rethrow_exception(std::move(failure));
  } catch (const std::bad_alloc&) {
    return "out of memory";
  } catch (...) {
    return "an exception of a library";  // its text may quote what it was given
  }
}

}  // namespace

wire::SecretBuffer SecretPool::get() {
  if (kept_.empty()) return wire::SecretBuffer(wire::kAnswerFrameMost);
  wire::SecretBuffer buffer = std::move(kept_.back());
  kept_.pop_back();
  return buffer;
}

void SecretPool::put(wire::SecretBuffer buffer) {
  buffer.wipe();
  if (buffer.capacity() != 0 && kept_.size() < kKept) kept_.push_back(std::move(buffer));
}

Worker::Worker(const Services& services, const Patience& patience, SnapshotPtr first)
    : desk_(services, patience, std::move(first)) {}

void Worker::converse(ipc::Fd peer, pid_t pid) {
  if (desk_.strangers.size() >= kStrangersMost) desk_.strangers.front()->expire();
  const auto conversation =
      open_.insert(open_.end(), std::make_unique<Conversation>(desk_, std::move(peer), pid));
  asio::co_spawn(desk_.loop.context(), (*conversation)->run(),
                 [this, conversation](std::exception_ptr failure) {
                   if (failure) {
                     desk_.services.journal.log(LogLevel::error,
                                                "a conversation ended without a verdict",
                                                {{"detail", what(std::move(failure))}});
                   }
                   close(conversation);
                 });
}

void Worker::drain(std::function<void()> idle) {
  idle_ = std::move(idle);
  for (const auto& conversation : open_) conversation->expire();
  if (open_.empty() && idle_) std::exchange(idle_, {})();
}

void Worker::close(Open::iterator conversation) {
  open_.erase(conversation);
  desk_.frame.wipe();  // empty, unless an exception came between
  if (open_.empty() && idle_) std::exchange(idle_, {})();
}

}  // namespace latchkey::latchkeyd
