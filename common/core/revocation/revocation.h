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

using Kind = EntryKind;

inline std::string_view kind_name(Kind kind) { return entry_kind_name(kind); }
inline std::optional<Kind> find_kind(std::string_view name) { return find_entry_kind(name); }

// Whether a name of the kind is an issuer's: a token's id, a `sid`, a `sub`. The others stand for
// themselves.
constexpr bool has_issuer(Kind kind) {
  return kind == Kind::token || kind == Kind::session || kind == Kind::subject;
}

struct Revocation {
  std::int64_t id = 0;  // of the state store; 0 = not stored yet
  Kind kind = Kind::token;
  std::string issuer;  // `iss` value; where has_issuer()
  // Token id, a token's SHA-256 in hexadecimal, `sid`, `sub`, RFC 7638 thumbprint, or local user.
  std::string value;
  WallTime before{};  // subject: tokens issued before this moment (one without `iat` is older than
                      // any moment)
  WallTime created_at{};
  std::string comment;                         // free text of the administrator; may be empty
  std::optional<WallTime> end = std::nullopt;  // from then on it is forgotten
};

// The digest of a name; nothing where the value is empty, or not of its kind's form.
std::optional<NameDigest> digest_of(Kind kind, std::string_view issuer, std::string_view value,
                                    const Names& names);

// What it revokes; nothing where it has no value of its kind's form, and so names nothing. Aborts
// where OpenSSL could not digest it (memory): the entry would be lost, and nobody would know.
std::optional<Entry> entry_of(const Revocation& revocation, const Names& names);

}  // namespace latchkey::revocation
