// SPDX-License-Identifier: Apache-2.0
#include "core/decide.h"

#include <utility>

namespace latchkey {

std::variant<Decision, NeedKeys> decide(std::string_view token, const LoginRequest& request,
                                        const Snapshot& snapshot, WallTime now,
                                        jose::Scratch& scratch) {
  Trace trace;
  auto verified = verify(token, snapshot, now, scratch, trace);
  if (!verified && verified.error().need_keys) {
    return NeedKeys{*verified.error().need_keys, std::move(verified.error().decision)};
  }
  if (!verified) return std::move(verified.error().decision);
  return judge(*verified->claims, verified->issuer, request, snapshot, now, trace);
}

}  // namespace latchkey
