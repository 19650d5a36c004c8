// SPDX-License-Identifier: Apache-2.0
//
// What an issuer's section of the configuration demands of a token's claims. Filled by config/
// only.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/limits.h"
#include "core/claims/email_address.h"
#include "core/claims/requirement.h"
#include "core/claims/status_claim.h"

namespace latchkey::claims {

enum class TokenKind : std::uint8_t { access, id };

struct ClaimsPolicy {
  std::vector<std::string> audiences;  // at least one; exact match with one value of `aud`
  std::vector<TokenKind> kinds;        // which kinds of token are taken
  std::vector<std::string> typ;  // allowed header `typ`, lower case, without "application/"; "none"
                                 // = absent; empty: nothing is accepted
  std::string token_id_claim = "jti";  // claim that names the token; may be absent from a token
  std::vector<std::string>
      client_claims;  // e.g. azp, client_id: where `clients` is set, one of them must be present
  std::vector<std::string> clients;  // allowed values; empty = any
  // Values of the payload's own `typ`, byte for byte (Keycloak: "Bearer", "ID"); empty = not looked
  // at.
  std::vector<std::string> payload_typ;
  std::vector<RequiredClaim> require;
  std::vector<RequiredClaim> require_header;  // of the header's members
  std::string user_claim = "preferred_username";
  // E.g. "@example.com": one of them is removed, the longest that the value ends with; a value that
  // ends with none is refused. Empty: the value is taken as it is.
  std::vector<std::string> user_strip_suffix;
  // What says that an e-mail is verified, where one is used (uses_email()); "none" = nothing need.
  std::string email_verified_claim = "email_verified";
  std::string group_claim;       // empty = no groups are read
  bool groups_by_email = false;  // a value to which groups are mapped looks like an address
  std::chrono::seconds leeway = limits::kLeewayDefault;
  std::chrono::seconds max_token_age{0};  // now - iat; 0 = no limit
  StatusRule status = StatusRule::heed;
  std::optional<std::chrono::seconds> max_token_lifetime;  // exp - iat; default: max_token_age

  // The user's name is made from an e-mail address, or from something that looks like one.
  bool user_is_email() const {
    return names_email(user_claim) ||
           std::any_of(user_strip_suffix.begin(), user_strip_suffix.end(),
                       [](const std::string& suffix) { return suffix.find('@') != suffix.npos; });
  }

  // An e-mail address gives groups, or is required: it decides as much as a name does.
  bool email_decides() const {
    return groups_are_emails() || std::any_of(require.begin(), require.end(),
                                              [](const auto& each) { return each.is_email(); });
  }
  bool groups_are_emails() const { return groups_by_email || names_email(group_claim); }

  bool uses_email() const { return user_is_email() || email_decides(); }
};

}  // namespace latchkey::claims
