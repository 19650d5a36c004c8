// SPDX-License-Identifier: Apache-2.0
//
// What an issuer's section of the configuration demands of a token's claims. Filled by config/
// only.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/limits.h"

namespace latchkey::claims {

enum class TokenKind : std::uint8_t { access, id };

// A required claim: present and equal to the value (string, boolean or integer, as the
// configuration wrote it).
struct RequiredClaim {
  enum class Kind : std::uint8_t { text, boolean, integer };
  std::string name;
  Kind kind = Kind::text;
  std::string text;
  bool boolean = false;
  std::int64_t integer = 0;
};

// How many names the user claim may hold. An array is refused unless the configuration says that it
// is meant: a provider that suddenly sends one has changed what the claim says.
enum class UserValues : std::uint8_t { one, several };

struct ClaimsPolicy {
  std::vector<std::string> audiences;  // at least one; exact match with one value of `aud`
  std::vector<TokenKind> kinds;        // which kinds of token are taken
  std::vector<std::string> typ;  // allowed header `typ`, lower case, without "application/"; "none"
                                 // = absent; empty: nothing is accepted
  std::string token_id_claim = "jti";  // claim that names the token; may be absent from a token
  std::vector<std::string>
      client_claims;  // e.g. azp, client_id: where `clients` is set, one of them must be present
  std::vector<std::string> clients;  // allowed values; empty = any
  std::vector<RequiredClaim> require;
  std::string user_claim = "preferred_username";
  UserValues user_values = UserValues::one;
  std::string
      user_strip_suffix;    // e.g. "@example.com": removed where present, else the value is refused
  std::string group_claim;  // empty = no groups are read
  std::chrono::seconds leeway = limits::kLeewayDefault;
  std::chrono::seconds max_token_age{0};  // exp - iat and now - iat; 0 = no limit
};

}  // namespace latchkey::claims
