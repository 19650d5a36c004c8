// SPDX-License-Identifier: Apache-2.0
//
// The peer is latchkeyd by the socket's mode and its uid, and is still given no more than the
// protocol says.
#include "daemon/fetchd/client.h"

namespace latchkey::fetchd {

ipc::Result<ipc::fetch::Request> Client::receive() {
  auto received = ipc::fetch::receive_message(socket_.get());
  if (!received) return tl::unexpected(std::move(received.error()));
  if (received->fd) return ipc::fault(ipc::FaultKind::malformed, "a request with a descriptor");
  auto request = ipc::fetch::decode_request(received->message);
  if (request) ++open_;
  return request;
}

void Client::answer(Outcome outcome, TimePoint now) {
  ipc::Fd body;
  if (outcome.answer.status == ipc::fetch::Status::ok) {
    auto sealed = ipc::fetch::make_sealed(outcome.body);
    if (sealed) {
      body = *std::move(sealed);
    } else {
      outcome.answer.status = ipc::fetch::Status::failed;
      outcome.answer.error = std::move(sealed.error().detail);
    }
  }
  unsent_.push_back({ipc::fetch::encode(outcome.answer), std::move(body), now + kUnreadMost});
}

ipc::Result<void> Client::flush() {
  while (!unsent_.empty()) {
    const Unsent& next = unsent_.front();
    if (auto sent = ipc::fetch::send_message(socket_.get(), next.message, next.body.get()); !sent) {
      if (sent.error().kind == ipc::FaultKind::would_block) return {};
      return sent;
    }
    unsent_.pop_front();
    --open_;
  }
  return {};
}

}  // namespace latchkey::fetchd
