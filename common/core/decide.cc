// SPDX-License-Identifier: Apache-2.0
#include "core/decide.h"

#include <utility>

#include "core/opaque.h"

namespace latchkey {
namespace {

Decision refused(Error error, const Trace& trace) {
  Decision decision;
  decision.reason = error.reason;
  decision.detail = std::move(error.detail);
  decision.trace = trace;
  return decision;
}

}  // namespace

std::variant<Decision, NeedKeys, NeedIntrospection> decide(std::string_view token,
                                                           const LoginRequest& request,
                                                           const Snapshot& snapshot, WallTime now,
                                                           jose::Scratch& scratch,
                                                           const Introspected* introspected) {
  Trace trace;
  const auto judged = [&](const Verified& verified) {
    return judge(verified.claims, verified.issuer, request, snapshot, now, trace, introspected);
  };
  if (const auto opaque = opaque_issuer(token, request.service, *snapshot.config)) {
    if (auto form = check_opaque_form(token); !form) {
      trace.fail(Check::form);
      return refused(std::move(form).error(), trace);
    }
    if (introspected == nullptr) {
      trace.fail(Check::introspection);
      return NeedIntrospection{*opaque, true,
                               refused({Reason::introspection_unavailable, ""}, trace)};
    }
    auto verified = accept_opaque(*introspected, *opaque, snapshot, now, trace);
    if (!verified) return std::move(verified.error().decision);
    return judged(*verified);
  }
  auto verified = verify(token, snapshot, now, scratch, trace);
  if (!verified) {
    auto& failure = verified.error();
    const auto issuer = failure.need_keys;
    if (issuer) return NeedKeys{*issuer, std::move(failure.decision)};
    return std::move(failure.decision);
  }
  Decision decision = judged(*verified);
  const bool asked = introspected != nullptr;
  if (!asked && decision.reason == Reason::introspection_unavailable)
    return NeedIntrospection{verified->issuer, false, std::move(decision)};
  return decision;
}

}  // namespace latchkey
