// SPDX-License-Identifier: Apache-2.0
//
// Claims whose signature and policy were checked. There are two ways to one: `validate()` (from a
// `VerifiedJws`, or from an `ActiveAnswer` about an opaque token), and `recall()`, by which the
// service takes back what `validate()` once gave and our own state store kept.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/time.h"

namespace latchkey::claims {

// The claims that the configuration reads; everything else of the token is forgotten.
struct ClaimsRecord {
  std::string issuer;        // `iss`, byte for byte
  std::string subject;       // `sub`
  std::string token_id;      // the configured token id claim; empty where the token has none
  std::string token_digest;  // lower-case hex SHA-256 of the whole token
  std::string key_id;  // RFC 7638 thumbprint (base64url) of the key that verified it; empty: an
                       // opaque token, for which the issuer's introspection answers
  std::vector<std::string>
      users;  // values of the user claim, suffix stripped; not yet checked to be usable names
  std::vector<std::string> groups;  // values of the group claim as the provider wrote them
  std::string client;               // first present client claim; may be empty
  std::string session;              // `sid`; may be empty
  std::string acr;
  std::vector<std::string> amr;
  std::optional<WallTime> auth_time;
  std::optional<WallTime> issued_at;
  std::optional<WallTime> not_before;
  WallTime expires_at{};

  bool operator==(const ClaimsRecord&) const = default;
};

class ValidatedClaims {
 public:
  const ClaimsRecord& operator*() const { return record_; }
  const ClaimsRecord* operator->() const { return &record_; }

  // Takes back claims that `validate()` gave before and our own state store kept. The caller
  // answers for that.
  static ValidatedClaims recall(ClaimsRecord record) { return ValidatedClaims(std::move(record)); }

  // Nobody can verify an opaque token: its issuer was asked about it.
  bool opaque() const { return record_.key_id.empty(); }

 private:
  friend class Validator;  // claims/validator.cc: the only maker from a token
  explicit ValidatedClaims(ClaimsRecord record) : record_(std::move(record)) {}

  ClaimsRecord record_;
};

}  // namespace latchkey::claims
