// SPDX-License-Identifier: Apache-2.0
//
// What has been revoked, as one immutable set that every decision looks into. Tokens are kept as keyed hashes in a flat
// table; subjects and users, of which there are few, in small maps.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/base/reason.h"
#include "core/base/time.h"
#include "core/claims/validated_claims.h"

namespace latchkey::revocation {

enum class Kind : std::uint8_t { token, subject, user };

struct Revocation {
  std::int64_t id = 0;        // of the state store; 0 = not stored yet
  Kind kind = Kind::token;
  std::string issuer;         // `iss` value; token and subject
  std::string value;          // token id, subject, or local user name
  WallTime before{};          // subject: tokens issued before this moment (a token without `iat` counts as issued long ago)
  WallTime created_at{};
  std::string comment;        // free text of the administrator; may be empty
};

class RevocationSet {
 public:
  // `key` is a secret of this process, so that nobody can aim for a collision; 16 bytes.
  static RevocationSet build(std::span<const Revocation> revocations, std::span<const std::uint8_t, 16> key);

  // revoked_token or revoked_subject, where one of them holds.
  std::optional<Reason> find(const claims::ClaimsRecord& claims) const;
  bool user_revoked(std::string_view user) const;
  std::size_t size() const;
  // … storage: implementation's choice
};

}  // namespace latchkey::revocation
