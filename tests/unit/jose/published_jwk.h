// SPDX-License-Identifier: Apache-2.0
//
// The public half of a JWK of the shared vectors: what an issuer would have published.
#pragma once

#include <string>
#include <string_view>

#include "tests/support/vectors.h"

namespace latchkey::jose {

inline std::string published_jwk(const JsonValue& jwk) {
  std::string json = "{";
  for (const JsonMember member : jwk.members()) {
    const std::string_view name = member.name;
    if (name == "d" || name == "p" || name == "q" || name == "dp" || name == "dq" || name == "qi")
      continue;
    json += (json.size() > 1 ? ",\"" : "\"") + std::string(name) +
            "\":" + testing::to_json(member.value);
  }
  return json + "}";
}

}  // namespace latchkey::jose
