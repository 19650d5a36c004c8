// SPDX-License-Identifier: Apache-2.0
//
// What an issuer's section of the configuration demands of a token's claims. Filled by config/
// only.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/limits.h"
#include "core/claims/email_address.h"
#include "core/claims/requirement.h"
#include "core/claims/status_claim.h"

namespace latchkey::claims {

enum class TokenKind : std::uint8_t { access, id };

// How a group claim is written: an array (a text is a list of one), or words in one text, as
// `scope` is (RFC 6749 section 3.3).
enum class GroupForm : std::uint8_t { list, words };

// What an access rule asks of a claim. It is judged when a token is validated, because nothing else
// of the token is kept, and remembered by an id.
struct Condition {
  RequiredClaim claim;
  std::string holds;  // "+ID", 16 hex digits that follow from `claim` alone
  std::string fails;  // "-ID"
};

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
  std::vector<Condition> conditions;          // of access rules; limits::kRuleClaims at most
  // Who the user is: what the table says of the value of its claim, where there is a table; else
  // what the template makes of claims, where there is one; else the first of these that the token
  // has.
  std::vector<std::string> user_claims = {"preferred_username"};
  std::string user_template;  // user_name.h
  std::map<std::string, std::vector<std::string>, std::less<>> user_table;
  std::string user_table_claim = "sub";
  // What a name is bound to besides the issuer: the values of all of these. Empty: `sub`.
  std::vector<std::string> bind_claims;
  // E.g. "@example.com": one of them is removed, the longest that the value ends with; a value that
  // ends with none is refused. Empty: the value is taken as it is.
  std::vector<std::string> user_strip_suffix;
  // What says that an e-mail is verified, where one is used (uses_email()); "none" = nothing need.
  std::string email_verified_claim = "email_verified";
  std::string group_claim;  // empty = no groups are read
  GroupForm group_form = GroupForm::list;
  // What is remembered of a token that had the group claim: "+ID" of claim and form. Empty: no
  // groups are read.
  std::string groups_known;
  bool groups_by_email = false;  // a value to which groups are mapped looks like an address
  std::chrono::seconds leeway = limits::kLeewayDefault;
  std::chrono::seconds max_token_age{0};  // now - iat; 0 = no limit
  StatusRule status = StatusRule::heed;
  std::optional<std::chrono::seconds> max_token_lifetime;  // exp - iat; default: max_token_age

  // The user's name is made from an e-mail address, or from something that looks like one.
  bool user_is_email() const {
    const auto naming = naming_claims();
    return std::any_of(naming.begin(), naming.end(), names_email) ||
           std::any_of(user_table.begin(), user_table.end(),
                       [](const auto& entry) { return is_email(entry.first); }) ||
           std::any_of(user_strip_suffix.begin(), user_strip_suffix.end(),
                       [](const std::string& suffix) { return suffix.find('@') != suffix.npos; });
  }

  // The claims that the name is made from.
  std::vector<std::string> naming_claims() const;

  // An e-mail address gives groups, or is required: it decides as much as a name does.
  bool email_decides() const {
    return groups_are_emails() || std::any_of(require.begin(), require.end(),
                                              [](const auto& each) { return each.is_email(); });
  }
  bool groups_are_emails() const { return groups_by_email || names_email(group_claim); }

  bool uses_email() const { return user_is_email() || email_decides(); }
};

}  // namespace latchkey::claims
