// SPDX-License-Identifier: Apache-2.0
#include "core/decide.h"

#include <utility>

namespace latchkey {

std::variant<Decision, NeedKeys> decide(std::string_view token, const LoginRequest& request,
                                        const Snapshot& snapshot, WallTime now,
                                        jose::Scratch& scratch) {
  Trace trace;
  auto verified = verify(token, snapshot, now, scratch, trace);
  if (!verified) {
    auto& failure = verified.error();
    const auto issuer = failure.need_keys;
    if (issuer) return NeedKeys{*issuer, std::move(failure.decision)};
    return std::move(failure.decision);
  }
  return judge(verified->claims, verified->issuer, request, snapshot, now, trace);
}

}  // namespace latchkey
