// SPDX-License-Identifier: Apache-2.0
//
// What becomes of a token of the shared vectors under a key set, whatever its payload.
#pragma once

#include <string>

#include "core/jose/compact_jws.h"
#include "core/jose/jwk_set.h"
#include "core/jose/select_key.h"
#include "core/jose/signature.h"

namespace latchkey::jose {

inline Reason opaque_verdict(const std::string& token, const std::string& set_json) {
  static Scratch scratch;
  const auto set = JwkSet::parse(set_json);
  if (!set) return set.error().reason;
  const auto jws = parse_compact(token, scratch, Payload::opaque);
  if (!jws) return jws.error().reason;
  const auto key = select_key(*jws, *set);
  if (!key) return key.error().reason;
  const auto verified = verify_signature(*jws, **key, scratch);
  return verified ? Reason::allowed : verified.error().reason;
}

}  // namespace latchkey::jose
