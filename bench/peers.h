// SPDX-License-Identifier: Apache-2.0
//
// The payload of the fixed tokens through other libraries, where Debian has them: libjwt and cjose.
// The header says "JWT", since libjwt takes no other type. Each does what its caller has to do for
// every token, with the key parsed beforehand where it lets one; none of them checks audience,
// issuer or names here, which is to their advantage.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace latchkey::bench {

struct Peer {
  std::string name;                // "libjwt/RS256"
  std::function<bool()> verifies;  // one token
};

// Those that were there when the bench was built and that can verify this algorithm.
std::vector<Peer> peers(const std::string& algorithm, std::string_view fixed_token);

}  // namespace latchkey::bench
