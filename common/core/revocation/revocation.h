// SPDX-License-Identifier: Apache-2.0
//
// A revocation as an administrator writes it and as the local store keeps it: by names.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/time.h"
#include "core/revocation/entry.h"

namespace latchkey::revocation {

enum class Kind : std::uint8_t { token, subject, user };

std::string_view kind_name(Kind kind);  // "token", "subject", "user"
std::optional<Kind> find_kind(std::string_view name);

struct Revocation {
  std::int64_t id = 0;  // of the state store; 0 = not stored yet
  Kind kind = Kind::token;
  std::string issuer;  // `iss` value; token and subject
  std::string value;   // token id, subject, or local user name
  WallTime before{};   // subject: tokens issued before this moment (one without `iat` is older than
                       // any moment)
  WallTime created_at{};
  std::string comment;  // free text of the administrator; may be empty
};

// What it revokes; nothing where it has no value, and so names nothing. Aborts where OpenSSL could
// not digest it (memory): the entry would be lost, and nobody would know.
std::optional<Entry> entry_of(const Revocation& revocation, const Names& names);

}  // namespace latchkey::revocation
