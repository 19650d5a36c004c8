// SPDX-License-Identifier: Apache-2.0
//
// Binds the typed control methods to the two ends of Varlink: `serve<Explain>(service, handler)` in
// latchkeyd, `call<Explain>(client, request, timeout)` in latchkeyctl.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <utility>

#include "ipc/control.h"
#include "ipc/varlink_client.h"
#include "ipc/varlink_service.h"

namespace latchkey::ipc::control {

varlink::Reply error_reply(const MethodError& error);
MethodError method_error(const varlink::Reply& reply);  // `reply.error` is not empty

// What a method comes to: its answer or its error.
template <typename Answer>
using Outcome = tl::expected<Answer, MethodError>;

// `handler(peer, request, done)` runs for each well-formed call and calls `done` exactly once, now
// or later. A call whose parameters are wrong is answered with InvalidParameter and never reaches
// it.
template <typename Method>
using MethodHandler =
    std::function<void(const Peer& peer, typename Method::Request request,
                       std::function<void(Outcome<typename Method::Answer>)> done)>;

template <typename Method>
void serve(varlink::Service& service, MethodHandler<Method> handler) {
  service.add_method(std::string(Method::kMethod), [handler = std::move(handler)](
                                                       const Peer& peer, std::string parameters,
                                                       varlink::Service::Done done) {
    auto request = from_json<typename Method::Request>(parameters);
    if (!request) {
      done(error_reply(
          {MethodError::Kind::invalid_parameter, std::move(request.error().detail), {}}));
      return;
    }
    handler(peer, *std::move(request),
            [done = std::move(done)](Outcome<typename Method::Answer> outcome) {
              done(outcome ? varlink::Reply{to_json(*outcome), {}, false}
                           : error_reply(outcome.error()));
            });
  });
}

// Adds the interface's description; the methods are added by `serve`.
void describe(varlink::Service& service);

// Why a call of the client gave no answer: the transport, or the method's own error.
struct CallError {
  enum class Kind { transport, method };
  Kind kind = Kind::transport;
  Fault fault;        // transport
  MethodError error;  // method
};

template <typename Method>
tl::expected<typename Method::Answer, CallError> call(
    varlink::VarlinkClient& client, const typename Method::Request& request,
    std::chrono::milliseconds timeout = std::chrono::seconds(30)) {
  auto reply = client.call(std::string(Method::kMethod), to_json(request), timeout);
  if (!reply)
    return tl::unexpected(CallError{CallError::Kind::transport, std::move(reply.error()), {}});
  if (!reply->error.empty())
    return tl::unexpected(CallError{CallError::Kind::method, {}, method_error(*reply)});
  auto answer = from_json<typename Method::Answer>(reply->parameters);
  if (!answer)
    return tl::unexpected(CallError{CallError::Kind::transport, std::move(answer.error()), {}});
  return *std::move(answer);
}

}  // namespace latchkey::ipc::control
