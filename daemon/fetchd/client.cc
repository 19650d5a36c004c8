// SPDX-License-Identifier: Apache-2.0
//
// The peer is latchkeyd by the socket's mode and its uid, and is still given no more than the
// protocol says.
#include "daemon/fetchd/client.h"

namespace latchkey::fetchd {

ipc::Result<Client::Asked> Client::receive() {
  auto received = ipc::fetch::receive_message(socket_.get());
  if (!received) return tl::unexpected(std::move(received.error()));
  auto request = ipc::fetch::decode_request(received->message);
  if (!request) return tl::unexpected(std::move(request.error()));
  const bool asks = request->document == ipc::fetch::Document::introspection;
  const bool polls = request->document == ipc::fetch::Document::security_events;
  if (static_cast<bool>(received->fd) != (asks || polls))
    return ipc::fault(ipc::FaultKind::malformed, asks    ? "an introspection without a token"
                                                 : polls ? "a poll without its text"
                                                         : "a request with a descriptor");
  Asked asked{*std::move(request), {}, {}};
  if (polls) {
    auto text = ipc::fetch::SealedBody::map(std::move(received->fd), asked.request.bytes,
                                            ipc::fetch::kPollMost);
    if (!text) return tl::unexpected(std::move(text.error()));
    asked.poll = std::string(text->view());
  }
  if (asks) {
    auto token = ipc::fetch::take_token(std::move(received->fd), asked.request.bytes);
    if (!token) return tl::unexpected(std::move(token.error()));
    asked.token = *std::move(token);
  }
  ++open_;
  return asked;
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
