// SPDX-License-Identifier: Apache-2.0
#include "daemon/fetchd/streams.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <optional>
#include <thread>
#include <utility>

#include "daemon/fetchd/http_fields.h"
#include "daemon/fetchd/stream_session.h"
#include "ipc/stream_batch.h"

namespace latchkey::fetchd {

using ipc::fetch::Status;
using redis::Trouble;

namespace {

// Whoever asks in a loop connects no faster than this; latchkeyd's own pauses are longer.
constexpr std::chrono::milliseconds kConnectInterval{200};
constexpr std::chrono::seconds kAtOnce{1};

ipc::Fd make_event() {
  ipc::Fd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event) std::abort();
  return event;
}

void signal(const ipc::Fd& event) {
  const std::uint64_t one = 1;
  while (::write(event.get(), &one, sizeof one) < 0 && errno == EINTR) {
  }
}

void clear(const ipc::Fd& event) {
  std::uint64_t count = 0;
  while (::read(event.get(), &count, sizeof count) < 0 && errno == EINTR) {
  }
}

}  // namespace

class Streams::Reader {
 public:
  explicit Reader(Streams& owner)
      : owner_(owner), stop_(make_event()), thread_([this] { run(); }) {}

  ~Reader() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    signal(stop_);
    wake_.notify_one();
    thread_.join();
  }

  struct Order {
    std::uint64_t client;
    config::StreamSource stream;
    ipc::fetch::Request request;
  };

  void ask(Order order) {
    std::optional<Order> old;
    {
      const std::lock_guard lock(mutex_);
      old = std::exchange(next_, std::move(order));
      if (reading_) signal(stop_);
    }
    if (old) fail(*old, "another request took its place");
    wake_.notify_one();
  }

 private:
  void run() {
    while (auto order = wait_for_order()) {
      auto batch = read(*order);
      {
        const std::lock_guard lock(mutex_);
        reading_ = false;
        clear(stop_);
        if (ending_) return;
      }
      if (batch) {
        Outcome outcome;
        outcome.body = encode(*batch);
        outcome.answer.id = order->request.id;
        outcome.answer.status = Status::ok;
        outcome.answer.bytes = outcome.body.size();
        owner_.put({order->client, order->request, std::move(outcome)});
        continue;
      }
      session_.reset();
      const Trouble& why = batch.error();
      fail(*order, why.what,
           why.kind == Trouble::Kind::untrusted ? Status::untrusted : Status::failed);
    }
  }

  std::optional<Order> wait_for_order() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [&] { return ending_ || next_; });
    if (ending_) return std::nullopt;
    reading_ = true;
    return std::exchange(next_, std::nullopt);
  }

  // Where a batch cannot be had for its size, perhaps one entry can.
  redis::Result<ipc::fetch::StreamBatch> read(const Order& order) {
    auto batch = read_most(order);
    if (batch)
      most_ = std::min(most_ * 2, ipc::fetch::kItemsInBatch);
    else if (batch.error().kind == Trouble::Kind::network)
      most_ = 1;
    return batch;
  }

  redis::Result<ipc::fetch::StreamBatch> read_most(const Order& order) {
    // Another section: perhaps another server, or another user.
    if (session_ && digest_ != order.stream.digest) session_.reset();
    if (session_) {
      const auto began = std::chrono::steady_clock::now();
      auto batch = session_->after(order.request.after, most_);
      // A connection that died while nobody asked is no news; a new one says what is.
      const bool at_once = std::chrono::steady_clock::now() - began < kAtOnce;
      if (batch || batch.error().kind != Trouble::Kind::network || !at_once) return batch;
      session_.reset();
    }
    if (auto paused = pause(); !paused) return tl::unexpected(paused.error());
    auto session = StreamSession::open(order.stream, stop_.get());
    if (!session) return tl::unexpected(session.error());
    session_.emplace(*std::move(session));
    digest_ = order.stream.digest;
    return session_->after(order.request.after, most_);
  }

  redis::Result<void> pause() {
    std::unique_lock lock(mutex_);
    const bool ended =
        wake_.wait_until(lock, connected_at_ + kConnectInterval, [&] { return ending_; });
    if (ended) return tl::unexpected(Trouble{Trouble::Kind::stopped, "ending"});
    connected_at_ = std::chrono::steady_clock::now();
    return {};
  }

  void fail(const Order& order, const std::string& why, Status status = Status::failed) {
    Outcome outcome;
    outcome.answer.id = order.request.id;
    outcome.answer.status = status;
    outcome.answer.error = printable(
        order.stream.feed.name + ": " + order.stream.server + ": " + why, ipc::fetch::kErrorMost);
    owner_.put({order.client, order.request, std::move(outcome)});
  }

  Streams& owner_;
  ipc::Fd stop_;  // the read that waits is to end
  std::mutex mutex_;
  std::condition_variable wake_;
  std::optional<Order> next_;
  bool reading_ = false;
  bool ending_ = false;
  // The thread's own.
  std::optional<StreamSession> session_;
  std::string digest_;
  std::size_t most_ = ipc::fetch::kItemsInBatch;  // asked for
  std::chrono::steady_clock::time_point connected_at_{};
  std::thread thread_;  // the last: it uses all of the above
};

Streams::Streams() : ready_(make_event()) {}
Streams::~Streams() = default;

void Streams::ask(std::uint64_t client, const config::StreamSource& stream,
                  const ipc::fetch::Request& request) {
  auto& reader = readers_[stream.feed.name];
  if (!reader) reader = std::make_unique<Reader>(*this);
  reader->ask({client, stream, request});
}

void Streams::put(Answer answer) {
  {
    const std::lock_guard lock(mutex_);
    answers_.push_back(std::move(answer));
  }
  signal(ready_);
}

std::vector<Streams::Answer> Streams::take() {
  clear(ready_);
  const std::lock_guard lock(mutex_);
  return std::exchange(answers_, {});
}

}  // namespace latchkey::fetchd
